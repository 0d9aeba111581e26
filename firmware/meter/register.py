"""Credit register: pulses in, watt-hours off the credit.

Energy is an integer in Wh; what a pulse leaves below one Wh is kept exactly,
as a remainder in units of 1/imp_per_kwh Wh. So for ever
total_wh * imp_per_kwh + remainder == 1000 * pulses, and
credit_wh == all credited - all consumed. Credit may fall below 0 by what flows
before the load switch has opened; it is repaid first.

Pure domain: no ports, no clock, no I/O.
"""

from collections import namedtuple

#: Most credit a meter holds, Wh; the widest that the 16-column display shows.
CREDIT_MAX_WH = 9_999_999_900

#: credit_wh: what may still be used, may be negative. total_wh: consumed since manufacture.
#: remainder: energy below 1 Wh not yet taken off, in 1/imp_per_kwh Wh.
Register = namedtuple("Register", ("credit_wh", "total_wh", "remainder"))

EMPTY = Register(0, 0, 0)


def consumed(register, pulses: int, imp_per_kwh: int):
    """Return `register` after `pulses` of a meter with `imp_per_kwh`, 1..100000."""
    wh, remainder = divmod(register.remainder + 1000 * pulses, imp_per_kwh)
    return Register(register.credit_wh - wh, register.total_wh + wh, remainder)


def credited(register, amount_wh: int):
    """Return `register` with `amount_wh` more credit, or None if it would overflow.

    Source: IEC 62055-41, OverflowError.
    """
    credit_wh = register.credit_wh + amount_wh
    if credit_wh > CREDIT_MAX_WH:
        return None
    return Register(credit_wh, register.total_wh, register.remainder)
