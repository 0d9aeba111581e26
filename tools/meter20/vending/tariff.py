"""Tariffs: what a payment buys, exactly, and a receipt whose lines add up to the cent.

Pure integers: money in cents, energy in 0.1 kWh, prices in 10^-5 of the currency unit per kWh.
A payment pays, in this order, a share of the customer's debt, the fixed charge, and energy step
by step with tax; what is left is less than the next 0.1 kWh and is carried to the next purchase.
Nothing is lost to rounding: debt + fixed charge + energy + tax + carried on = paid + carried over.

| term | holds |
| --- | --- |
| currency | its short name, `ZAR` |
| steps | [{"up_to_kwh": "350", "price": "2.1345"}, {"price": "2.98"}], a month, before tax |
| tax_percent | on energy and fixed charge, two decimals at most |
| fixed_charge, fixed_per | before tax; once a "month" with a purchase, or each "purchase" |
| debt_share_percent | share of a payment that repays debt, 0 to 100 |
| free_kwh | free basic units a month, issued with the first purchase of it |
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

from msgspec import Struct

from meter20.vending import amounts, plain_text, refusal, typed_lines
from meter20.vending.decimal_text import hundredths, kwh, scaled, tenths
from meter20.vending.refusal import Refusal
from meter20.vending.typed_lines import Line

#: The most that one token carries, 0.1 kWh. Source: reference of the 16-bit decimal float.
MAX_UNITS = 18_201_624
_MANTISSAS = 1 << 14
MONTH, PURCHASE = "month", "purchase"
_PRICE_SCALE = 100_000
_BOOKS_MAX = 10**14  # cents; sums of them fit the database
_COST_PER_CENT = 10_000  # 0.1 kWh at 10^-5 a kWh costs 10^-6: ten thousand of them are a cent


def carried_by_token(units: int) -> int:
    """Return the largest number up to `units` that a token can say exactly.

    Every number up to 16383 (1638.3 kWh), then every tenth, hundredth and thousandth.
    """
    offset, scale = _range(units)
    return offset + (units - offset) // scale * scale


def _range(units: int) -> tuple[int, int]:
    """Return the first number and the step of the range of exact numbers that `units` lies in."""
    scale, offset = 1, 0
    while units - offset >= _MANTISSAS * scale:
        offset += _MANTISSAS * scale
        scale *= 10
    return offset, scale


class Account(Struct, frozen=True):
    """Where a customer stands before a purchase. Cents and 0.1 kWh; `bought` is this month's."""

    debt: int = 0
    carried: int = 0
    bought: int = 0
    fixed_due: bool = True
    free_due: bool = True


class Quote(Struct, frozen=True):
    """What a purchase comes to. `lines` add up to `paid`; `units` go on the token (0.1 kWh).

    transfer: cents that a currency token carries, 0 for an energy token. carried: what is kept
    for the next purchase. free: free units to issue besides. typed: the lines, for programs.
    """

    paid: int
    units: int
    lines: list[list]  # [words, cents] of each, as a slip keeps them
    debt: int = 0
    carried: int = 0
    transfer: int = 0
    fixed: bool = False
    free: int = 0
    typed: list[Line] = []

    def __post_init__(self):
        """Raise Refusal for what the books cannot hold: a price list may say anything."""
        if max(abs(self.paid), abs(self.debt), abs(self.carried), abs(self.transfer)) > _BOOKS_MAX:
            raise Refusal(refusal.VALUE, f"This comes to more than {_BOOKS_MAX // 100:.0e}.")


