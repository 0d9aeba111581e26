"""Tariff: what energy costs, for a meter that keeps its credit in money.

Steps are (up_to_wh, price) pairs: the price in 10^-5 currency units per kWh
holds until the consumption of the period reaches up_to_wh; 0 is no end, and only
the last step has it. A period is a calendar month, in UTC, of a trusted clock; steps begin again
only when it moves forward. A meter without such a clock charges only the first price,
since it cannot tell months apart.

Pure domain: no ports, no clock, no I/O.
"""

from micropython import const

STEPS_MAX = const(4)
PRICE_MAX = const(0xFFFFFFFF)
NO_PERIOD = const(0)


def cost(steps, period_wh: int, wh: int) -> int:
    """Return what `wh` cost after `period_wh` of the period, in 10^-8 currency units."""
    total = 0
    for up_to_wh, price in steps:
        here_wh = wh if up_to_wh == 0 else max(0, min(wh, up_to_wh - period_wh))
        total += here_wh * price
        wh -= here_wh
        period_wh += here_wh
    return total


def price_now(steps, period_wh: int) -> int:
    """Return the price of the next Wh, in 10^-5 currency units per kWh."""
    for up_to_wh, price in steps:
        if up_to_wh == 0 or period_wh < up_to_wh:
            return price
    return 0


def check(steps):
    """Raise ValueError, in words, unless `steps` can be a tariff."""
    if not 1 <= len(steps) <= STEPS_MAX:
        raise ValueError("tariff: 1 to 4 steps are needed")
    before_wh = 0
    for up_to_wh, _price in steps[:-1]:
        if up_to_wh <= before_wh:
            raise ValueError("tariff: each step must end above the one before")
        before_wh = up_to_wh
    if steps[-1][0] != 0:
        raise ValueError("tariff: the last step must have no end (0)")
    if not all(0 < price <= PRICE_MAX for _up_to_wh, price in steps):
        raise ValueError("tariff: a price must be 1 to 4294967295")


def period_of(now) -> int:
    """Return the period of `now`, (year, month, ...) of a trusted clock or None."""
    return NO_PERIOD if now is None else (now[0] - 2000) * 12 + now[1]


def period_to_count(before: int, now: int) -> int:
    """Return the period that consumption counts for, when it counted for `before` until now.

    A clock that goes back over the end of a month, by a correction, does not begin that month's
    steps again: they go on in the later one. One that was set back by more was wrong before, so
    consumption counts for the month that it now tells.
    """
    return before if now == before - 1 and now != NO_PERIOD else now


def credit_wh(register, steps) -> int:
    """Return the credit of `register`, a Register, in Wh; of money, what it buys at the price now.

    steps: () for a meter that counts energy.
    """
    return register.credit * 1000 // _price_of(register, steps) if steps else register.credit


def in_credit(wh: int, register, steps) -> int:
    """Return `wh` in the unit of the credit of `register`; money is rounded up."""
    return -(-wh * _price_of(register, steps) // 1000) if steps else wh


def _price_of(register, steps):
    return price_now(steps, register.period_wh if register.period else 0)
