"""Engines: how a station's database is connected to, and how a transaction begins in it.

A SQLite file is opened with a write-ahead log that is on the disk with each commit
(`synchronous=FULL`), and a writing transaction waits for its turn where it begins. `storage` says
what is done in a transaction.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from meter20.vending import exact_json, refusal, sqlite_file
from meter20.vending.refusal import Refusal

_TRY_MS = 50
# Else sqlite3 looks for one at each value that is None, and raises an error, which it drops.
sqlite3.register_adapter(type(None), lambda none: none)


class SqliteFile:
    """Connections to the SQLite file `path`.

    may_create: whether a connection may make the file, and leaves foreign keys unchecked.
    """

    def __init__(self, path: Path, busy_s: float):
        """busy_s: how long a transaction waits for another one, in seconds."""
        self._path, self._busy_s = path, busy_s
        self.may_create = False

    def engine(self) -> Engine:
        """Return the engine of the file; nothing is opened before it is used."""
        # SQLAlchemy's own pool for this URL closes what other threads use when there are many.
        engine = create_engine(
            "sqlite://", creator=self._connect, hide_parameters=True,
            json_serializer=exact_json.text, poolclass=QueuePool, max_overflow=-1,
        )  # fmt: skip
        event.listen(engine, "begin", self._begin)
        return engine

    def _begin(self, connection: Connection) -> None:
        """Begin a transaction that SQLAlchemy wants, unless its writer took the turn already."""
        if connection.get_execution_options().get("reading"):
            _waiting(connection, int(self._busy_s * 1000)).execute("BEGIN")
        elif not _raw(connection).in_transaction:
            self.take_turn(connection)

    def take_turn(self, connection: Connection) -> None:
        """Begin a writing transaction, past SQLAlchemy; waits here, not half way through.

        SQLite's own waiting sleeps ever longer, and behind several busy processes one may never
        find the moment between two of them. So it waits for _TRY_MS at a time, from the start.
        """
        raw = _waiting(connection, _TRY_MS)
        until = time.monotonic() + self._busy_s
        while time.monotonic() < until:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
        raw.execute("BEGIN IMMEDIATE")  # says why not

    def _connect(self) -> sqlite3.Connection:
        mode = "rwc" if self.may_create else sqlite_file.mode(self._path)
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode={mode}", uri=True, timeout=self._busy_s,
            isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        if mode.startswith("ro"):
            return connection
        # A migration rebuilds tables that others refer to.
        checks = "OFF" if self.may_create else "ON"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"foreign_keys={checks}"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _waiting(connection: Connection, longest_ms: int) -> sqlite3.Connection:
    """Return SQLite's own connection, which waits for others that long at a time."""
    raw = _raw(connection)
    if connection.info.get("waits_ms") != longest_ms:  # a statement less, as a rule
        raw.execute(f"PRAGMA busy_timeout = {longest_ms}")
        connection.info["waits_ms"] = longest_ms
    return raw


def server_engine(where: str) -> Engine:
    """Return the engine of a PostgreSQL URL; raises Refusal for anything else."""
    try:
        url = make_url(where)
        if url.get_backend_name() != "postgresql":
            raise Refusal(refusal.VALUE, "The database is a SQLite file or a postgresql:// URL.")
        return create_engine(
            url.set(drivername="postgresql+psycopg"), hide_parameters=True,
            json_serializer=exact_json.text,
        )  # fmt: skip
    except (ArgumentError, NoSuchModuleError):
        raise Refusal(refusal.VALUE, "That is no database URL.") from None
    except ModuleNotFoundError:
        raise Refusal(
            refusal.DATABASE,
            "PostgreSQL needs one more package: pip install 'meter20[postgresql]'.",
        ) from None
