"""Flags of the extended token set, and which of them this meter has.

The 16-bit value of SetControlOrFlag is an index (6 bits) and the rest (10
bits). Index 63 sets a flag: its number (9 bits) and its new value (1 bit).
Controls (index 0 to 62) are reserved: none is known.

Pure domain: no ports, no clock, no I/O.
Source: STS 202-5, SetFlag and SetControl; the place of the flag number is inferred.
"""

from micropython import const

# Flag 0, CTS_TEST, has no effect on this meter.
DETECT_TAMPER = const(1)
DISCONNECT_SERVICE = const(2)
DISCONNECT_ON_TAMPER = const(3)
DISCONNECT_ON_POWER_LIMIT = const(4)
_KNOWN = const(5)

#: Flags of a new meter, flag n in bit n.
DEFAULT = const(0b11010)

_FLAG_INDEX = const(63)


def applied(flags: int, value: int):
    """Return `flags` after a SetControlOrFlag of `value`, None if this meter has no such thing."""
    number = value >> 1 & 0x1FF
    if value >> 10 != _FLAG_INDEX or number >= _KNOWN:
        return None
    return flags & ~(1 << number) | (value & 1) << number


def has(flags: int, number: int) -> bool:
    """Whether flag `number` is set in `flags`."""
    return bool(flags >> number & 1)
