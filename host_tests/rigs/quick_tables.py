"""The tables of an empty database in a hundredth of a second, for tests that want others.

The first time, the migrations make them. From then on, on SQLite, the statements that it has of
its tables make them; on PostgreSQL, those that the migrations sent. Where there are older tables,
the migrations run; where there are the newest, nothing is left for them to do.
"""

from sqlalchemy import event

from meter20.vending import schema

_TABLES = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    " ORDER BY type = 'table' DESC, rowid"
)
_THERE = {
    "sqlite": "SELECT count(*) FROM sqlite_master",
    "postgresql": "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
}
_VERSION = "SELECT version_num FROM alembic_version"
_NEWEST = ("head", schema.REVISION)
_migrate = schema.migrate
_statements: dict[tuple[str, str], list[str]] = {}


def migrate(connection, revision):
    """Do what `schema.migrate` does."""
    kind = connection.dialect.name
    if connection.exec_driver_sql(_THERE[kind]).scalar():
        if not (revision in _NEWEST and schema.is_newest(connection)):
            _migrate(connection, revision)
    elif (kind, revision) in _statements:
        for statement in _statements[kind, revision]:
            connection.exec_driver_sql(statement)
    else:
        make = _made_on_sqlite if kind == "sqlite" else _sent
        _statements[kind, revision] = make(connection, revision)


def _made_on_sqlite(connection, revision):
    """Let the migrations run; return the statements that SQLite has of its tables."""
    _migrate(connection, revision)
    version = connection.exec_driver_sql(_VERSION).scalar()
    tables = connection.exec_driver_sql(_TABLES).scalars().all()
    return [*tables, f"INSERT INTO alembic_version VALUES ('{version}')"]


def _sent(connection, revision):
    """Let the migrations run; return what they sent, except questions, as one text."""
    sent = []

    def keep(_connection, _cursor, statement, parameters, _context, _many):
        assert not parameters or statement.startswith("SELECT"), statement
        sent.extend([statement] if not statement.startswith("SELECT") else [])

    event.listen(connection, "before_cursor_execute", keep)
    _migrate(connection, revision)
    event.remove(connection, "before_cursor_execute", keep)
    return [";\n".join(sent)]
