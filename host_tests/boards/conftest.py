"""Boards on the emulated chip."""

import sys

import chips
import machine  # noqa: F401  gives CPython's time its ticks
import pytest
from key_pad import KeyPad
from lcd_module import LcdModule
from world import WORLD, Level

from meter20.board import wiring

CHIPS = {**{chip.name: chip for chip in chips.ALL}, "fixture_pico": chips.PICO}


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
