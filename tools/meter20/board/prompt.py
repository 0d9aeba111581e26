"""MicroPython's prompt on a board, by mpremote's transport: run, compare, copy."""

import ast
import contextlib
import io
import subprocess
import sys
import time

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from meter20.board import serial_ports
from meter20.board.running import Running
from meter20.board.trouble import Code, Trouble

_ENOSPC = 28
_CTRL_C = b"\x03"
_READ_TIMEOUT_S = 5  # without one, mpremote waits for ever on a silent pseudo-terminal
_ENTER_TIMEOUT_S = 8
_METER_S = 2
_RESTART_S = 30  # a USB port goes and comes back
_AGAIN_S = 0.3
_READ_BYTES = 4096
_PIECE_BYTES = 1024  # of a file, in one program
_READING = b'"firmware": "meter20'
_WHO = """
import sys
i = sys.implementation
print((i.version[:3], sys.platform, i._machine, i._mpy))
"""

#: Where MicroPython mounts a ROM partition.
ROM = "/rom"

# One program hashes all files, so that a board that is up to date is asked once.
_HASHES = f"""
import hashlib, os
def hashes(folder):
    for name, kind, *_ in os.ilistdir(folder or "/"):
        path = folder + "/" + name
        if path == "{ROM}":
            continue
        if kind == 0x4000:
            hashes(path)
            continue
        h = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(512):
                h.update(chunk)
        print(h.digest().hex(), path)
hashes("")
"""


class Prompt:
    """The raw prompt of the board on `port`, its program interrupted. A context manager.

    *Why no soft reset*: it would stop the timer that feeds the watchdog of an interrupted
    meter, and the board would restart in the middle of what is done here.

    Raises Trouble, here and everywhere, when the board is not there or goes away.
    """

    def __init__(self, port: str):
        self.port = port
        self._folders: set[str] = set()  # known to be there
        self._connect()
        self.running = Running(*ast.literal_eval(self.run(_WHO)))

    def _connect(self):
        try:
            self._transport = SerialTransport(self.port, timeout=_READ_TIMEOUT_S)
        except TransportError:
            raise serial_ports.diagnosis(self.port) from None
        except OSError as error:
            raise serial_ports.why_closed(self.port, error) from None
        self._open = True
        self._enter()

    def _enter(self):
        said = io.StringIO()
        try:
            with self._plugged_in(), contextlib.redirect_stdout(said):
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_ENTER_TIMEOUT_S)
        except Trouble:
            raise
        except TransportError:
            self.close()
            if _answers_as_meter(self.port):
                raise Trouble(
                    Code.PRODUCTION,
                    f"the meter on {self.port} is in production mode: it has no prompt. Only "
                    "erasing the whole flash brings one back, and takes credit and key along",
                ) from None
            if "waiting for download" in said.getvalue():
                raise Trouble(
                    Code.BOOTLOADER, "the ESP32 is in bootloader mode: press its reset button"
                ) from None
            raise Trouble(
                Code.NO_ANSWER,
                f"{self.port} does not answer like MicroPython: is it on the board? "
                "(`meter20 board firmware` fetches it)",
            ) from None

    def run(self, program: str) -> str:
        """Return what `program` prints on the board."""
        with self._plugged_in():
            return self._transport.exec(program).decode()

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each file outside ROM, by its path without the leading slash."""
        lines = [line.split(" ", 1) for line in self.run(_HASHES).splitlines()]
        return {path.lstrip("/"): digest for digest, path in lines}

    def read(self, path: str) -> str:
        """Return the text of a file; what is not UTF-8 in it becomes a question mark."""
        with self._plugged_in():
            return bytes(self._transport.fs_readfile(path)).decode(errors="replace")

    def put(self, path: str, data: bytes) -> None:
        """Write a file; its folders are made. Whether it arrived whole, `hashes` tells."""
        parts = path.split("/")[:-1]
        with self._plugged_in():
            for depth in range(1, len(parts) + 1):
                folder = "/".join(parts[:depth])
                if folder not in self._folders and not self._transport.fs_exists(folder):
                    self._transport.fs_mkdir(folder)
                self._folders.add(folder)
        for program in _writing(path, data):
            self.run(program)

    def remove(self, path: str) -> None:
        """Remove a file."""
        with self._plugged_in():
            self._transport.fs_rmfile(path)

    def rename(self, path: str, to: str) -> None:
        """Let a file take the place of another: with LittleFS in one moment."""
        self.run(f"import os\nos.rename({path!r}, {to!r})")

    def remove_if_empty(self, folder: str) -> None:
        """Remove a folder, unless something is in it."""
        self.run(f"import os\ntry:\n os.rmdir({folder!r})\nexcept OSError:\n pass")
        self._folders.discard(folder)

    def has_module(self, name: str) -> bool:
        """Return whether the board can import `name`."""
        program = f"try:\n import {name}\n print(1)\nexcept ImportError:\n pass"
        return self.run(program).strip() == "1"

    def restart(self) -> None:
        """Reset the board as power would, and let go of it."""
        with self._plugged_in():
            self._transport.exec_raw_no_follow("import machine; machine.reset()")
            self._transport.in_raw_repl = False  # nothing more goes to what starts there
        self.close()

    def stop(self, start: str) -> None:
        """Take the program `start` off the board, restart it and come back to the prompt.

        Nothing that ran is left then: no timer, no watchdog, no code in a ROM partition.
        """
        if self.run(f"import os\nprint({start!r} in os.listdir('/'))").strip() == "True":
            self.remove(start)
        self.restart()
        until_s = time.monotonic() + _RESTART_S
        while not self._open:
            time.sleep(_AGAIN_S)
            try:
                self._connect()
            except Trouble:
                if time.monotonic() > until_s:
                    raise

    def close(self) -> None:
        """Leave the board at its friendly prompt. A second time does nothing."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):  # unplugged: there is nothing to leave
                if self._transport.in_raw_repl:
                    self._transport.exit_raw_repl()
                self._transport.close()

    @contextlib.contextmanager
    def _plugged_in(self):
        """Turn what a transport raises into Trouble; a TransportError while entering passes."""
        try:
            yield
        except TransportExecError as error:
            raise _trouble_on_board(error.error_output) from None
        except (serial.SerialException, OSError) as error:
            self.close()
            if getattr(error, "errno", None) == _ENOSPC:
                raise _full() from None
            raise Trouble(
                Code.UNPLUGGED,
                f"{self.port} went away half way: plug the board in and run this again, "
                "it goes on from there",
            ) from None
        except TransportError:
            if not self._transport.in_raw_repl:
                raise
            self.close()
            raise Trouble(
                Code.UNPLUGGED, f"the board on {self.port} stopped answering: run this again"
            ) from None

    def __enter__(self):
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None and self._open:
            with contextlib.suppress(Trouble, OSError, TransportError):
                self._transport.serial.write(_CTRL_C)  # our own program may still run
                self.restart()  # what ran here before runs again
        self.close()


