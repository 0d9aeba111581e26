"""Boards on the emulated chip."""

import gc
import importlib
import json
import sys
import traceback

import esp32
import loop
import pytest
from models.pulses import MS
from rigs.board_bench import CHIPS, FIXTURES, METERS, Bench  # noqa: F401  for the tests beside
from world import WORLD, Train

from meter20.board import packages, wiring

TOKEN_100_WH = "59386323472137426967"  # of the compliance suite
TOKEN = {"do": "token", "digits": TOKEN_100_WH}
#: Where the drivers differ. The emulated PIO makes an RP2040 slow: elsewhere one board is enough.
BOTH = ("rp2_pico", "esp32_devkit")


def pulses(bench, count, first_ms=5000, every_ms=1000):
    """Let `count` pulses of 50 ms come, from `first_ms` on."""
    edges = [(first_ms + every_ms * number + at) * MS for number in range(count) for at in (0, 50)]
    WORLD.connect(bench.pins["pulse_in"], Train(edges))


def typed(bench, digits):
    """A story: press `digits` on the pad as a finger would."""
    for digit in digits:
        bench.pad.press(digit)
        yield 80
        bench.pad.let_go(digit)
        yield 80


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The folder in which a board's files lie."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(Bench, "folder", str(folder))
    return folder


@pytest.fixture
def new_chip(files):
    """A chip whose flash nobody has written to yet."""
    esp32.erase_all()


@pytest.fixture
def fresh_modules():
    """The modules of the firmware are read anew, as by a board that starts."""
    shared = ("reference_meter", "rp2_meter", "esp32_meter")
    rooms = (*packages.rooms(), *shared)
    kept = dict(sys.modules)
    for module in kept:
        if module.partition(".")[0] in rooms:
            del sys.modules[module]
    yield rooms
    sys.modules.clear()
    sys.modules.update(kept)


@pytest.fixture
def frozen(monkeypatch):
    """A frozen RP2040 build: `meter_flash` exists."""
    monkeypatch.syspath_prepend(str(wiring.BOARDS / "common" / "rp2_frozen"))
    importlib.import_module("meter_flash")
    yield
    monkeypatch.delitem(sys.modules, "meter_flash", raising=False)


class Script:
    """Plays the outside world in place of the USB line: what it yields goes in, time goes on."""

    def __init__(self, story):
        self._story = story(self)
        self.replies = []
        self._until_ns = 0

    def wait(self, duration_ms):
        """Let the meter's sleep pass; the story goes on once its own pause is over."""
        WORLD.advance_ms(duration_ms)
        if WORLD.now_ns < self._until_ns:
            return b""
        step = next(self._story, None)
        if step is None:
            raise KeyboardInterrupt
        if isinstance(step, int):
            self._until_ns = WORLD.now_ns + step * MS
            return b""
        return json.dumps(step).encode() + b"\n"

    def write(self, text):
        self.replies.append(json.loads(text))


def print_exception(fault, file):
    """As MicroPython's, which CPython lacks."""
    traceback.print_exception(fault, file=file)


@pytest.fixture
def play(monkeypatch):
    """Return a function that runs the loop of a bench until its story is over."""

    def play(bench, story, **how):
        script = Script(story)
        module = type(sys)("board")
        module.Board = lambda: bench.board
        monkeypatch.setitem(sys.modules, "board", module)
        monkeypatch.setattr(loop, "UsbLines", lambda: script)
        monkeypatch.setattr(sys, "print_exception", print_exception, raising=False)
        gc.freeze()  # the loop collects when it rests: of what this board made only
        with pytest.raises(KeyboardInterrupt):
            loop.run(**how)
        return script

    return play
