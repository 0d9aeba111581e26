"""Graphic display of 128x64 dots as one of 16x4 characters: SSD1306 or SH1106, on I2C.

The library driver `ssd1306` does the work; it comes by `mip install ssd1306` or
the manifest's `require("ssd1306")`, and holds the 1024 bytes of the picture. A
screen takes 25 ms at 400 kHz.

Making the driver does not touch the bus. `show` sets the display up when it is first
called and again after each failure, so a display that was missing at boot, or
came loose, works again as soon as it answers.
"""

from micropython import const
from ports.display import Display
from ssd1306 import SSD1306_I2C  # pyright: ignore[reportMissingImports]

ADDRESS = const(0x3C)

_WIDTH = const(128)
_HEIGHT = const(64)
_CELL = const(8)  # dots, either way
_LINE = const(16)  # dots from one line to the next
_MARGIN = const(4)  # dots above each line

_SH1106_FIRST_COLUMN = const(2)  # of its 132 columns the middle 128 are seen
_SET_PAGE = const(0xB0)
_SET_COLUMN_LOW = const(0x00)
_SET_COLUMN_HIGH = const(0x10)


class Sh1106(SSD1306_I2C):
    """SH1106: like an SSD1306, but it has 132 columns and takes one page at a time."""

    def show(self):
        picture = memoryview(self.buffer)
        for page in range(self.pages):
            self.write_cmd(_SET_PAGE | page)
            self.write_cmd(_SET_COLUMN_LOW | _SH1106_FIRST_COLUMN)
            self.write_cmd(_SET_COLUMN_HIGH)
            self.write_data(picture[page * self.width : (page + 1) * self.width])


class Oled(Display):
    """Display on `i2c`, a bus of 400 kHz.

    chip: SSD1306_I2C or Sh1106. address: 0x3C as a rule, 0x3D on some.
    """

    columns = _WIDTH // _CELL
    rows = _HEIGHT // _LINE

    def __init__(self, i2c, chip=SSD1306_I2C, address: int = ADDRESS):
        self._i2c = i2c
        self._make = chip
        self._address = address
        self._chip = None

    def show(self, lines):
        try:
            if self._chip is None:
                self._chip = self._make(_WIDTH, _HEIGHT, self._i2c, self._address)
            self._chip.fill(0)
            for row, line in enumerate(lines):
                self._chip.text(line, 0, row * _LINE + _MARGIN)
            self._chip.show()
        except OSError:
            self._chip = None
            raise
