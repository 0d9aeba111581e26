"""A meter and a fixture, each its whole program on an emulated chip, wired together in memory.

Each board lives in a process of its own, because a chip is one to a process (`machine` and the
world behind it are modules). What one drives the other sees: the fixture is a step ahead, so
its edges reach the meter at the very nanosecond; those of the meter reach the fixture STEP_NS
late, which is also how long the relay takes to move. The meter's power is the fixture's
`supply`: when it falls the meter's process is killed, when it rises a new one starts.

Harness and boards talk through pseudo-terminals, as through USB. Time is the boards' own, as
fast as it goes, and stands still when nobody has asked anything for IDLE_NS of it: so it makes
no difference how busy this machine is. Unlike USB, the port stays while the meter is dark.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from meter20.virtual.pty_board import Pty
from rigs.wired_board import FLASH_FILE

MS = 1_000_000
STEP_NS = 20 * MS
IDLE_NS = 500 * MS
_CHUNK = 4096
_BOUNCE_NS = 400_000  # of the relay's contact
_PROGRAM = Path(__file__).parent / "wired_board.py"


class BoardFailed(Exception):
    """The program of a board ended with an exception; the text is its traceback."""


class _Wired:
    """A board in its process. on: whether it has power."""

    def __init__(self, name, folder, build):
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", _PROGRAM, name, folder, build, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )
        self._link = Connection(ours.detach())
        self.received = b""
        self._life = None

    @property
    def on(self):
        return self._life is not None

    def power(self, now_ns, levels):
        """Power comes."""
        self._link.send(("power", now_ns, levels))
        self._life = self._link.recv()
        self.received = b""

    def cut(self):
        """The power goes."""
        if self.on:
            os.kill(self._life, signal.SIGKILL)
            self._life = None

    def run(self, until_ns, edges):
        """Go on until `until_ns`; return (edges of the outputs, what it said, how it ended)."""
        self._link.send(("run", until_ns, edges, self.received))
        self.received = b""
        driven, said, ended = self._link.recv()
        if ended is not None:
            self._life = None
            if ended[0] != "reset":
                raise BoardFailed(ended[0])
        return driven, said, ended

    def close(self):
        self.cut()
        self._link.close()
        self._process.wait(10)


class Pair:
    """The two boards on their ports, running by themselves. A context manager.

    folder: keeps the meter's files, or, if `build` is "frozen", its flash.

    meter, fixture: names of the ports. now_ns: their time. boots: how often the meter started.
    torn: how many cuts came inside an operation of the flash, of a frozen build.
    cut_ns, back_ns: when the meter's power last went and came.
    failed: a BoardFailed, or None. broken: a set of what is wrong with the wires, of BREAKAGES.
    """

    BREAKAGES = ("supply not through the switch", "meter dead", "contact loose", "row 2 loose")

    def __init__(self, folder, meter="rp2_pico", build="stock"):
        files = Path(folder) / "files"
        files.mkdir(parents=True, exist_ok=True)
        self._flash = files / FLASH_FILE
        self._boards = [
            _Wired("fixture_pico", "", "stock"), _Wired(meter, str(files), build),
        ]  # fmt: skip
        self._ptys = [Pty(), Pty()]
        self.fixture, self.meter = (pty.port for pty in self._ptys)
        self.now_ns = self._awake_ns = 0
        self.boots = self.torn = self.cut_ns = self.back_ns = 0
        self.failed = None
        self.broken = set()
        # What the fixture drives when it drives nothing: what resistors make of it.
        self._driven = {("key_off", 0): 1, ("supply", 0): 1}
        self._key = None
        self._to_fixture = []
        self._boards[0].power(0, {})
        self._power_meter(0)
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _power_meter(self, now_ns):
        if "meter dead" in self.broken:
            return
        self._boards[1].power(
            now_ns, {"key": self._key, "pulse_in": self._driven.get(("pulse_out", 0))}
        )
        self.boots += 1

    def _serve(self):
        """Let time pass while somebody waits for something."""
        ends = [pty.end for pty in self._ptys]
        try:
            while not self._stopping:
                awake = self.now_ns < self._awake_ns
                for end in select.select(ends, [], [], 0 if awake else 0.02)[0]:
                    self._boards[ends.index(end)].received += os.read(end, _CHUNK)
                    self._awake_ns = self.now_ns + IDLE_NS
                if awake:
                    self._step(self.now_ns + STEP_NS)
        except BoardFailed as failed:
            self.failed = failed

    def _step(self, until_ns):
        """Let both boards go on until `until_ns`."""
        due, self._to_fixture = self._to_fixture, []
        driven, said, _ = self._boards[0].run(until_ns, sorted(due, key=lambda edge: edge[0]))
        self._say(0, said)
        edges = []
        for time_ns, name, bit, level in sorted(driven, key=lambda edge: edge[0]):
            self._driven[name, bit] = level
            if name == "supply":
                self._run_meter(time_ns, edges)
                edges = []
                self._switch_supply(time_ns, level != 0)
            elif name == "pulse_out":
                edges.append((time_ns, "pulse_in", level))
            elif self._joined() != self._key:
                self._key = self._joined()
                edges.append((time_ns, "key", self._key))
        self._run_meter(until_ns, edges)
        self.now_ns = until_ns

    def _joined(self):
        """Return the number of the key whose row and column are joined, or None."""
        if self._driven["key_off", 0] != 0:
            return None
        bits = [
            self._driven[name, bit] for name in ("column_address", "row_address") for bit in (0, 1)
        ]
        number = sum((level or 0) << place for place, level in enumerate(bits))
        return None if number // 4 == 1 and "row 2 loose" in self.broken else number

    def _switch_supply(self, now_ns, on):
        meter = self._boards[1]
        if "supply not through the switch" in self.broken:
            return
        if on and not meter.on:
            self.back_ns = now_ns
            self._power_meter(now_ns)
        elif not on and meter.on:
            self.cut_ns = now_ns
            meter.cut()
            self.torn += self._flash.exists() and self._flash.read_bytes()[-1]
            for signal_name in ("relay", "pulse_led", "status_led"):
                self._heard(now_ns, signal_name, None)

    def _run_meter(self, until_ns, edges):
        """Let the meter go on if it has power; one that resets starts again."""
        meter = self._boards[1]
        while meter.on:
            driven, said, ended = meter.run(until_ns, edges)
            self._say(1, said)
            for time_ns, name, _bit, level in driven:
                self._heard(time_ns, name, level)
            if ended is None:
                return
            edges = [edge for edge in edges if edge[0] > ended[1]]
            self._power_meter(ended[1])

    def _heard(self, time_ns, name, level):
        """The meter drives the output `name`: what the fixture will see of it."""
        time_ns += STEP_NS
        if name == "relay" and "contact loose" in self.broken:
            return
        if name == "relay":
            closed = 0 if level else 1
            for part, bounced in enumerate((closed, 1 - closed, closed)):
                self._to_fixture.append((time_ns + part * _BOUNCE_NS, "contact", bounced))
        else:
            self._to_fixture.append((time_ns, name, level))

    def _say(self, board, said):
        while said:
            said = said[os.write(self._ptys[board].end, said) :]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stopping = True
        self._thread.join()
        for part in self._boards + self._ptys:
            with contextlib.suppress(OSError):
                part.close()
        if self.failed:
            raise self.failed
