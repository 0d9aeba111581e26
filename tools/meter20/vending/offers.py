"""Offers: what a meter can be sold now, and what an order comes to. Changes nothing.

`sales` sells by the same reckoning; points of sale show it before somebody pays.
"""

from collections.abc import Callable
from dataclasses import dataclass

from meter20.vending import fitting, free_units, meter_time, refusal, tariff_list, typed_lines
from meter20.vending.amounts import PER_CENT
from meter20.vending.models import Meter
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.tariff import MAX_UNITS, Account, Quote, Tariff, check_exact
from meter20.vending.typed_lines import Line

_MOST_CENTS = 10**11  # what is searched; no household pays more at once


@dataclass(frozen=True)
class Offer:
    """What a meter can be sold: `least` to `most` cents, 0 and 0 if no money has a price for it.

    debt: cents. free: free units (0.1 kWh) that are due and can be issued now.
    """

    currency: str
    least: int
    most: int
    debt: int
    free: int


def of(desk: Desk, meter: Meter) -> Offer:
    """Return what `meter` can be sold now."""
    tariff = tariff_list.tariff_of(desk.session, meter)
    month = meter_time.month_now(desk, meter)
    least, most = (0, 0) if tariff is None else _bounds(meter, tariff, account(meter, month))
    due = free_units.request(desk, meter, free_due(meter, tariff, month))
    return Offer(
        tariff.currency if tariff else "", least, most, meter.debt_cents, due.value if due else 0
    )


def now(desk: Desk, meter: Meter, money: int | None, units: int | None = None) -> Quote:
    """Return what an order comes to now; raises Refusal as `quote` does."""
    month = meter_time.month_now(desk, meter)
    tariff = tariff_list.tariff_of(desk.session, meter)
    return quote(meter, tariff, money, units, account(meter, month))


def account(meter: Meter, month: meter_time.Month) -> Account:
    """Return where the customer stands before a purchase in `month`."""
    return Account(
        debt=meter.debt_cents,
        carried=meter.carried_cents,
        bought=month.units,
        fixed_due=not month.fixed,
        free_due=not month.free,
    )


def free_due(meter: Meter, tariff: Tariff | None, month: meter_time.Month) -> int:
    """Return the free units (0.1 kWh) of the month and of earlier ones that are not issued yet."""
    return meter.free_owed + (0 if tariff is None or month.free else tariff.free)


def quote(
    meter: Meter, tariff: Tariff | None, money: int | None, units: int | None, stands: Account
) -> Quote:
    """Return what `money` (cents) buys, or `units` (0.1 kWh) cost.

    Raises Refusal where meter, tariff and order do not fit.
    """
    if (money is None) == (units is None):
        raise Refusal(refusal.VALUE, "Say either how much money or how many kWh.")
    if meter.accounting == fitting.MONEY and money is None:
        raise Refusal(refusal.VALUE, f"Meter {meter.drn} counts money: sell it money.")
    if money is not None:
        quoted = _for_money(meter, _needed(tariff, meter), stands)
        made = quoted(money)
        if _too_much(quoted, made):
            kwh = f"{MAX_UNITS // 10}.{MAX_UNITS % 10}"
            raise Refusal(refusal.VALUE, f"One token carries {kwh} kWh: this buys more than that.")
        return made
    assert units is not None
    if tariff is not None:
        return tariff.for_energy(units, stands)
    check_exact(units)
    return Quote(0, units, [], typed=[Line(typed_lines.STEP, 0, units)])


def _needed(tariff: Tariff | None, meter: Meter) -> Tariff:
    if tariff is None:
        raise Refusal(
            refusal.STATE,
            f"Meter {meter.drn} has no tariff, so money has no price.",
            "Add one with `meter20 vend tariff add`, or sell kWh.",
        )
    return tariff


def _for_money(meter: Meter, tariff: Tariff, stands: Account) -> Callable[[int], Quote]:
    way = tariff.for_transfer if meter.accounting == fitting.MONEY else tariff.for_money
    return lambda cents: way(cents, stands)


def _too_much(quoted: Callable[[int], Quote], made: Quote) -> bool:
    """Say whether money is left over although the token carries all that one can."""
    return made.units == MAX_UNITS and quoted(made.paid - 1).units == MAX_UNITS


def _bounds(meter: Meter, tariff: Tariff, stands: Account) -> tuple[int, int]:
    """Return the least and the most cents that one token carries; both 0 if none does."""
    quoted = _for_money(meter, tariff, stands)
    row = meter.vending_key
    in_money = meter.accounting == fitting.MONEY
    limit = row.max_token_currency if in_money else row.max_token_energy

    def buys(cents: int) -> bool:
        try:
            quoted(cents)
        except Refusal:
            return False
        return True

    def fits(cents: int) -> bool:
        if cents < least:
            return True
        made = quoted(cents)
        carried = made.transfer * PER_CENT if in_money else made.units
        return not _too_much(quoted, made) and (limit is None or carried <= limit)

    if not buys(_MOST_CENTS):
        return 0, 0
    least = _first(1, _MOST_CENTS, buys)
    return least, _first(least, _MOST_CENTS, lambda cents: not fits(cents)) - 1


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the first number for which something holds that goes on holding; `high` at most."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
