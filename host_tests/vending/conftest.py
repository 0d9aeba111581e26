"""A vending station to test with, on SQLite and on a PostgreSQL server of its own."""

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from rigs import kept_statements, postgresql, programs, quick_tables
from rigs.points_of_sale import Shop
from rigs.stations import DRN, PASSPHRASE, SGC, TARIFF, Original, standing
from rigs.vend_command import Vend
from sqlalchemy import make_url

from meter20.pos import clients
from meter20.vending import schema, sealing
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage


def _make_cheap(monkeypatch):
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch):
    _make_cheap(monkeypatch)


@pytest.fixture(autouse=True)
def _quick_tables(monkeypatch):
    """Let the migrations run once for each kind of database; not where they are the point."""
    monkeypatch.setattr(schema, "migrate", quick_tables.migrate)


@pytest.fixture(scope="session", autouse=True)
def _kept_statements():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("meter20.vending.engines.create_engine", kept_statements.engine)
        yield


@pytest.fixture(autouse=True)
def _own_data_folder(monkeypatch, tmp_path):
    """Keep anchors of databases on a server out of the folder of whoever runs the tests."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def clock():
    return standing()


@pytest.fixture
def secret():
    return Secret.passphrase(PASSPHRASE)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Return where a new database may be made: tests that ask for it run on both."""
    if request.param == "sqlite":
        return str(tmp_path / "station.sqlite")
    if "any_station" in request.fixturenames:
        return request.getfixturevalue("postgresql_copy")
    return request.getfixturevalue("postgresql_database")


@pytest.fixture
def storage(where):
    made = Storage(where)
    yield made
    made.close()


@pytest.fixture
def sqlite(tmp_path):
    made = Storage(str(tmp_path / "station.sqlite"))
    yield made
    made.close()


@pytest.fixture
def station(sqlite, secret, clock, sqlite_original):
    """Return a station on SQLite with a tariff, a supply group and one meter."""
    sqlite_original.copy_to(sqlite)
    return Station(sqlite, secret, "thandi", clock)


@pytest.fixture
def any_station(request, storage, secret, clock):
    """Return the same station on either database."""
    kind = "sqlite" if storage.path else "postgresql"
    request.getfixturevalue(f"{kind}_original").copy_to(storage)
    return Station(storage, secret, "thandi", clock)


@pytest.fixture
def cheap_passwords(monkeypatch):
    """Let a password of a point of sale or of an operator cost little."""
    monkeypatch.setattr(clients, "HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def shop(station, clock, cheap_passwords):
    """Return a point of sale of `station`."""
    clock.advance(minutes=5)
    return Shop(station, DRN)


@pytest.fixture
def any_shop(any_station, clock, cheap_passwords):
    """Return a point of sale of `any_station`."""
    clock.advance(minutes=5)
    return Shop(any_station, DRN)


@pytest.fixture(scope="session")
def sqlite_original(tmp_path_factory):
    """Return the original of `station`."""
    with pytest.MonkeyPatch.context() as patch:
        _make_cheap(patch)
        return Original(str(tmp_path_factory.mktemp("original") / "station.sqlite"))


# -- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server():
    """Start a PostgreSQL server that nobody else uses; return its socket folder and user.

    The mutation sample starts one for all its processes.
    """
    if postgresql.SHARED in os.environ:
        yield Path(os.environ[postgresql.SHARED])
        return
    if postgresql.programs() is None:
        programs.missing("no PostgreSQL here (Debian: apt-get install postgresql)")
    with postgresql.server() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgresql_master(postgresql_server):
    """Return a connection that makes databases."""
    import psycopg

    with psycopg.connect(
        host=str(postgresql_server), user="meter20", dbname="postgres", autocommit=True
    ) as to:
        yield to


@pytest.fixture
def postgresql_database(postgresql_master):
    """Return the URL of a new, empty database."""
    return _new_database(postgresql_master)


@pytest.fixture(scope="session")
def postgresql_original(postgresql_master, tmp_path_factory):
    """Return the original of `any_station` on PostgreSQL."""
    with pytest.MonkeyPatch.context() as patch:
        _make_cheap(patch)
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("original")))
        return Original(_new_database(postgresql_master))


@pytest.fixture
def postgresql_copy(postgresql_master, postgresql_original):
    """Return the URL of a copy of it."""
    return _new_database(postgresql_master, make_url(postgresql_original.where).database)


def _new_database(master, template="template1"):
    name = f"station_{uuid4().hex[:12]}"
    # A server before 15 copies the files by itself. The names are ours: letters and digits.
    how = " STRATEGY FILE_COPY" if master.info.server_version >= 150_000 else ""
    master.execute(f"CREATE DATABASE {name} TEMPLATE {template}{how}")
    return f"postgresql:///{name}?host={master.info.host}&user=meter20"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """`meter20 vend` without a station yet."""
    return Vend(tmp_path, monkeypatch)


@pytest.fixture
def vend(bare):
    """`meter20 vend` at a station that has a group and a meter."""
    (bare.folder / "tariff.json").write_text(json.dumps(TARIFF))
    bare.ok("init", "--name", "kiosk")
    bare.ok("tariff", "add", "home", bare.folder / "tariff.json")
    bare.ok("group", "add", "--sgc", SGC, "--tariff", "home")
    bare.ok("meter", "add", DRN, "--sgc", SGC)
    return bare
