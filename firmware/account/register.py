"""Credit register: pulses in, watt-hours off the credit.

Energy is an integer in Wh; what a pulse leaves below one Wh is kept exactly,
as a remainder in units of 1/imp_per_kwh Wh. So at all times
total_wh * imp_per_kwh + remainder == 1000 * pulses, and in a meter that counts
energy credit == all credited - all consumed. A meter that keeps money takes the
price of each Wh off instead, with the same care for what is below one unit.
Credit may fall below 0 by what flows before the load switch has opened, or in hours
without a cut-off; it is repaid first. A debt ends at the most that the display shows.

Pure domain: no ports, no clock, no I/O.
"""

from collections import namedtuple

from account import tariff

#: Most credit a meter holds: 9 999 999.9 kWh, the widest that the 16-column display shows.
CREDIT_MAX_WH = 9_999_999_900
#: The same for money: 99 999 999.99999 currency units, in 10^-5 units.
CREDIT_MAX_CURRENCY = 9_999_999_999_999
#: What the record can hold; no step of a tariff begins above it.
_PERIOD_WH_MAX = 0xFFFFFFFF

#: credit: what may still be used, may be negative; Wh, or 10^-5 currency units. total_wh: consumed
#: since manufacture. remainder: energy below 1 Wh not yet taken off, in 1/imp_per_kwh Wh.
#: cost_remainder: money below 10^-5 units not yet taken off, in 10^-8. period, period_wh: the
#: tariff period and what was consumed in it, both 0 while no clock is trusted.
Register = namedtuple(
    "Register", ("credit", "total_wh", "remainder", "cost_remainder", "period", "period_wh")
)

EMPTY = Register(0, 0, 0, 0, 0, 0)


def consumed(register, pulses: int, imp_per_kwh: int, steps=(), period: int = 0):
    """Return `register` after `pulses` of a meter with `imp_per_kwh`, 1..100000.

    steps: the tariff of a meter that keeps money, () for one that counts energy.
    period: the tariff period of now, 0 without a trusted clock.
    """
    credit, total_wh, remainder, cost_remainder, _period, period_wh = register
    wh, remainder = divmod(remainder + 1000 * pulses, imp_per_kwh)
    if not steps:
        return Register(max(credit - wh, -CREDIT_MAX_WH), total_wh + wh, remainder, 0, 0, 0)
    period = tariff.period_to_count(register.period, period)
    if period > _period or not period:
        period_wh = 0
    spent = tariff.cost(steps, period_wh, wh) if period else wh * steps[0][1]
    money, cost_remainder = divmod(cost_remainder + spent, 1000)
    period_wh = min(period_wh + wh, _PERIOD_WH_MAX) if period else 0
    credit = max(credit - money, -CREDIT_MAX_CURRENCY)
    return Register(credit, total_wh + wh, remainder, cost_remainder, period, period_wh)


def credited(register, amount: int, credit_max: int):
    """Return `register` with `amount` more credit (less, if negative), None if it overflows.

    Source: IEC 62055-41, OverflowError.
    """
    credit = register.credit + amount
    return None if abs(credit) > credit_max else with_credit(register, credit)


def with_credit(register, credit: int):
    """Return `register` with its credit set to `credit`."""
    return Register(*((credit,) + tuple(register)[1:]))
