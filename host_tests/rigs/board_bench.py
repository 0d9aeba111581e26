"""A whole board on its emulated chip, with everything wired to it. CPython only."""

import chips
import machine  # noqa: F401  gives CPython's time its ticks
from key_pad import KeyPad
from lcd_module import LcdModule
from world import WORLD, Level

from meter20.board import boards, wiring

METERS = [board.name for board in boards.meters()]
FIXTURES = [board.name for board in boards.fixtures()]
#: {board: its emulated chip}
CHIPS = {chip.name: chip for chip in chips.every()}


class Bench:
    """A meter's board of `name`, its class changed by `options`, with everything wired to it.

    folder: where its files lie. pad: the key pad. lcd: the display.
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
