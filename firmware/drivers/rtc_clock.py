"""Clocks with a battery on I2C: DS3231 and PCF8563.

Both tell by a flag that their oscillator stopped, so that their time is not to be
trusted; setting the time clears it. The weekday is worked out from the date: what
the chip holds for it nobody checks.
"""

from micropython import const
from ports.clock import Clock

_CENTURY = const(2000)
_STATUS = const(0x0F)  # register of the DS3231
_STOPPED = const(0x80)  # in it
_VOLTAGE_LOW = const(0x80)  # in the seconds of the PCF8563; writing them clears it


class _RtcClock(Clock):
    """What both have in common: seven registers in BCD, in an order of their own."""

    address = 0
    first_register = 0
    #: Where second, minute, hour, day, month, year lie behind the first register.
    order = b""

    def __init__(self, i2c):
        self._i2c = i2c

    def now(self):
        try:
            if not self.trusted():
                return None
            registers = self._i2c.readfrom_mem(self.address, self.first_register, 7)
        except OSError:
            return None  # no clock answers: none is trusted
        return _time(registers, self.order)

    def set(self, year: int, month: int, day: int, hour: int, minute: int, second: int):
        """Set the clock, 2000 to 2099. Raises OSError when it does not answer."""
        registers = bytearray(7)
        for place, value in zip(self.order, (second, minute, hour, day, month, year - _CENTURY)):
            registers[place] = value // 10 << 4 | value % 10
        self._i2c.writeto_mem(self.address, self.first_register, registers)
        self.trust()

    def trusted(self) -> bool:
        """Return whether the oscillator ran since the clock was set. Raises OSError."""
        raise NotImplementedError

    def trust(self):
        """Note that the clock was set. Raises OSError."""
        raise NotImplementedError


class Ds3231(_RtcClock):
    """DS3231 on `i2c`."""

    address = 0x68
    first_register = 0x00
    order = b"\x00\x01\x02\x04\x05\x06"

    def trusted(self):
        return not self._i2c.readfrom_mem(self.address, _STATUS, 1)[0] & _STOPPED

    def trust(self):
        status = self._i2c.readfrom_mem(self.address, _STATUS, 1)[0]
        self._i2c.writeto_mem(self.address, _STATUS, bytes((status & ~_STOPPED & 0xFF,)))


class Pcf8563(_RtcClock):
    """PCF8563 on `i2c`."""

    address = 0x51
    first_register = 0x02
    order = b"\x00\x01\x02\x03\x05\x06"

    def trusted(self):
        seconds = self._i2c.readfrom_mem(self.address, self.first_register, 1)[0]
        return not seconds & _VOLTAGE_LOW

    def trust(self):
        pass  # `set` wrote the seconds


#: Bits of second, minute, hour, day, month and year that hold digits.
_MASKS = b"\x7f\x7f\x3f\x3f\x1f\xff"


def _time(registers, order):
    """Return the tuple of ports.clock.Clock.now, None if the registers hold no time."""
    second, minute, hour, day, month, year = [
        _number(registers[place] & mask) for place, mask in zip(order, _MASKS)
    ]
    if not (second < 60 and minute < 60 and hour < 24 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    year += _CENTURY
    return year, month, day, _weekday(year, month, day), hour, minute, second


def _number(bcd):
    return (bcd >> 4) * 10 + (bcd & 0xF)


def _weekday(year, month, day) -> int:
    """Return the weekday of a date since 2000, 0 for Monday."""
    if month < 3:
        month, year = month + 12, year - 1
    return (day + 13 * (month + 1) // 5 + year + year // 4 - year // 100 + year // 400 + 5) % 7
