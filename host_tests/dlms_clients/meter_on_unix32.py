"""The meter for clients that others wrote as a whole board in a heap of 192 kB, on 32 bits.

See memory_networks: the program of `rp2_pico` with a radio, and here a serial line as well, on the
emulated chip in MicroPython's 32-bit unix port, frozen as far as that can be shown there.
"""

import contextlib
import functools
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campaigns import memory_networks
from campaigns.memory_networks import FROZEN, HEAP, Board
from meter_under_test import SECRETS

from meter20 import DEVICE_ROOT
from meter20.virtual.pty_board import Pty

_MICROPYTHON = DEVICE_ROOT / "build" / "unix32" / "micropython"


@dataclass
class Served:
    """A board that runs. port: of TCP. device: of HDLC."""

    board: Board
    port: int
    device: str

    def request(self, **fields: object) -> dict:
        return self.board.request(**fields)

    def figure(self) -> str:
        """Return what it takes now, in words."""
        return f"{self.board.used} bytes in use"


@contextlib.contextmanager
def served() -> Iterator[Served]:
    """Switch a board on: provisioned, with keys and a load profile."""
    meter, flash, emulation = _ready()
    meter.with_suffix(".net").write_bytes(flash)
    with (
        contextlib.closing(Pty()) as line,
        Board(_MICROPYTHON, HEAP + emulation, meter, serial=line.end) as board,
    ):
        memory_networks.commissioned(board)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        told = board.request(do="dlms", port=port, **SECRETS)
        assert told["ok"], told
        memory_networks.until(lambda: board.request(do="wifi")["up"])
        yield Served(board, port, line.port)


@functools.cache
def _ready() -> tuple[Path, bytes, int]:
    """Return the image of the meter, its flash with a load profile, and what emulation takes."""
    meter = memory_networks.build(DEVICE_ROOT / "build" / "dlms_clients" / "unix32")[FROZEN]
    flash = meter.with_suffix(".net")
    flash.unlink(missing_ok=True)
    Board(_MICROPYTHON, 4 * HEAP, meter, "fill")
    filled = flash.read_bytes()
    with Board(_MICROPYTHON, 4 * HEAP, meter) as weighed:
        emulation = weighed.emulation
    return meter, filled, emulation
