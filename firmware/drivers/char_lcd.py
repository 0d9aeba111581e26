"""Character display with an HD44780 behind a PCF8574: 20x4 or 16x2, on I2C.

Only characters that changed are sent. A changed screen of 20x4 takes 33 ms at
100 kHz, the most that a PCF8574 can do; one digit takes 1 ms.

Making the driver does not touch the bus. `show` sets the display up when it is first
called and again after each failure, so a display that was missing at boot, or
came loose, works again as soon as it answers.
"""

import time

from micropython import const
from ports.display import Display

#: Address of a PCF8574 with no bridge soldered; a PCF8574A has 0x3F.
ADDRESS = const(0x27)

_RS = const(0x01)  # data, not a command
_E = const(0x04)
_LIGHT = const(0x08)

_POWER_UP_MS = const(50)
_CLEAR_MS = const(2)
_SET_ADDRESS = const(0x80)
#: 8 bits three times over, whatever it was in before; then 4 bits. Only the first of them takes
#: longer (4.1 ms) than the next one's way over the bus (0.27 ms).
_EIGHT_BITS = const(0x30)
_FOUR_BITS = const(0x20)
_RESET_MS = const(5)
#: Two or more lines; display on, no cursor; write from left to right; clear.
_SETUP = b"\x28\x0c\x06\x01"
_ROW_ADDRESSES = b"\x00\x40\x14\x54"
_BYTES_EACH = const(4)  # on the bus, for a byte of the display
_NOTHING = "\x00"  # equal to no character that is shown


class CharLcd(Display):
    """Display of `columns` x `rows` characters on `i2c`, a bus of 100 kHz at most."""

    def __init__(self, i2c, columns: int = 20, rows: int = 4, address: int = ADDRESS):
        self.columns = columns
        self.rows = rows
        self._i2c = i2c
        self._address = address
        self._shown = None  # the lines, None while the display is not set up
        self._buffer = bytearray(_BYTES_EACH * (columns + 1))

    def show(self, lines):
        try:
            if self._shown is None:
                self._set_up()
            for row in range(self.rows):
                if lines[row] != self._shown[row]:
                    self._show_row(row, lines[row])
        except OSError:
            self._shown = None
            raise

    def _set_up(self):
        """Bring the controller from any state to an empty screen. Blocks 10 ms."""
        left_ms = -time.ticks_diff(time.ticks_ms(), _POWER_UP_MS)  # ticks began with the power
        if 0 < left_ms <= _POWER_UP_MS:  # days later it is more
            time.sleep_ms(left_ms)
        self._send_nibble(_EIGHT_BITS)
        time.sleep_ms(_RESET_MS)
        for nibble in (_EIGHT_BITS, _EIGHT_BITS, _FOUR_BITS):
            self._send_nibble(nibble)
        self._send(_SETUP, len(_SETUP))
        time.sleep_ms(_CLEAR_MS)
        self._shown = [""] * self.rows

    def _show_row(self, row, text):
        """Send what lies between the first and the last character that changed."""
        columns = max(len(text), len(self._shown[row]))
        line, shown = _filled(text, columns), _filled(self._shown[row], columns)
        if line == shown:
            return
        first, last = 0, columns - 1
        while line[first] == shown[first]:
            first += 1
        while line[last] == shown[last]:
            last -= 1
        self._shown[row] = _NOTHING * self.columns  # until it is done
        where = bytes((_SET_ADDRESS | _ROW_ADDRESSES[row] + first,))
        self._send(where + line[first : last + 1], 1)
        self._shown[row] = text

    def _send(self, data, commands):
        """Send commands and then characters; at 100 kHz each takes longer than it needs to work.

        commands: how many of the bytes of `data` are.
        """
        buffer, at = self._buffer, 0
        for octet in data:
            mode = _LIGHT if at < _BYTES_EACH * commands else _LIGHT | _RS
            high, low = octet & 0xF0 | mode, octet << 4 & 0xF0 | mode
            buffer[at] = high | _E
            buffer[at + 1] = high
            buffer[at + 2] = low | _E
            buffer[at + 3] = low
            at += _BYTES_EACH
        self._i2c.writeto(self._address, memoryview(buffer)[:at])

    def _send_nibble(self, nibble):
        nibble |= _LIGHT
        self._i2c.writeto(self._address, bytes((nibble | _E, nibble)))


def _filled(text, columns):
    return (text + " " * (columns - len(text))).encode()
