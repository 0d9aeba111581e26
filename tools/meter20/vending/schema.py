"""The tables of a database, and their way from one version of meter20 to the next."""

from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from meter20.vending import pos_models, refusal, report_models, shop_models
from meter20.vending.models import Base
from meter20.vending.refusal import Refusal

#: The newest migration, a number that grows.
REVISION = "0010"
#: Modules that describe tables, too. Nothing reads this: it keeps their imports here, by which
#: `Base` knows all tables.
MORE_TABLES = (pos_models, report_models, shop_models)
MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Make the tables, or bring those of an older meter20 up to date."""
    migrate(connection, "head")
    if connection.dialect.name == "sqlite":
        assert not connection.exec_driver_sql("PRAGMA foreign_key_check").all()


def is_newest(connection: Connection) -> bool:
    """Say whether the tables are those of this version."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISION


def migrate(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision: `head`, its number, or `base` for none."""
    from alembic import command
    from alembic.config import Config

    if not connection.in_transaction():  # else Alembic begins one, and ends it half way through
        connection.begin()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    (command.downgrade if revision == "base" else command.upgrade)(config, revision)


def check_empty(connection: Connection, where: str) -> None:
    """Drop empty tables of a station that was never made; raises Refusal for any other."""
    there = set(inspect(connection).get_table_names())
    ours = [each for each in Base.metadata.sorted_tables if each.name in there]
    if any(connection.scalar(select(func.count()).select_from(each)) for each in ours):
        raise Refusal(refusal.EXISTS, f"There is a station in {where} already.")
    if ours:
        migrate(connection, "base")
