"""Boards on the emulated chip."""

import json
import sys
import traceback

import chips
import loop
import machine  # noqa: F401  gives CPython's time its ticks
import pytest
from fakes.pulses import MS
from key_pad import KeyPad
from lcd_module import LcdModule
from world import WORLD, Level

from meter20.board import wiring

CHIPS = {chip.name: chip for chip in chips.ALL}


class Bench:
    """A board of `name`, its class changed by `options`, with everything wired to it.

    folder: where its files lie, see the fixture. pad: the key pad. lcd: the display.
    module: boards/<name>/board.py.
    """

    folder = None

    def __init__(self, name, **options):
        self.module = wiring.load(name)
        kind = type("Board", (self.module.Board,), {"folder": self.folder, **options})
        self.pins = kind.pins
        WORLD.start(CHIPS[name])
        for signal in kind.no_pull:
            WORLD.connect(self.pins[signal], Level(1))
        columns = len(kind.keys) // 4
        self.pad = KeyPad(
            self.pins["keypad_rows"], self.pins["keypad_columns"][:columns], kind.keys, 2_000_000
        )
        self.lcd = LcdModule()
        WORLD.devices[0x27] = self.lcd
        self.board = kind()

    def level(self, signal):
        return WORLD.level(WORLD.chip.named.get(self.pins[signal], self.pins[signal]))

    def hold(self, signal, level):
        WORLD.connect(self.pins[signal], Level(level))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The folder in which a board's files lie."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(Bench, "folder", str(folder))
    return folder


@pytest.fixture
def fresh_modules():
    """The modules of the firmware are read anew, as by a board that starts."""
    rooms = ("drivers", "meter", "ports", "sts", "reference_meter", "rp2_meter", "esp32_meter")
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
        with pytest.raises(KeyboardInterrupt):
            loop.run(**how)
        return script

    return play
