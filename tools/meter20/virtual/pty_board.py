"""The virtual board on a pseudo-terminal, where mpremote and pyserial find it like a real one."""

import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from meter20.failure import NoMeter
from meter20.virtual.node import Lifeline, command

_PORTS = ("/dev/pts/", "/dev/tty")
_START_S = 20.0
_STOP_S = 10.0


class Pty:
    """A pseudo-terminal without line editing. port: what a client opens.

    end: the file descriptor of our side; it does not block. link: a second, stable
    name for the port, a symbolic link that goes away with it. One that a killed process left is
    replaced; that of a port in use is refused. Raises OSError.
    """

    def __init__(self, link: Path | None = None):
        import pty
        import tty

        self._claim = None if link is None else _claimed(link)
        self.end, self._held = pty.openpty()
        # Held open, so that a client may come and go without a hang-up.
        tty.setraw(self._held)
        os.set_blocking(self.end, False)
        self.port = os.ttyname(self._held)
        self._link = link
        if link is not None:
            self._make_link(link)

    @property
    def ends(self) -> tuple[int, int]:
        """The file descriptors of both sides; as long as ours is open nobody hangs up."""
        return self.end, self._held

    @property
    def held(self) -> tuple[int, ...]:
        """What a process inherits that goes on with the port: the claim to the link's name."""
        return () if self._claim is None else (self._claim.fileno(),)

    def _make_link(self, link):
        try:
            if link.is_symlink() and os.readlink(link).startswith(_PORTS):
                link.unlink()
            link.symlink_to(self.port)
        except OSError as error:
            self.close()
            if isinstance(error, FileExistsError):
                raise FileExistsError(f"{link} is there already, and is no port's name") from None
            raise OSError(error.errno, error.strerror, str(link)) from None  # not the port's name

    def close(self) -> None:
        """Hang up. A second time does nothing."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == self.port:
                    self._link.unlink()
            self._link = None
        for end in (self.end, self._held):
            with contextlib.suppress(OSError):
                os.close(end)
        self.end = self._held = -1
        if self._claim is not None:
            self._claim.close()


def _claimed(link):
    """Return a socket whose name nobody else can have as long as it is open; None on macOS.

    *Why a socket*: its name goes with the last process that holds it, and leaves no file.
    """
    if sys.platform != "linux":
        return None
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind("\0meter20 link " + hashlib.sha256(os.fsencode(_place(link))).hexdigest())
    except OSError:
        claim.close()
        raise FileExistsError(f"{link} is the name of a port in use: end that one first") from None
    return claim


def _place(link):
    return link.parent.resolve() / link.name


class PtyBoard:
    """A virtual board in a process of its own. port: the serial port it answers on.

    store: folder of its files and its flash; without one they go with the board.
    capacity: bytes of its file system, a Pico's if None. input_buffer: bytes that may wait to be
    read, others are lost; None for flow control, as USB has it. held: file descriptors of locks
    on the store, which the board holds, too. It ends with this process, however that ends, takes
    its link along, and stores what was used up. A context manager. Raises NoMeter,
    OSError.
    """

    def __init__(
        self,
        store: Path | None = None,
        link: Path | None = None,
        capacity: int | None = None,
        held: tuple[int, ...] = (),
        input_buffer: int | None = None,
    ):
        self._folder = None if store else tempfile.TemporaryDirectory(prefix="meter20-")
        self.store = store or Path(self._folder.name if self._folder else "")
        self._pty = Pty(link)
        self.port = self._pty.port
        limit = () if capacity is None else ("--capacity", str(capacity))
        if input_buffer is not None:
            limit += ("--input-buffer", str(input_buffer))
        named = () if link is None else ("--link", str(_place(link)), "--port", self.port)
        self._lifeline = Lifeline()
        self._process = subprocess.Popen(
            command(
                "board.mjs", "--store", str(self.store), *limit, *named, *self._lifeline.arguments
            ),
            stdin=self._pty.end,
            stdout=self._pty.end,
            stderr=subprocess.PIPE,
            pass_fds=(*held, *self._pty.held, self._lifeline.theirs),
            process_group=0,  # Ctrl-C in the terminal is for this process, which ends it
        )
        self._lifeline.handed_over()
        self._await_start()

    @property
    def files(self) -> Path:
        """The folder that is the board's file system."""
        return self.store / "files"

    def _await_start(self):
        """Wait until the board's folder is there: from then on it listens."""
        until_s = time.monotonic() + _START_S
        while not self.files.is_dir():
            if self._process.poll() is not None:
                said = self.wait()
                self.close()
                raise NoMeter(said)
            if time.monotonic() > until_s:
                self.close()
                raise NoMeter(f"the virtual board did not start in {_START_S:g} s")
            time.sleep(0.01)

    def wait(self) -> str:
        """Wait until the board ends; return what it said, "" if all was well."""
        assert self._process.stderr
        said = self._process.stderr.read().decode(errors="replace")
        code = self._process.wait()
        return f"Node ended with exit code {code}\n{said}" if code else ""

    def close(self) -> None:
        """Let the supply fail. All that was written is in the store already."""
        self._lifeline.cut()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stderr
        self._process.stderr.close()
        self._pty.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