def _writing(path: str, data: bytes) -> list[str]:
    """Return the programs that write a file, one after the other.

    *Why not mpremote's*: it has two more for each file, and most files are one piece.
    """
    pieces = [data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES)]
    programs = [f"w({bytes(piece)!r})" for piece in pieces or [b""]]
    programs[0] = f"f = open({path!r}, 'wb')\nw = f.write\n{programs[0]}"
    programs[-1] += "\nf.close()"
    return programs


def _answers_as_meter(port: str) -> bool:
    """Return whether a meter runs on `port` that Ctrl-C did not stop, and answers requests."""
    heard, until_s = b"", time.monotonic() + _METER_S
    with (
        contextlib.suppress(OSError),
        serial.Serial(port, 115200, timeout=_METER_S / 10) as line,
    ):
        line.write(b'\n{"do":"read"}\n')  # the first byte ends what was sent before
        while time.monotonic() < until_s and _READING not in heard:
            heard += line.read(_READ_BYTES)
    return _READING in heard


def _full() -> Trouble:
    return Trouble(
        Code.FULL,
        "the board's file system is full: remove files of your own (`mpremote fs rm`), "
        "or flash with --mpy, which needs less room",
    )


def _trouble_on_board(traceback: str) -> Trouble:
    last = traceback.strip().splitlines()[-1] if traceback.strip() else "no traceback"
    if last.startswith("OSError") and ("28" in last or "ENOSPC" in last):
        return _full()
    return Trouble(Code.FAILED, f"the board said: {last}")


def install(port: str, library: str) -> bool:
    """Install a library of micropython-lib on the board, by mpremote; return whether it went."""
    # "resume": no soft reset, for the reason that Prompt gives.
    words = ["connect", port, "resume", "mip", "install", library]
    command = [sys.executable, "-m", "mpremote", *words]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
