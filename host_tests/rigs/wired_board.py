"""One board of a pair, in a process of its own: wired_board.py NAME FOLDER BUILD DESCRIPTOR.

It has the modules in memory and waits for power. Power is a fork: the child starts the
board's own main loop on a new chip, and loses its memory with its life. See rigs.pair,
which talks to it over the connection DESCRIPTOR in tuples:

    ("power", now_ns, levels)            power comes; levels: {input: level}
    ("run", until_ns, edges, received)   go on until then; edges: [(time_ns, input, level)]

and is answered with its process's number after "power", and with (edges, said, ended) after
each "run"; edges: [(time_ns, output, bit, level)]. ended: None, or (why, when) with "reset" or
the traceback of a program that failed. Times are the pair's.

BUILD: "stock", the meter's records are files in FOLDER; or "frozen", they lie in the flash,
the file FOLDER/flash.bin, whose operations take their time: a cut may come inside one. The
byte behind the flash tells whether one is on its way.
"""

import gc
import mmap
import os
import random
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

#: {board: its outputs that others see}; inputs are what `_Meter` and `_Fixture` take.
OUTPUTS = {
    "rp2_pico": ("relay", "pulse_led", "status_led"),
    "fixture_pico": ("row_address", "column_address", "key_off", "pulse_out", "supply"),
}
_MS = 1_000_000
_CHUNK = 256
FLASH_FILE = "flash.bin"
_PAGE_MS, _SECTOR_MS = 3, 45  # W25Q16: the most for a page, as a rule for a sector
_SECTOR = 4096
_ERASE = 6


class _Meter:
    """A meter's board and what is wired to it."""

    def __init__(self, name, folder, build):
        from rigs.board_bench import Bench

        Bench.folder = folder
        self._bench = Bench(name)
        if build == "frozen":
            WORLD.storage = _flash_file(Path(folder) / FLASH_FILE, CHIPS[name].storage_bytes)
            rp2.Flash = _slow(rp2.Flash)
        self.board = self._bench.board
        self._down = None
        self._pulse = Level(None)
        WORLD.connect(self.board.pins["pulse_in"], self._pulse)

    def take(self, signal, level):
        """The fixture drives `signal`: "key" (number of the one that is down) or "pulse_in"."""
        WORLD.settle()
        if signal == "pulse_in":
            self._pulse.level = level
            return
        if self._down is not None:
            self._bench.pad.let_go(self._down)
        self._down = None if level is None else self.board.keys[level]
        if self._down is not None:
            self._bench.pad.press(self._down)

    @staticmethod
    def run():
        import loop

        loop.run()


class _Fixture:
    """The fixture's board; what the meter does not drive is held by resistors."""

    def __init__(self, name, _folder, _build):
        WORLD.start(CHIPS[name])
        self.board = wiring.load(name).Board()
        self._levels = {}
        for signal in ("contact", "pulse_led", "status_led"):
            self._levels[signal] = Level(None)
            WORLD.connect(self.board.pins[signal], self._levels[signal])

    def take(self, signal, level):
        """The meter, or its relay, drives `signal`."""
        WORLD.settle()
        self._levels[signal].level = level

    @staticmethod
    def run():
        import fixture

        fixture.run()


def _flash_file(path, size):
    """Return the flash in the file at `path`, made blank if it is new, and a byte behind it."""
    if not path.exists():
        path.write_bytes(b"\xff" * size + b"\0")
    with path.open("r+b") as file:
        flash = mmap.mmap(file.fileno(), 0)
    flash[-1] = 0
    return flash


def _slow(kind):
    """Return an rp2.Flash whose operations can be torn: the half of one is there first."""
    chance = random.Random(WORLD.now_ns)

    class SlowFlash(kind):
        def writeblocks(self, block_num, buf, offset=None):
            at = self._at(block_num, offset or 0, len(buf))
            part = chance.randrange(len(buf))
            old = WORLD.storage[at : at + part]
            self._pass(_PAGE_MS, at, bytes([was & new for was, new in zip(old, buf)]))
            super().writeblocks(block_num, buf, offset)

        def ioctl(self, op, arg):
            if op == _ERASE:
                at = self._at(arg, 0, _SECTOR)
                old = WORLD.storage[at : at + _SECTOR]
                self._pass(_SECTOR_MS, at, bytes([was | chance.randrange(256) for was in old]))
            return super().ioctl(op, arg)

        def _pass(self, duration_ms, at, half):
            WORLD.storage[-1] = 1
            WORLD.storage[at : at + len(half)] = half
            WORLD.stall_ms(duration_ms)
            WORLD.storage[-1] = 0

    return SlowFlash


