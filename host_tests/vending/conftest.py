"""A vending station to test with, on SQLite and on a PostgreSQL server of its own."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from rigs import postgresql
from rigs.stations import PASSPHRASE, Clock, furnished

from meter20.vending import sealing
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch):
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)


@pytest.fixture(autouse=True)
def _own_data_folder(monkeypatch, tmp_path):
    """Keep anchors of databases on a server out of the folder of whoever runs the tests."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def clock():
    return Clock(2026, 3, 10, 9, 30)


@pytest.fixture
def secret():
    return Secret.passphrase(PASSPHRASE)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Return where a new database may be made: tests that ask for it run on both."""
    if request.param == "sqlite":
        return str(tmp_path / "station.sqlite")
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
def station(sqlite, secret, clock):
    """Return a station on SQLite with a tariff, a supply group and one meter."""
    return furnished(Station.found(sqlite, secret, "kiosk", "thandi", clock))


@pytest.fixture
def any_station(storage, secret, clock):
    """Return the same station on either database."""
    return furnished(Station.found(storage, secret, "kiosk", "thandi", clock))


# -- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server():
    """Start a PostgreSQL server that nobody else uses; return its socket folder and user.

    Debian: apt-get install postgresql. In CI its absence is a failure, elsewhere a skip. The
    mutation sample starts one for all its processes.
    """
    if postgresql.SHARED in os.environ:
        yield Path(os.environ[postgresql.SHARED])
        return
    if postgresql.programs() is None:
        words = "no PostgreSQL here (Debian: apt-get install postgresql)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    with postgresql.server() as folder:
        yield folder


@pytest.fixture
def postgresql_database(postgresql_server):
    """Return the URL of a new, empty database."""
    import psycopg

    name = f"station_{uuid4().hex[:12]}"
    with psycopg.connect(
        host=str(postgresql_server), user="meter20", dbname="postgres", autocommit=True
    ) as to:
        to.execute(f"CREATE DATABASE {name}")  # the name is ours: letters and digits
    return f"postgresql:///{name}?host={postgresql_server}&user=meter20"
