"""Seven-segment display with a TM1637: four or six digits that show the credit.

*Why* not the library that everybody uses: it is on no index that a frozen build
can `require`, it leaves the order of six-digit modules to the caller, and it does
not look at the acknowledge, so that a display that came loose goes unnoticed.
"""

from micropython import const
from ports.credit_display import CreditDisplay

_WRITE = const(0x40)  # data follows, address counts up
_FIRST = const(0xC0)
_ON = const(0x88)
_POINT = const(0x80)
_MINUS = const(0x40)
_DIGITS = b"\x3f\x06\x5b\x4f\x66\x6d\x7d\x07\x7f\x6f"
_EIO = const(5)
#: Where a digit lies in the chip's memory; six-digit modules are wired in two halves.
_PLACES = {4: b"\x00\x01\x02\x03", 6: b"\x02\x01\x00\x05\x04\x03"}


class Tm1637Display(CreditDisplay):
    """Display on `clk` and `dio`, pins as open drain, high, with pull-up.

    digits: 4 or 6. brightness: 0 to 7. With four digits 12.34 is 12.34 kWh, 1234. is
    1234 kWh; what does not fit shows as dashes. Sending takes 5 ms on an RP2040.
    """

    def __init__(self, clk, dio, digits: int = 4, brightness: int = 4):
        self._clk = clk
        self._dio = dio
        self._digits = digits
        self._brightness = brightness
        self._shown = None

    def show_wh(self, credit_wh):
        segments = _segments(credit_wh, self._digits)
        if segments == self._shown:
            return
        self._shown = None  # until the display has acknowledged all of it
        memory = bytearray(self._digits)
        for digit, place in enumerate(_PLACES[self._digits]):
            memory[place] = segments[digit]
        self._send(bytes((_WRITE,)))
        self._send(bytes((_FIRST,)) + memory)
        self._send(bytes((_ON | self._brightness,)))
        self._shown = segments

    def _send(self, data):
        clk, dio = self._clk, self._dio
        dio.value(0)  # start: data falls while the clock is high
        acknowledged = True
        for octet in data:
            acknowledged = self._send_byte(octet) and acknowledged
        clk.value(0)
        dio.value(0)
        clk.value(1)
        dio.value(1)  # stop: data rises while the clock is high
        if not acknowledged:
            raise OSError(_EIO)

    def _send_byte(self, octet) -> bool:
        """Send eight bits, lowest first; return whether the display acknowledged."""
        clk, dio = self._clk, self._dio
        for _ in range(8):
            clk.value(0)
            dio.value(octet & 1)
            clk.value(1)
            octet >>= 1
        clk.value(0)
        dio.value(1)
        clk.value(1)
        return dio.value() == 0


def _segments(wh, digits):
    """Return the segments of `wh` as kWh, with as many decimals as there is room for."""
    negative = wh < 0
    places = digits - negative
    if abs(wh) // 1000 >= 10**places:
        return bytes((_MINUS,)) * digits
    decimals, number = 3, abs(wh)
    while number >= 10**places or decimals > 2:
        number //= 10
        decimals -= 1
    text = ("%0" + str(decimals + 1) + "d") % number
    body = bytearray([_DIGITS[int(digit)] for digit in text])
    body[len(body) - 1 - decimals] |= _POINT
    if negative:
        body = bytearray((_MINUS,)) + body
    return bytes(digits - len(body)) + bytes(body)
