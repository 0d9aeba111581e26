"""Storage: opens the station's database, and gives transactions that do not surprise.

SQLite (one file, the default) and PostgreSQL (by URL) behave alike here: a writing transaction
has the database to itself from its first statement on, so two stations take turns and nobody
reads a number that another is about to change. On SQLite that is `BEGIN IMMEDIATE` with a busy
time-out, on PostgreSQL an advisory lock that ends with the transaction. A commit is durable
when it returns (`synchronous=FULL`; PostgreSQL's default). What the database says of a failed
statement does not hold its values: they may be tokens.

Why one writer at a time: the audit log is one chain, and every token adds a link to it. A
chain per station would write in parallel, and could be truncated one by one.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IllegalStateChangeError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from meter20 import private_folder
from meter20.vending import backup_file, refusal, schema, sqlite_file
from meter20.vending.anchor import default_path as default_anchor
from meter20.vending.backup_file import Header
from meter20.vending.books import Books
from meter20.vending.engines import SqliteFile, server_engine
from meter20.vending.new_file import cannot_write
from meter20.vending.refusal import Doubt, Refusal
from meter20.vending.sealing import Key

BUSY_S = 30
_WRITER_LOCK = 0x6D657465  # any number that nothing else in the same database locks


def default_url() -> str:
    """Return METER20_DB, else a SQLite file in the user's data folder."""
    folder = Path(platformdirs.user_data_dir("meter20", appauthor=False))
    return os.environ.get("METER20_DB") or str(folder / "vending.sqlite")


