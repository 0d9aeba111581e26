"""A PostgreSQL server that nobody else uses."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import glob
from pathlib import Path

#: The variable that holds the socket folder of a server that somebody else starts and stops.
SHARED = "METER20_TEST_POSTGRESQL"
_TRIES = 20


@contextmanager
def server() -> Iterator[Path]:
    """Start a server, give its socket folder, and stop it; its user is meter20.

    Debian: apt-get install postgresql.
    """
    made = Server()
    try:
        made.start()
        yield made.folder
    finally:
        made.stop()


class Server:
    """A server that was not started yet. folder: of its socket.

    It never waits for the disk: processes die here, but the machine does not. It tidies nothing
    up: no database lives long, and the tidying visits each of them all the time.
    """

    def __init__(self):
        found = programs()
        assert found is not None, "no PostgreSQL here"
        self._programs = found
        self.folder = Path(tempfile.mkdtemp(prefix="meter20-pg-"))
        self._user = _unprivileged(self.folder)
        self._data = self.folder / "data"
        self._run("initdb", "-U", "meter20", "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Start it. After a kill it waits until what was left of it is gone."""
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
            " -c autovacuum=off"
        )
        command = ("pg_ctl", "-l", self.folder / "log", "-o", options, "-w", "start")
        for _ in range(_TRIES):
            with suppress(AssertionError):
                return self._run(*command)
            time.sleep(0.5)  # a process of the server that was killed still has its memory
        self._run(*command)

    def kill(self) -> None:
        """Kill it, with all that it has begun, and return when it is gone."""
        number = int((self._data / "postmaster.pid").read_text().split()[0])
        backends = _children(number)
        for each in (number, *backends):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while any(os.path.exists(f"/proc/{each}/exe") for each in (number, *backends)):
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it, if it runs, and remove all of it."""
        with suppress(AssertionError):
            self._run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, name: str) -> str:
        """Make the database `name`; return its URL."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), user="meter20", dbname="postgres", autocommit=True
        ) as to:  # fmt: skip
            to.execute(f"CREATE DATABASE {name}")
        return f"postgresql:///{name}?host={self.folder}&user=meter20"

    def _run(self, program: str, *arguments: object) -> None:
        _run(self._user, self._programs / program, "-D", self._data, *arguments)


def _children(number: int) -> list[int]:
    told = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
    return [int(each) for each in told.split()]


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
