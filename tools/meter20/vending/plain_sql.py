"""Statements that every sale runs, past SQLAlchemy's execution, which cost more than the sale.

Each is made with SQLAlchemy Core, and compiled once for a kind of database. Values go to the
database, and come back, as SQLAlchemy's types say. What fails is raised as SQLAlchemy does it,
and does not show the values: they may be tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError


class Plain:
    """A statement of SQLAlchemy Core."""

    def __init__(self, statement: Any, names: Sequence[str] | None = None):
        """names: the columns that an insert or update gives values to; None for all."""
        self._statement, self._names = statement, names
        self._compiled: dict[str, _Compiled] = {}

    def run(self, to: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each of `rows`, which have a value for each name."""
        self._executed(to, rows).close()

    def row(self, to: Connection, given: Mapping[str, Any]) -> Sequence | None:
        """Return the first row that it finds with the parameters `given`, None without one."""
        cursor = self._executed(to, [given])
        try:
            found = cursor.fetchone()
        finally:
            cursor.close()
        return None if found is None else self._compiled[to.dialect.name].taken(found)

    def _executed(self, to: Connection, rows: Sequence[Mapping[str, Any]]) -> Any:
        made = self._compiled.get(to.dialect.name) or self._made(to.dialect)
        raw = to.connection.dbapi_connection
        assert raw is not None
        cursor = raw.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(made.sql, made.given(rows[0]))
            else:
                cursor.executemany(made.sql, [made.given(row) for row in rows])
        except _errors(to.dialect) as error:
            raise DBAPIError.instance(
                made.sql, None, error, _errors(to.dialect), hide_parameters=True,
                dialect=to.dialect,
            ) from error  # fmt: skip
        return cursor

    def _made(self, dialect: Dialect) -> "_Compiled":
        made = self._compiled[dialect.name] = _Compiled(self._statement, self._names, dialect)
        return made


def _errors(dialect: Dialect) -> type[Exception]:
    """Return what the database's own module raises."""
    assert dialect.loaded_dbapi is not None
    return dialect.loaded_dbapi.Error


class _Compiled:
    """A statement in the words of one kind of database."""

    def __init__(self, statement: Any, names: Sequence[str] | None, dialect: Dialect):
        made = statement.compile(dialect=dialect, column_keys=names, for_executemany=True)
        self.sql: str = made.string
        self._in_order = dialect.positional
        kinds = {name: bind.type.dialect_impl(dialect) for name, bind in made.binds.items()}
        self._names = list(made.positiontup if self._in_order else made.binds)
        self._constants = {name: value for name, value in made.params.items() if value is not None}
        self._picked = _picker(self._names)
        processes = [kinds[name].bind_processor(dialect) for name in self._names]
        self._processes = [(at, process) for at, process in enumerate(processes) if process]
        columns = getattr(statement, "selected_columns", ())
        read = [
            each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns
        ]
        self._read = [(at, process) for at, process in enumerate(read) if process]

    def given(self, row: Mapping[str, Any]) -> Any:
        """Return the values of `row` as the database takes them."""
        values = self._picked({**self._constants, **row} if self._constants else row)
        if self._processes:
            values = list(values)
            for at, process in self._processes:
                values[at] = process(values[at])
        return values if self._in_order else dict(zip(self._names, values, strict=True))

    def taken(self, found: Sequence) -> Sequence:
        """Return what was found as the program takes it."""
        if not self._read:
            return found
        values = list(found)
        for at, process in self._read:
            values[at] = process(values[at])
        return values


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence]:
    """Return a function that gives the values of a row under `names`, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]