class Storage:
    """A database that holds, or is to hold, one vending station."""

    def __init__(self, where: str, busy_s: float = BUSY_S, anchor: Path | None = None):
        """Prepare for the file or SQLAlchemy URL `where`; nothing is opened before it is used.

        `busy_s`: how long a transaction waits for another one, in seconds. anchor: the file that
        tells an older copy of the database from the newest; None for the usual place.
        Raises Refusal for a URL that names no usable kind of database.
        """
        self.path = sqlite_file.path_of(where)
        self.where = str(self.path) if self.path else where
        self.anchor = anchor or default_anchor(self.path, where)
        self._busy_s = busy_s
        self._file = SqliteFile(self.path, busy_s) if self.path else None
        self._engine = self._file.engine() if self._file else server_engine(where)
        self._kept: list[Books] = []  # of the last sale, for the next one
        if not self.path:
            self.where = self._engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Close every connection that is not in use."""
        while self._kept:
            self._kept.pop().connection().close()
        self._engine.dispose()

    def upgrade(self) -> None:
        """Make the tables, or bring those of an older meter20 up to date; safe to repeat."""
        with self._creating(), self._words(), self._turn() as books:
            schema.upgrade(books.connection())
            books.proof = schema.is_newest
            self._commit(books)

    @contextmanager
    def restoring(
        self, path: Path, head: Header, key: Key
    ) -> Iterator[tuple[Books, dict[str, int]]]:
        """Fill this database from the backup `path`; commits at the end, else nothing is done.

        head, key: of the backup. Gives the books that will stand, and the rows by table. Raises
        Refusal if a station is here already, or the backup is not whole.
        """
        if head.revision > schema.REVISION:
            raise Refusal(refusal.SCHEMA, f"{path} was made by a newer meter20 than this one.")
        with self._creating(), self._words(), self._turn() as books:
            connection = books.connection()
            schema.check_empty(connection, self.where)
            schema.migrate(connection, head.revision)
            counts = backup_file.fill(path, head, key, connection)
            schema.upgrade(connection)
            yield books, counts
            books.flush()
            self._commit(books)

    @property
    def read_only(self) -> bool:
        """Say whether the database can be looked at only: a file that may not be written."""
        return self.path is not None and not sqlite_file.writable(self.path)

    def check(self, thoroughly: bool = False) -> None:
        """Raise Refusal unless the database is there and has the tables of this version.

        thoroughly: look at every page of a SQLite file first, before anything can be written.
        """
        if self.path and not self.path.exists():
            raise self._no_database()
        if self.path and thoroughly and (wrong := sqlite_file.damage(self.path)):
            raise self._damaged(wrong)
        with self._words(), self._engine.connect() as connection:
            revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if revision is None:
            raise self._no_database()
        if revision < schema.REVISION:
            raise Refusal(
                refusal.SCHEMA,
                f"{self.where} was made by an older meter20: run `meter20 vend upgrade` once.",
            )
        if revision > schema.REVISION:
            raise Refusal(
                refusal.SCHEMA, f"{self.where} was made by a newer meter20 than this one."
            )

    @contextmanager
    def writing(self) -> Iterator[Books]:
        """Give a session that has the database to itself; commits at the end, else rolls back.

        Its rows can still be looked at afterwards.
        """
        with self._words(), self._turn() as books:
            yield books
            books.flush()
            self._commit(books)

    @contextmanager
    def _turn(self) -> Iterator[Books]:
        """Give the books once no other writing transaction is open.

        They are kept for the next turn, with their connection: new ones, and the way through the
        pool, would take a tenth of a sale. Not so where something failed, and where those of
        another thread are kept.
        """
        try:
            books = self._kept.pop()
        except IndexError:
            books = Books(self._engine.connect())
        try:
            with books:
                self._take_turn(books.connection())
                yield books
        except BaseException:
            books.connection().close()
            raise
        if books.usable and not self._kept:
            self._kept.append(books)
        else:
            books.connection().close()

    @contextmanager
    def sharing(self) -> Iterator[Session]:
        """Give a session that changes rows beside other writers; commits at the end.

        For what adds nothing to the audit log, locks the rows that it changes, and may be done
        again where the commit's answer was lost. On SQLite it has the database to itself.
        """
        with self._words(), Session(self._engine, autoflush=False) as session:
            yield session
            session.commit()

    def _commit(self, books: Books) -> None:
        """Commit; where the database breaks off in it, ask the books whether it was done.

        Raises what the commit raised if it was not, and Doubt if nobody can tell.
        """
        raw = books.connection().connection.dbapi_connection
        try:
            books.commit()
        except Exception:
            if not self._stands(books, raw):
                raise

    def _stands(self, books: Books, raw: Any) -> bool:
        """Say whether a transaction stands whose commit failed; waits for it, like a writer.

        raw: the connection that it was made on.
        """
        with suppress(Exception):  # whatever is not committed ends with its connection
            raw.close()
        with suppress(Exception):
            books.close()
        with suppress(Exception):
            books.connection().close()
        self.close()  # the pool may hold that connection
        try:
            assert books.proof is not None
            with self._engine.connect() as connection:
                self._take_turn(connection)
                found = books.proof(connection)
            if not found and self.path:
                self._forget_what_failed()
        except Exception:
            words = f"The database {self.where} broke off at the moment of writing."
            raise Doubt(words) from None
        return found

    def _forget_what_failed(self) -> None:
        """Empty the write-ahead log: a commit that failed may lie in it, whole.

        A process that came after a crash would take it for good. Raises Refusal if it stays.
        """
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Refusal(refusal.DATABASE, "The write-ahead log is in use.")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session to read from; it waits for nobody and its changes are dropped.

        All that it reads is of one moment, however long it reads.
        """
        options = {"reading": True} | ({} if self.path else {"isolation_level": "REPEATABLE READ"})
        with self._words(), Session(self._engine, autoflush=False) as session:
            session.connection(execution_options=options)
            yield session
            session.expunge_all()  # what was read can still be looked at afterwards
            session.rollback()

    def _take_turn(self, connection) -> None:
        """Begin to write, once no other writing transaction is open."""
        if self._file:
            self._file.take_turn(connection)
            return
        connection.exec_driver_sql(  # at once: a sale goes to the server and back once less
            f"SET LOCAL lock_timeout = {int(self._busy_s * 1000)}; "
            f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"
        )

    @contextmanager
    def _creating(self) -> Iterator[None]:
        """Allow the SQLite file to be made; a mistyped path elsewhere leaves none behind."""
        if self.path and not self.path.exists():
            try:
                private_folder.make(self.path.parent)
                self.path.touch(mode=0o600)
            except OSError as error:
                raise cannot_write(self.path, error) from None
        self.close()  # connections that were used before check foreign keys
        if self._file:
            self._file.may_create = True
        try:
            yield
        finally:
            if self._file:
                self._file.may_create = False
            self.close()  # its connections do not check foreign keys

    def _damaged(self, wrong: str) -> Refusal:
        return Refusal(
            refusal.DATABASE,
            f"The database {self.where} is damaged, or not a database ({wrong}). Nothing was "
            "written to it. Put back a copy, without a -wal file beside it.",
        )

    def _no_database(self) -> Refusal:
        return Refusal(
            refusal.NO_DATABASE,
            f"There is no vending station in {self.where} yet: make one with "
            "`meter20 vend setup`, or name another database with --db.",
        )

    @contextmanager
    def _words(self) -> Iterator[None]:
        """Turn what the database says into words for its user.

        Only what a user can mend is translated; a constraint or a statement that fails is a bug.
        """
        try:
            yield
        except PoolTimeout:
            raise Refusal(
                refusal.DATABASE,
                f"The database {self.where} is busy: each connection of this program was in use. "
                "Try again.",
            ) from None
        except IllegalStateChangeError as error:
            # Ctrl-C came while the session changed its state; then it cannot be closed.
            if isinstance(error.__context__, KeyboardInterrupt):
                raise error.__context__ from None
            raise
        except (DBAPIError, sqlite3.Error) as error:
            said = error.orig if isinstance(error, DBAPIError) else error
            translated = self._translated(said)
            if translated is None:
                raise
            raise translated from None

    def _translated(self, error: BaseException | None) -> Refusal | None:
        """Return in words what the database's own module raised, None for a bug."""
        said, kind = str(error).lower(), type(error).__name__
        if "locked" in said or "lock timeout" in said:
            words = f"is busy: another process kept it for over {self._busy_s:g} s. Try again."
        elif "not a database" in said or "malformed" in said:
            return self._damaged(said)
        elif "readonly" in said:
            words = "may not be written: it can be looked at and verified, not sold from."
        elif "no such table" in said or kind == "UndefinedTable":
            return self._no_database()
        elif isinstance(error, sqlite3.OperationalError):
            words = f"cannot be used: {error}."
        elif not self.path and _is_operational(error):
            words = "cannot be reached: is the server running, and are user and password right?"
        else:
            return None
        return Refusal(refusal.DATABASE, f"The database {self.where} {words}")


def _is_operational(error: BaseException | None) -> bool:
    """Say whether psycopg puts `error` down to the server, not to the statement."""
    return any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)
