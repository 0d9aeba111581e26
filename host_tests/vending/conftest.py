"""A vending station to test with, on SQLite and on a PostgreSQL server of its own."""

import os
import shutil
import subprocess
import tempfile
from glob import glob
from pathlib import Path
from uuid import uuid4

import pytest
from fakes.stations import PASSPHRASE, Clock, furnished

from meter20.vending import sealing
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch):
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)


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
def postgresql():
    """Start a PostgreSQL server that nobody else uses; return its socket folder and user.

    Debian: apt-get install postgresql. In CI its absence is a failure, elsewhere a skip.
    """
    programs = _postgresql_programs()
    if programs is None:
        words = "no PostgreSQL here (Debian: apt-get install postgresql)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    folder = Path(tempfile.mkdtemp(prefix="meter20-pg-"))
    user = _unprivileged(folder)
    data, log = folder / "data", folder / "log"
    _run(user, programs / "initdb", "-D", data, "-U", "meter20", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    _run(user, programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
    yield folder
    _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_database(postgresql):
    """Return the URL of a new, empty database."""
    import psycopg

    name = f"station_{uuid4().hex[:12]}"
    with psycopg.connect(
        host=str(postgresql), user="meter20", dbname="postgres", autocommit=True
    ) as to:
        to.execute(f"CREATE DATABASE {name}")  # the name is ours: letters and digits
    return f"postgresql:///{name}?host={postgresql}&user=meter20"


def _postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(glob("/usr/lib/postgresql/*/bin/initdb"))
    return Path(installed[-1]).parent if installed else None


def _unprivileged(folder: Path) -> str | None:
    """Return who must run the server, which refuses root; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "nobody")
    return "nobody"


def _run(user: str | None, *command) -> None:
    done = subprocess.run(
        [str(part) for part in command], user=user, cwd="/", capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
