"""What a vending key issued on a day, and the limits of the key.

The limits are sealed with the key, so that nobody changes them in the database; this only counts
and compares.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, insert, select, update

from meter20.vending import refusal, vending_key
from meter20.vending.amounts import PER_CENT, PER_UNIT
from meter20.vending.books import Books
from meter20.vending.models import KeyUsage, VendingKey, table
from meter20.vending.plain_sql import Plain
from meter20.vending.refusal import Refusal
from meter20.vending.vending_key import LIMIT_MAX, KeyTerms

_USAGE = table(KeyUsage)
_OF_DAY = (_USAGE.c.key_id == bindparam("of_key"), _USAGE.c.day == bindparam("of_day"))
_READ_USAGE = Plain(select(_USAGE.c.energy, _USAGE.c.currency, _USAGE.c.tokens).where(*_OF_DAY))
_COUNTED = ("energy", "currency", "tokens")
_ADD_USAGE, _SET_USAGE = Plain(insert(_USAGE)), Plain(update(_USAGE).where(*_OF_DAY), _COUNTED)


class Usage:
    """What a key issued on one day, by the books and in this transaction."""

    last = False

    def __init__(self, books: Books, key_id: int, day: str):
        self._of = {"of_key": key_id, "of_day": day}
        found = _READ_USAGE.row(books.connection(), self._of)
        self._fresh, self._changed = found is None, False
        self.energy, self.currency, self._tokens = found or (0, 0, 0)

    def count(self, kind: str, amount: int) -> None:
        """Add one token."""
        self._tokens, self._changed = self._tokens + 1, True
        unit = vending_key.family(kind)
        if unit == vending_key.CREDIT:
            self.energy += amount
        elif unit == vending_key.CURRENCY:
            self.currency += max(amount, 0)

    def write(self, to: Connection) -> None:
        if not self._changed:
            return
        facts = dict(zip(_COUNTED, (self.energy, self.currency, self._tokens), strict=True))
        if self._fresh:
            of = {"key_id": self._of["of_key"], "day": self._of["of_day"]}
            _ADD_USAGE.run(to, [of | facts])
        else:
            _SET_USAGE.run(to, [self._of | facts])
        self._fresh = self._changed = False


def check(
    usage: Usage, row: VendingKey, terms: KeyTerms, tokens: Iterable[tuple[str, int]]
) -> None:
    """Raise Refusal when a token, or the day with these tokens, passes a limit of the key.

    tokens: (kind, amount) of each.
    """
    today = {vending_key.CREDIT: usage.energy, vending_key.CURRENCY: usage.currency}
    for kind, amount in tokens:
        unit = vending_key.family(kind)
        if unit not in today:
            continue
        today[unit] += max(amount, 0)
        most, most_a_day = terms.limits(kind)
        most_a_day = LIMIT_MAX if most_a_day is None else most_a_day
        if unit == vending_key.CURRENCY:
            amount -= amount % PER_CENT  # a token carries a part of a cent more
        if most is not None and amount > most:
            raise Refusal(
                refusal.LIMIT,
                f"The key {row.label} makes tokens of "
                f"{_amount(most, unit)} at most, not {_amount(amount, unit)}.",
            )
        if today[unit] > most_a_day:
            raise Refusal(
                refusal.LIMIT,
                f"The key {row.label} may issue "
                f"{_amount(most_a_day, unit)} a day; with this token it would be "
                f"{_amount(today[unit], unit)}.",
            )


def _amount(value: int, unit: str) -> str:
    """Return an amount of credit or currency in words."""
    if unit == vending_key.CURRENCY:
        return f"{value / PER_UNIT:.2f} of the currency"
    return f"{value // 10}.{value % 10} kWh"
