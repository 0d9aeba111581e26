"""Books: the SQLAlchemy session of one writing transaction, with writes of our own.

What every sale adds to or changes (the log, slips and tokens, day counters, meters) is written
past SQLAlchemy's unit of work, by one statement a table for all that came together until the next
flush. The unit of work keeps track of each attribute of each row, and that cost more than the sale
itself. All else (new meters, groups, keys, tariffs) is written by the unit of work.
"""

import functools
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

P = TypeVar("P", bound="Pending")
R = TypeVar("R")


class Pending(Protocol):
    """Something to write at the next flush."""

    #: Whether it is written after all others, which add to it while they are written.
    last: bool

    def write(self, to: Connection) -> None:
        """Write what came since the last time."""
        ...


class Books(Session):
    """A session that has the database to itself. Its rows outlive it.

    connection: of its transaction, which ends with the block that the books are used in. Whoever
    enters the block takes the turn (`Storage`), on SQLite past SQLAlchemy. The unit of work joins
    when it is asked for something. Books that did without it can be used for another transaction,
    which knows nothing of this one.
    """

    def __init__(self, connection: Connection):
        super().__init__(connection, autoflush=False, expire_on_commit=False)
        self._connection = connection
        self._unit_of_work = False
        self._pending: dict[Any, Pending] = {}  # by its kind and arguments
        self.read = []
        #: Says, in another transaction, whether this one was committed; the audit log gives it.
        self.proof: Callable[[Connection], bool] | None = None

    def __enter__(self) -> Self:
        self._pending, self.proof = {}, None
        self.info.clear()
        return self

    @property
    def usable(self) -> bool:
        """Say whether another transaction may follow."""
        return not (self._unit_of_work or self._connection.closed)

    def connection(self, *args: Any, **options: Any) -> Connection:
        """Return the one connection of this transaction."""
        return super().connection(*args, **options) if args or options else self._connection

    def later(self, kind: Callable[..., P], *args: Any) -> P:
        """Return the one `kind(books, *args)` of this transaction, which writes at each flush."""
        made: Any = self._pending.get((kind, args))  # a `kind`, as the key says
        if made is None:
            made = self._pending[kind, args] = kind(self, *args)
        return made

    def flush(self, objects=None) -> None:
        """Write what has changed: first by the unit of work, then what waits besides."""
        super().flush(objects)
        for pending in sorted(self._pending.values(), key=attrgetter("last")):
            pending.write(self._connection)

    def commit(self) -> None:
        """Make all that was flushed durable."""
        if self.in_transaction():
            self._unit_of_work = True
            super().commit()  # may leave the rest to us
        if self._connection.in_transaction():
            self._connection.commit()
        elif (raw := self._past_sqlalchemy()) is not None:
            self._connection.dialect.do_commit(raw)

    def close(self) -> None:
        """End the transaction; what was not committed is undone."""
        if self.in_transaction():  # else the unit of work was not asked for anything
            super().close()
        if self._connection.in_transaction():
            self._connection.rollback()
        elif (raw := self._past_sqlalchemy()) is not None:
            self._connection.dialect.do_rollback(raw)

    def _past_sqlalchemy(self) -> Any:
        """Return SQLite's own connection if it is in a transaction that SQLAlchemy did not begin.

        None if it is in none, and for another database.
        """
        if self._connection.dialect.name != "sqlite" or self._connection.closed:
            return None
        raw: Any = self._connection.connection.dbapi_connection
        return raw if raw.in_transaction else None


def untracked(kind: type[R], facts: dict[str, Any]) -> R:
    """Return a row that has `facts` and that no session writes; its maker writes it, or nobody.

    It has the attributes and properties of a `kind`, and is none: SQLAlchemy looks at each access
    to an attribute of its own rows.
    """
    row: Any = object.__new__(_plain(kind))
    row.__dict__ = facts
    return row


@functools.cache
def _plain(kind: type) -> type:
    """Return a class with the properties of `kind`, a class of rows, and nothing else of it."""
    properties = {name: made for name, made in vars(kind).items() if isinstance(made, property)}
    return type(f"Plain{kind.__name__}", (), properties)


@event.listens_for(Books, "loaded_as_persistent")
def _keep(books: Books, row: object) -> None:
    """Hold a row that was read: a session forgets what nobody holds, and reads it again."""
    books.read.append(row)
