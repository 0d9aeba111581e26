"""Graphic displays on an emulated bus: the memory of an SSD1306 and of an SH1106.

`lines` reads characters back from the dots, given the font they were drawn with.
"""

_COMMANDS_WITH_DATA = (0x20, 0x81, 0xA8, 0xAD, 0xD3, 0xDA, 0xD5, 0xD9, 0xDB, 0x8D)


class Ssd1306Module:
    """128x64 dots; a window of columns and pages fills from left to right, top to bottom."""

    width = 128
    seen_from = 0

    def __init__(self):
        self.memory = bytearray(b"\xaa" * (self.width * 8))
        self._page = self._column = 0
        self._window = [0, self.width - 1, 0, 7]
        self._wanted = []  # bytes that belong to the last command
        self._wants = 0
        self.on = False

    def written(self, data, _time_ns):
        """Take the bytes of one transfer."""
        if data[0] == 0x80:
            self._command(data[1])
        elif data[0] == 0x40:
            for octet in data[1:]:
                self._put(octet)
        else:
            raise ValueError("control byte")

    def lines(self, glyph, rows=4, pitch=16, top=4):
        """Return the text; `glyph(character)` gives the eight columns of a character."""
        found = {bytes(glyph(code)): chr(code) for code in range(32, 127)}
        lines = []
        for row in range(rows):
            text = ""
            for cell in range(16):
                text += found[self._cell(cell * 8, row * pitch + top)]
            lines.append(text.rstrip())
        return lines

    def _cell(self, left, top):
        cell = bytearray(8)
        for column in range(8):
            for dot in range(8):
                page, bit = divmod(top + dot, 8)
                octet = self.memory[page * self.width + self.seen_from + left + column]
                cell[column] |= (octet >> bit & 1) << dot
        return bytes(cell)

    def _command(self, command):
        if self._wants:
            self._wanted.append(command)
            self._wants -= 1
            if not self._wants and len(self._wanted) == 3:
                self._set_window()
        elif command in (0x21, 0x22):
            self._wanted, self._wants = [command], 2
        elif command in _COMMANDS_WITH_DATA:
            self._wanted, self._wants = [command], 1
        elif command in (0xAE, 0xAF):
            self.on = command == 0xAF
        elif not 0x40 <= command <= 0x7F and command not in (0xA1, 0xC8, 0xA4, 0xA6):
            self._address(command)

    def _address(self, command):
        raise ValueError("command 0x%02x is not emulated" % command)

    def _set_window(self):
        command, first, last = self._wanted
        at = 0 if command == 0x21 else 2
        self._window[at : at + 2] = [first, last]
        self._column, self._page = self._window[0], self._window[2]

    def _put(self, octet):
        self.memory[self._page * self.width + self._column] = octet
        self._column += 1
        if self._column > self._window[1]:
            self._column = self._window[0]
            self._page = self._page + 1 if self._page < self._window[3] else self._window[2]


class Sh1106Module(Ssd1306Module):
    """132 columns, of which the middle 128 are seen; one page at a time, no window."""

    width = 132
    seen_from = 2

    def _set_window(self):
        raise ValueError("an SH1106 has no window")

    def _address(self, command):
        if command >> 4 == 0xB:
            self._page = command & 0xF
        elif command >> 4 == 0:
            self._column = self._column & 0xF0 | command
        elif command >> 4 == 1:
            self._column = (command & 0xF) << 4 | self._column & 0xF
        else:
            super()._address(command)

    def _put(self, octet):
        self.memory[self._page * self.width + self._column] = octet
        self._column += 1
