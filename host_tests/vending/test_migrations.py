"""Migrations: they make the tables of the models, and bring an older station up to date."""

import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from rigs import quick_tables
from sqlalchemy import inspect, text

from meter20.vending import schema
from meter20.vending.models import Base, Vault, VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.storage import Storage


@pytest.fixture(autouse=True)
def _quick_tables():
    """The migrations themselves make the tables here."""


def test_migrations_make_exactly_the_tables_of_the_models(storage):
    storage.upgrade()
    with storage._engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_quick_tables_of_other_tests_are_those_of_the_migrations(tmp_path, monkeypatch):
    def contents(name):
        Storage(str(tmp_path / name)).upgrade()
        with closing(sqlite3.connect(tmp_path / name)) as made:
            return list(made.iterdump())

    migrated = contents("migrated")
    monkeypatch.setattr(schema, "migrate", quick_tables.migrate)
    contents("first")  # quick_tables may have to look at a database first
    assert contents("quick") == migrated


#: What PostgreSQL knows of its tables.
CATALOGUE = (
    "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, "
    "column_default FROM information_schema.columns WHERE table_schema = 'public' "
    "ORDER BY table_name, ordinal_position",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT version_num FROM alembic_version",
)


def test_quick_tables_on_postgresql_are_those_of_the_migrations(postgresql_database, monkeypatch):
    def contents():
        storage = Storage(postgresql_database)
        storage.upgrade()
        with storage._engine.begin() as connection:
            told = [connection.exec_driver_sql(question).all() for question in CATALOGUE]
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        storage.close()
        return told

    migrated = contents()
    assert all(len(part) > 10 for part in migrated[:3])
    monkeypatch.setattr(schema, "migrate", quick_tables.migrate)
    contents()  # quick_tables may have to listen to the migrations first
    assert contents() == migrated


def test_newest_migration_is_the_one_that_is_expected():
    assert ScriptDirectory(str(migrations_folder())).get_current_head() == schema.REVISION


def test_station_of_the_first_release_goes_on_from_its_latest_sale(storage):
    """Its months, days and clock begin where its receipts end."""
    with storage._creating(), storage._engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in FIRST_RELEASE:
            connection.execute(text(statement), {"octets": b"x"})
    with pytest.raises(Refusal, match="older meter20"):
        storage.check()  # its connection is kept, and must not hinder the upgrade
    storage.upgrade()
    with storage.reading() as session:
        vault = session.get_one(Vault, 1)
        assert (vault.zone, vault.rehearsal, vault.latest) == (
            "UTC",
            False,
            "2026-03-09T08:00:00Z",
        )
        assert session.get_one(VendingKey, 1).day == "2026-03-09"


FIRST_RELEASE = [
    "INSERT INTO vault VALUES (1, 'kiosk', 'passphrase', :octets, 2, :octets, "
    "'2026-01-01T08:00:00Z')",
    "INSERT INTO vending_key VALUES (1, '123456', 1, 2, 255, 2014, '04', '11', 'credit', NULL, "
    "NULL, NULL, NULL, 'abcdef', :octets, '2026-01-01T08:00:00Z')",
    "INSERT INTO key_usage VALUES (1, '2026-03-08', 10, 0, 1), (1, '2026-03-09', 10, 0, 1)",
    "INSERT INTO slip VALUES (1, NULL, NULL, 'test', '2026-03-09T08:00:00Z', 'thandi', 'good', "
    "'', 0, 0, '{}', '[]', '{}', '', NULL, 1)",
]


def test_migrations_can_be_taken_back(storage):
    storage.upgrade()
    with storage._engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    storage.upgrade()


def migrations_folder():
    return schema.MIGRATIONS


def test_upgrade_twice_changes_nothing(any_station, storage):
    storage.upgrade()
    storage.check()