class _Wires:
    """Lets the chip's time pass only as far as the pair allows, with its edges on the way."""

    def __init__(self, link, bench, name, began_ns):
        self._link = link
        self._bench = bench
        self._began_ns = self._granted_ns = began_ns
        self._edges = []  # to come, of the inputs
        self._driven = []  # of the outputs, not yet told
        self.received = bytearray()
        self.said = bytearray()
        self._advance_chip = WORLD.advance_ns
        WORLD.advance_ns = self.advance_ns
        for signal in OUTPUTS[name]:
            for bit, pin in enumerate(wiring.numbers(bench.board.pins[signal])):
                self._listen(WORLD.wire(pin), signal, bit)

    def _listen(self, wire, signal, bit):
        wire.listeners.append(
            lambda _pin, output, time_ns: self._driven.append(
                (self._began_ns + time_ns, signal, bit, output)
            )
        )

    @property
    def now_ns(self):
        return self._began_ns + WORLD.now_ns

    def advance_ns(self, duration_ns):
        """Takes the place of World.advance_ns."""
        until_ns = self.now_ns + duration_ns
        if not duration_ns:
            self._advance_chip(0)
        while self.now_ns < until_ns:
            if self.now_ns >= self._granted_ns:
                self.tell(None)
                self.listen()
            stop_ns = min(until_ns, self._granted_ns)
            if self._edges:
                stop_ns = min(stop_ns, max(self.now_ns, self._edges[0][0]))
            self._advance_chip(stop_ns - self.now_ns)
            while self._edges and self._edges[0][0] <= self.now_ns:
                self._bench.take(*self._edges.pop(0)[1:])

    def tell(self, ended):
        """Report to the pair."""
        self._link.send((self._driven, bytes(self.said), ended))
        self._driven = []
        self.said.clear()

    def listen(self):
        """Wait for the next order; a pair that is gone, or power that goes, ends this process."""
        try:
            _run, self._granted_ns, edges, received = self._link.recv()
        except (EOFError, OSError):
            os._exit(0)
        self._edges += edges
        self.received += received

    # In place of loop.UsbLines:

    def wait(self, duration_ms):
        until_ns = self.now_ns + duration_ms * _MS
        while not self.received and self.now_ns < until_ns:
            self.advance_ns(min(until_ns, max(self._granted_ns, self.now_ns + 1)) - self.now_ns)
        data = bytes(self.received[:_CHUNK])
        del self.received[:_CHUNK]
        return data

    def write(self, text):
        self.said += text.encode()


def _live(link, name, folder, build, began_ns, levels):
    """The life of a board from power-up; never returns."""
    import loop

    is_fixture = boards.find(name).has_own_program
    bench = (_Fixture if is_fixture else _Meter)(name, folder, build)
    wires = _Wires(link, bench, name, began_ns)
    for signal, level in levels.items():
        bench.take(signal, level)
    module = type(sys)("board")
    module.Board = lambda: bench.board
    sys.modules["board"] = module
    loop.UsbLines = lambda: wires
    sys.print_exception = lambda error, file=None: traceback.print_exception(error, file=file)
    wires.listen()
    try:
        bench.run()
        ended = "the program ended"
    except Reset:
        ended = "reset"
    except BaseException:
        ended = traceback.format_exc()
    wires.tell((ended, wires.now_ns))
    os._exit(0)


def main(name, folder, build, descriptor):
    link = Connection(int(descriptor))
    if build == "frozen":
        sys.path.append(str(wiring.BOARDS / "common" / "rp2_frozen"))
        __import__("meter_flash")
    for module in ("store.file_slots", "meter.app", "service_port.service", "fixture", "hands"):
        __import__(module)  # so that power, a fork, comes at once
    gc.freeze()  # the loop collects when it rests: of what this life made only
    while True:
        try:
            order = link.recv()
        except EOFError:
            return
        if order[0] == "power":
            child = os.fork()
            if not child:
                _live(link, name, folder, build, *order[1:])
            link.send(child)
            os.waitpid(child, 0)


if __name__ == "__main__":
    here = Path(__file__).parents[1]
    sys.path.insert(0, str(here))
    sys.path += [str(here / "chip"), str(here.parent / "boards" / "fixture_pico")]

    import rp2
    from world import WORLD, Level, Reset

    from meter20.board import boards, wiring
    from rigs.board_bench import CHIPS

    main(*sys.argv[1:])
