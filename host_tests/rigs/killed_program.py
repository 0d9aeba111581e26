"""A `meter20` program that is killed between a commit and what it would do next.

    python host_tests/rigs/killed_program.py "INSERT INTO slip" shop --db station.sqlite serve

The commit is the first of a transaction with a statement that begins so. On return of that commit
the process kills itself (SIGKILL): the transaction stands, and nobody was told.
"""

import os
import signal
import sys

from sqlalchemy import Pool, event
from sqlalchemy.engine.default import DefaultDialect

from meter20.cli.__main__ import main


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


if __name__ == "__main__":
    kill_after(sys.argv.pop(1))
    main()
