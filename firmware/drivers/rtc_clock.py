"""Clocks with a battery on I2C: DS3231 and PCF8563.

Both have a flag that says that their oscillator stopped, so that their time is wrong; setting
the time clears the flag. Registers that hold no time give None. The driver works the weekday
out from the date, since nobody checks the weekday in the chip.
"""

from micropython import const
from ports.clock import FIRST_YEAR, Clock, is_time, weekday

_NONE = const(0xFF)  # more than any register can tell
_STATUS = const(0x0F)  # register of the DS3231
_STOPPED = const(0x80)  # in it
_TWELVE_HOURS, _AFTERNOON = const(0x40), const(0x20)  # in its hours
_CONTROL = const(0x00)  # register of the PCF8563
_HALTED = const(0xA0)  # in it: the clock stands still, for tests or to be started exactly
_VOLTAGE_LOW = const(0x80)  # in the seconds of the PCF8563; writing them clears it


class _RtcClock(Clock):
    """What both have in common: seven registers in BCD, in an order of their own."""

    address = 0
    first_register = 0
    #: Where second, minute, hour, day, month, year lie behind the first register.
    order = b""
    #: Bits of these six that hold digits, and bits of them that must be 0 for a time to be read.
    masks = b""
    wrong = b""

    def __init__(self, i2c):
        self._i2c = i2c

    def now(self):
        try:
            if not self.trusted():
                return None
            registers = self._i2c.readfrom_mem(self.address, self.first_register, 7)
        except OSError:
            return None  # no clock answers: none is trusted
        octets = [registers[place] for place in self.order]
        for octet, wrong in zip(octets, self.wrong):
            if octet & wrong:
                return None
        octets[2] = self.hour(octets[2])
        return _time([octet & mask for octet, mask in zip(octets, self.masks)])

    def hour(self, register: int) -> int:
        """Return the hours' `register` as it is in 24-hour mode, _NONE for no hour."""
        return register

    def set(self, year: int, month: int, day: int, hour: int, minute: int, second: int):
        registers = bytearray(7)
        for place, value in zip(self.order, (second, minute, hour, day, month, year - FIRST_YEAR)):
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
    masks = b"\xff\xff\xff\xff\x1f\xff"
    wrong = b"\x80\x80\x80\xc0\xe0\x00"  # in the month, 0x80 is the century: 2100, not ours

    def hour(self, register):
        if not register & _TWELVE_HOURS:
            return register
        hour = _number(register & 0x1F)
        if not 1 <= hour <= 12:
            return _NONE
        hour = hour % 12 + (12 if register & _AFTERNOON else 0)
        return hour // 10 << 4 | hour % 10

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
    masks = b"\x7f\x7f\x3f\x3f\x1f\xff"  # its other bits mean nothing when read
    wrong = b"\x80\x00\x00\x00\x80\x00"  # lost time; the century that `set` does not write

    def trusted(self):
        control, _, seconds = self._i2c.readfrom_mem(self.address, _CONTROL, 3)
        return not (control & _HALTED or seconds & _VOLTAGE_LOW)

    def trust(self):
        self._i2c.writeto_mem(self.address, _CONTROL, b"\x00")  # `set` wrote the seconds


def _time(registers):
    """Return the tuple of ports.clock.Clock.now from six in BCD, None if they hold no time."""
    second, minute, hour, day, month, year = [_number(octet) for octet in registers]
    year += FIRST_YEAR
    if not is_time(year, month, day, hour, minute, second):
        return None
    return year, month, day, weekday(year, month, day), hour, minute, second


def _number(bcd):
    """Return the number of two decimal digits, _NONE if one is none."""
    tens, ones = bcd >> 4, bcd & 0xF
    return tens * 10 + ones if tens < 10 and ones < 10 else _NONE
