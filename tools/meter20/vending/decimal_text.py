"""Decimal texts, such as amounts of money and energy, as the whole numbers that the station keeps.

What is finer than the smallest unit is refused, and never rounded: nobody knows what was meant.
"""

import re
from decimal import Context, Decimal, Inexact

from meter20.vending import refusal
from meter20.vending.refusal import Refusal

_AMOUNT = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_AMOUNT_END = 10**12
_EXACT = Context(prec=40, traps=[Inexact])  # what it would round is refused


def hundredths(text: str, what: str) -> int:
    """Return a decimal text in hundredths (cents); raises Refusal if finer or negative."""
    return scaled(text, 100, what)


def tenths(text: str, what: str) -> int:
    """Return kWh as a number of 0.1 kWh; raises Refusal, and names the neighbours, if finer."""
    value = _decimal(text, what)
    try:
        return _exactly(value, 10)
    except Inexact:
        whole = int(value * 10)
        raise Refusal(
            refusal.VALUE,
            f"A token carries multiples of 0.1 kWh: {text.strip()} kWh would be "
            f"{whole / 10} or, rounded up as the standard does, {(whole + 1) / 10}.",
        ) from None


def kwh(units: int) -> str:
    """Return a number of 0.1 kWh, not negative, as a decimal text."""
    return f"{units // 10}.{units % 10}"


def scaled(text: str, scale: int, what: str) -> int:
    """Return a decimal text times `scale`, a whole number; raises Refusal if it is none."""
    try:
        return _exactly(_decimal(text, what), scale)
    except Inexact:
        raise Refusal(
            refusal.VALUE, f"{what}: {text.strip()} is finer than {Decimal(1) / scale:f}."
        ) from None


def _exactly(value: Decimal, scale: int) -> int:
    """Return `value` times `scale`, a whole number; raises Inexact if it is none."""
    product = _EXACT.multiply(value, Decimal(scale))
    return int(_EXACT.quantize(product, Decimal(1)))


def _decimal(text: str, what: str) -> Decimal:
    """Return the amount in `text`: ASCII digits with one point at most, nothing else."""
    if not _AMOUNT.fullmatch(text):
        raise Refusal(refusal.VALUE, f"{what}: {text!r} is not an amount, such as 200 or 10.5.")
    value = Decimal(text)
    if value >= _AMOUNT_END:
        raise Refusal(refusal.VALUE, f"{what}: {text} is more than {_AMOUNT_END - 1}.")
    return value
