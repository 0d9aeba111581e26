"""A `meter20` program that is killed between a commit and what it would do next.

The commit is the first of a transaction with a statement that begins so. On return of that commit
the process kills itself (SIGKILL): the transaction stands, and nobody was told.
"""

import os
import signal

from sqlalchemy import Pool, event
from sqlalchemy.engine.default import DefaultDialect

from rigs import fresh_processes


def run(beginning: str, *words_and_outputs) -> None:
    """Be `meter20` until then, for `fresh_processes.started`."""
    kill_after(beginning)
    fresh_processes.meter20(*words_and_outputs)


def kill_after(beginning: str) -> None:
    """Let this process die after the commit of a statement that begins so."""
    commit, seen = DefaultDialect.do_commit, []

    def connected(connection, _record):
        connection.set_trace_callback(statement)  # of SQLite: not all go by way of SQLAlchemy

    def statement(words):
        if words.startswith(beginning):
            seen.append(words)

    def committed(dialect, connection):
        commit(dialect, connection)
        if seen:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Pool, "connect", connected)
    DefaultDialect.do_commit = committed
