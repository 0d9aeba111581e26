"""The tables of an empty SQLite database in a hundredth of a second, for tests that want others.

The first time, the migrations make them, and SQLite is asked what it has now; from then on these
very statements make them. Where there are tables already, and on PostgreSQL, the migrations run.
"""

from meter20.vending import schema

_TABLES = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    " ORDER BY type = 'table' DESC, rowid"
)
_migrate = schema.migrate
_statements: dict[str, list[str]] = {}


def migrate(connection, revision):
    """Do what `schema.migrate` does."""
    if connection.dialect.name != "sqlite" or _there(connection):
        _migrate(connection, revision)
        return
    if revision not in _statements:
        _migrate(connection, revision)
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        _statements[revision] = [
            *_there(connection), f"INSERT INTO alembic_version VALUES ('{version}')"
        ]  # fmt: skip
        return
    for statement in _statements[revision]:
        connection.exec_driver_sql(statement)


def _there(connection):
    return connection.exec_driver_sql(_TABLES).scalars().all()
