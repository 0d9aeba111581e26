"""A TM1637 on two pins of an emulated chip: it watches their levels and decodes the frames."""

from world import FLOATING, WORLD


class Tm1637Chip:
    """memory: the six digits' segments. on: whether they are lit. attached: whether it answers."""

    def __init__(self, clk, dio):
        self.memory = bytearray(6)
        self.on = False
        self.attached = True
        self._clk, self._dio = WORLD.wire(clk), WORLD.wire(dio)
        self._clk.listeners.append(self._clock_changed)
        self._dio.listeners.append(self._data_changed)
        self._dio.outside = self
        self._frame = None  # bits since the start, None between frames
        self._acknowledging = False

    def level_at(self, _pin, _time_ns):
        """Pull the data line low for the acknowledge."""
        return 0 if self._acknowledging else FLOATING

    def _high(self, wire):
        return wire.output is FLOATING or wire.output == 1

    def _clock_changed(self, _pin, _output, _time_ns):
        if self._frame is None:
            return
        if self._high(self._clk):
            if not self._acknowledging:
                self._frame.append(int(self._high(self._dio)))
        elif self._acknowledging:
            self._acknowledging = False
        elif self._frame and len(self._frame) % 8 == 0:
            self._acknowledging = self.attached

    def _data_changed(self, _pin, _output, _time_ns):
        if not self._high(self._clk):
            return
        if not self._high(self._dio):
            self._frame = []  # start
        elif self._frame is not None and not self._acknowledging:
            frame, self._frame = self._frame, None  # stop
            if self.attached:
                self._take(frame)

    def _take(self, bits):
        if len(bits) % 8 == 1:
            bits = bits[:-1]  # the clock of the stop
        octets = []
        for at in range(0, len(bits), 8):
            octets.append(sum([bit << place for place, bit in enumerate(bits[at : at + 8])]))
        if octets[0] & 0xC0 == 0xC0:
            at = octets[0] & 0x0F
            self.memory[at : at + len(octets) - 1] = bytes(octets[1:])
        elif octets[0] & 0xC0 == 0x80:
            self.on = bool(octets[0] & 0x08)
        elif octets[0] != 0x40:
            raise ValueError("command 0x%02x is not emulated" % octets[0])
