"""A character display on an emulated bus: an HD44780 behind a PCF8574.

It takes the bytes of the bus as the chips do: the PCF8574 puts each on its eight
pins, and the HD44780 takes four bits at each falling edge of E. What comes while
it is still busy, or before it was told how many bits a command has, it refuses.
"""

_RS, _RW, _E, _LIGHT = 1, 2, 4, 8
_SLOW_NS, _FAST_NS = 1_520_000, 37_000
_RESET_NS = (4_100_000, 100_000)  # after the first order for 8 bits a command, and the second
_ROWS = (0x00, 0x40, 0x14, 0x54)


class LcdModule:
    """columns, rows: of the glass. bytes_taken: how many came over the bus."""

    def __init__(self, columns=20, rows=4):
        self._columns, self._rows = columns, rows
        self.bytes_taken = 0
        self.power_up()

    def power_up(self):
        """Power comes: 8 bits a command, memory and cursor anywhere, display off."""
        self._memory = bytearray(b"?" * 128)
        self._address = 0
        self._bits = 8
        self._resets = 0
        self._half = None
        self._pins = 0
        self._free_ns = 0
        self._on = self._cleared = False

    @property
    def lines(self):
        """What a person would read."""
        if not self._on:
            return None
        return [
            bytes(self._memory[at : at + self._columns]).decode().rstrip()
            for at in _ROWS[: self._rows]
        ]

    def written(self, data, time_ns):
        """Take the bytes of one transfer that ends at `time_ns`."""
        self.bytes_taken += len(data)
        step_ns = 90_000  # a byte at 100 kHz
        time_ns -= len(data) * step_ns
        for octet in data:
            time_ns += step_ns
            if self._pins & _E and not octet & _E:
                if octet & _RW:
                    raise ValueError("reading is not emulated")
                self._take(self._pins >> 4, self._pins & _RS, time_ns)
            self._pins = octet

    def _take(self, nibble, data, time_ns):
        if self._bits == 8:
            self._command(nibble << 4, time_ns)
            if self._resets < len(_RESET_NS):
                self._free_ns = time_ns + _RESET_NS[self._resets]
                self._resets += 1
        elif self._half is None:
            self._half = nibble
        else:
            octet, self._half = self._half << 4 | nibble, None
            if data:
                self._put(octet, time_ns)
            else:
                self._command(octet, time_ns)

    def _put(self, octet, time_ns):
        self._work(_FAST_NS, time_ns)
        if self._address is None:
            raise ValueError("own characters are not emulated")
        self._memory[self._address] = octet
        self._address += 1

    def _command(self, command, time_ns):
        self._work(_SLOW_NS if command < 4 else _FAST_NS, time_ns)
        if command & 0x80:
            self._address = command & 0x7F
        elif command & 0x40:
            self._address = None  # own characters; they are not emulated
        elif command & 0x20:
            self._bits = 8 if command & 0x10 else 4
        elif command & 0x08:
            self._on = bool(command & 0x04)
        elif command == 1:
            self._memory = bytearray(b" " * 128)
            self._address = 0
            self._cleared = True
        elif command != 0x06:
            raise ValueError("command 0x%02x is not emulated" % command)

    def _work(self, duration_ns, time_ns):
        if time_ns < self._free_ns:
            raise ValueError("the display is still busy")
        self._free_ns = time_ns + duration_ns
