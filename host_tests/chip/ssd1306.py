"""Stands in for micropython-lib's `ssd1306` in tests: the calls that drivers.oled makes.

A character's picture is made from its code, the same on both interpreters, so that
a test can read the text back from the display's memory.
"""


def glyph(code):
    """Return the eight columns of the character `code`."""
    return bytes([0] * 8) if code == 32 else bytes([code] + [0x81] * 6 + [code])


class SSD1306_I2C:  # noqa: N801  the library's name
    def __init__(self, width, height, i2c, addr=0x3C):
        self.width, self.height = width, height
        self.pages = height // 8
        self.buffer = bytearray(self.pages * width)
        self._i2c, self._addr = i2c, addr
        for command in (0xAE, 0x20, 0x00, 0x40, 0xA1, 0xA8, height - 1, 0xC8, 0xA6, 0xAF):
            self.write_cmd(command)
        self.show()

    def write_cmd(self, cmd):
        self._i2c.writeto(self._addr, bytes((0x80, cmd)))

    def write_data(self, buf):
        self._i2c.writevto(self._addr, (b"\x40", buf))

    def fill(self, col):
        for at in range(len(self.buffer)):
            self.buffer[at] = 0xFF if col else 0

    def text(self, s, x, y):
        for number, char in enumerate(s):
            for column, dots in enumerate(glyph(ord(char))):
                self._put(x + 8 * number + column, y, dots)

    def show(self):
        for command in (0x21, 0, self.width - 1, 0x22, 0, self.pages - 1):
            self.write_cmd(command)
        self.write_data(self.buffer)

    def _put(self, x, y, dots):
        page, shift = divmod(y, 8)
        dots <<= shift
        self.buffer[page * self.width + x] |= dots & 0xFF
        if dots >> 8:
            self.buffer[(page + 1) * self.width + x] |= dots >> 8