@dataclass(frozen=True)
class Tariff:
    """A price list. steps: (last 0.1 kWh of the month or None, price in 10^-5 per kWh)."""

    currency: str
    steps: tuple[tuple[int | None, int], ...]
    tax: int = 0
    fixed: int = 0
    fixed_per: str = MONTH
    debt_share: int = 0
    free: int = 0

    @classmethod
    def from_terms(cls, terms: dict) -> "Tariff":
        """Return the tariff of `terms`; raises Refusal for a term that is wrong or unknown."""
        known = {
            "currency", "steps", "tax_percent", "fixed_charge", "fixed_per",
            "debt_share_percent", "free_kwh",
        }  # fmt: skip
        if not isinstance(terms, dict):
            raise Refusal(refusal.VALUE, f"A tariff has these terms: {', '.join(sorted(known))}.")
        for term in terms:
            if term not in known:
                raise Refusal(
                    refusal.VALUE,
                    f"A tariff has no term {term!r}, but these: {', '.join(sorted(known))}.",
                )
        share = scaled(str(terms.get("debt_share_percent", 0)), 1, "debt_share_percent")
        per = terms.get("fixed_per", MONTH)
        if share > 100 or per not in (MONTH, PURCHASE):
            raise Refusal(
                refusal.VALUE, 'debt_share_percent is 0 to 100, fixed_per "month" or "purchase".'
            )
        return cls(
            currency=plain_text.checked(str(terms.get("currency", "")), "currency"),
            steps=_steps(terms.get("steps")),
            tax=hundredths(str(terms.get("tax_percent", 0)), "tax_percent"),
            fixed=hundredths(str(terms.get("fixed_charge", 0)), "fixed_charge"),
            fixed_per=per,
            debt_share=share,
            free=tenths(str(terms.get("free_kwh", 0)), "free_kwh"),
        )

    @staticmethod
    @lru_cache(maxsize=64)
    def from_text(text: str) -> "Tariff":
        """Return the tariff of terms in JSON; raises Refusal as `from_terms` does."""
        return Tariff.from_terms(json.loads(text))

    def for_money(self, paid: int, account: Account) -> Quote:
        """Return what `paid` cents buy; raises Refusal when it is less than 0.1 kWh."""
        debt = min(account.debt, paid * self.debt_share // 100)
        left = paid + account.carried - debt
        fixed = self._fixed_due(account)
        units = self._affordable(left, fixed, account.bought)
        if units == 0:
            least = self._total(1, fixed, account.bought)
            why = f"{_money(debt)} of it repays debt, and " if debt else ""
            why += "with the fixed charge " if fixed else ""
            why += f"0.1 kWh costs {_money(least)}"
            raise Refusal(
                refusal.VALUE, f"{_money(paid)} {self.currency} buys less than 0.1 kWh: {why}."
            )
        return self._quote(paid, units, debt, fixed, account)

    def for_energy(self, units: int, account: Account) -> Quote:
        """Return what `units` (0.1 kWh) cost; raises Refusal for a number no token can say."""
        if not 1 <= units <= MAX_UNITS:
            raise Refusal(
                refusal.VALUE, f"A token carries 0.1 to {MAX_UNITS / 10} kWh, not {units / 10}."
            )
        check_exact(units)
        fixed = self._fixed_due(account)
        cost = self._total(units, fixed, account.bought)
        own = max(cost - account.carried, 0)
        if account.debt and self.debt_share == 100:
            raise Refusal(refusal.STATE, "All of a payment repays debt under this tariff.")
        share = -(-own * self.debt_share // (100 - self.debt_share)) if account.debt else 0
        debt = min(account.debt, share)
        return self._quote(own + debt, units, debt, fixed, account)

    def for_transfer(self, paid: int, account: Account) -> Quote:
        """Return what `paid` cents put on a meter that counts money itself."""
        debt = min(account.debt, paid * self.debt_share // 100)
        fixed = self._fixed_due(account)
        charge = self._total(0, fixed, 0)
        left = paid + account.carried - debt - charge
        transfer = amounts.currency_carried_by_token(left) if left > 0 else 0
        if transfer == 0:
            parts = (("debt", debt), ("the fixed charge", charge))
            first = " and ".join(f"{name} ({_money(cents)})" for name, cents in parts if cents)
            raise Refusal(
                refusal.VALUE,
                f"{_money(paid)} {self.currency} does not cover {first or 'a token'}.",
            )
        carried = left - transfer
        lines = [
            ["Debt repaid", debt],
            ["Fixed charge with tax", charge],
            ["Credit", transfer],
            ["Carried over", -account.carried],
            ["Carried on", carried],
        ]
        typed = [
            (typed_lines.DEBT, debt),
            (typed_lines.FIXED, fixed),
            (typed_lines.CHARGE_TAX, charge - fixed, 0, self.tax),
            (typed_lines.CREDIT, transfer),
            *_carried(account.carried, carried),
        ]
        return Quote(
            paid, 0, _worth_saying(lines), debt, carried, transfer, fixed > 0,
            typed=typed_lines.worth_saying(typed),
        )  # fmt: skip

    def _quote(self, paid: int, units: int, debt: int, fixed: int, account: Account) -> Quote:
        steps = self._step_lines(units, account.bought)
        net = fixed + sum([line.cents for line in steps])
        charge_tax, tax = self._tax(fixed), self._tax(net)
        carried = paid + account.carried - debt - net - tax
        lines = [
            ["Debt repaid", debt],
            ["Fixed charge", fixed],
            *[[_step_words(line), line.cents] for line in steps],
            [self._tax_words, tax],
            ["Carried over", -account.carried],
            ["Carried on", carried],
        ]
        typed = [
            (typed_lines.DEBT, debt),
            (typed_lines.FIXED, fixed),
            (typed_lines.CHARGE_TAX, charge_tax, 0, self.tax),
            *steps,
            (typed_lines.ENERGY_TAX, tax - charge_tax, 0, self.tax),
            *_carried(account.carried, carried),
        ]
        return Quote(
            paid, units, _worth_saying(lines), debt, carried, 0, fixed > 0,
            self._free_due(account), typed_lines.worth_saying(typed),
        )  # fmt: skip

    def _fixed_due(self, account: Account) -> int:
        return self.fixed if account.fixed_due or self.fixed_per == PURCHASE else 0

    def _free_due(self, account: Account) -> int:
        return self.free if account.free_due else 0

    def _affordable(self, cents: int, fixed: int, bought: int) -> int:
        """Return the most units whose total is within `cents`, of those a token can say."""
        low, high = self._bracket(cents, fixed)
        while low < high:
            middle = (low + high + 1) // 2
            if self._total(middle, fixed, bought) <= cents:
                low = middle
            else:
                high = middle - 1
        return carried_by_token(low)

    def _bracket(self, cents: int, fixed: int) -> tuple[int, int]:
        """Return (few, many) units that are within `cents`, and that are not, nearly.

        By the dearest and the cheapest step, two cents off for all that was rounded.
        """
        net = cents * 10_000 // (10_000 + self.tax) - fixed
        cheapest, dearest = self._prices
        low = max(net - 2, 0) * _COST_PER_CENT // dearest
        high = max(net + 2, 0) * _COST_PER_CENT // cheapest if cheapest else MAX_UNITS
        return min(low, MAX_UNITS), min(high, MAX_UNITS)

    @cached_property
    def _prices(self) -> tuple[int, int]:
        """The prices of the cheapest and of the dearest step, of which the latter is not 0."""
        prices = [price for _, price in self.steps]
        return min(prices), max(*prices, 1)

    @cached_property
    def _tax_words(self) -> str:
        return f"Tax {self.tax / 100:g} %"

    def _total(self, units: int, fixed: int, bought: int) -> int:
        net = fixed + _cents(self._cost(units, bought))
        return net + self._tax(net)

    def _tax(self, net: int) -> int:
        return (net * self.tax + 5_000) // 10_000

    def _cost(self, units: int, bought: int) -> int:
        """Return the price of `units` after `bought` this month, in 10^-6 of the currency unit."""
        return sum([part * price for part, price in self._parts(units, bought)])

    def _parts(self, units: int, bought: int) -> list[tuple[int, int]]:
        """Return (units, price) step by step."""
        parts = []
        for end, price in self.steps:
            part = units if end is None else max(min(units, end - bought), 0)
            if part:
                parts.append((part, price))
            units -= part
            bought += part
        return parts

    def _step_lines(self, units: int, bought: int) -> list[Line]:
        """Return a line for each step; rounded so that their sum is the rounded sum."""
        lines, cost, cents = [], 0, 0
        for part, price in self._parts(units, bought):
            cost += part * price
            lines.append(Line(typed_lines.STEP, _cents(cost) - cents, part, price))
            cents = _cents(cost)
        return lines


def check_exact(units: int) -> None:
    """Raise Refusal, naming the neighbours, when a token can not carry exactly `units`."""
    below = carried_by_token(units)
    if below == units:
        return
    above = below + _range(units)[1]
    raise Refusal(
        refusal.VALUE,
        f"A token can not say {units / 10} kWh exactly: take {below / 10} or {above / 10}.",
    )


def _steps(terms) -> tuple[tuple[int | None, int], ...]:
    """Return the steps in order; raises Refusal unless they rise and the last one has no end."""
    try:
        steps = [
            (
                tenths(str(step["up_to_kwh"]), "up_to_kwh") if "up_to_kwh" in step else None,
                scaled(str(step["price"]), _PRICE_SCALE, "price"),
            )
            for step in terms
        ]
    except (TypeError, KeyError):
        steps = []
    ends = [end for end, _ in steps if end is not None]
    if (
        not steps
        or steps[-1][0] is not None
        or len(ends) + 1 != len(steps)
        or ends != sorted(ends)
    ):
        raise Refusal(
            refusal.VALUE,
            "Each step of a tariff has a price and, except the last, a rising up_to_kwh.",
        )
    return tuple(steps)


def _step_words(line: Line) -> str:
    return f"{kwh(line.units)} kWh at {_price(line.rate)}"


@lru_cache(maxsize=64)
def _price(rate: int) -> str:
    """Return a price in 10^-5 of the currency unit as a text of two decimals or more."""
    whole, part = divmod(rate, _PRICE_SCALE)
    decimals = f"{part:05}".rstrip("0")
    return f"{whole}.{decimals:0<2}"


def _carried(over: int, on: int) -> list[tuple[str, int]]:
    return [(typed_lines.CARRIED_OVER, -over), (typed_lines.CARRIED_ON, on)]


def _worth_saying(lines: list[list]) -> list[list]:
    """Leave out the lines that say nothing; energy at no price still says how much."""
    return [line for line in lines if line[1] or " kWh at " in line[0]]


def _cents(cost: int) -> int:
    return (cost + _COST_PER_CENT // 2) // _COST_PER_CENT


def _money(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"
