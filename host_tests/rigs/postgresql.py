"""A PostgreSQL server that nobody else uses."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

#: The variable that holds the socket folder of a server that somebody else starts and stops.
SHARED = "METER20_TEST_POSTGRESQL"


@contextmanager
def server() -> Iterator[Path]:
    """Start a server, give its socket folder, and stop it; its user is meter20.

    It never waits for the disk: clients die here, but neither the server nor the machine.

    Debian: apt-get install postgresql.
    """
    found = programs()
    assert found is not None, "no PostgreSQL here"
    folder = Path(tempfile.mkdtemp(prefix="meter20-pg-"))
    user = _unprivileged(folder)
    data, log = folder / "data", folder / "log"
    _run(user, found / "initdb", "-D", data, "-U", "meter20", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    _run(user, found / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
    try:
        yield folder
    finally:
        _run(user, found / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path | None:
    """Return the folder of its programs, None if there are none here."""
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
