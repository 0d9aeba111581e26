"""The number of a meter as a person gives it: a DRN of 11 or 13 digits, or a MeterPAN of 18.

Needs no database, so a command looks at the number before it asks for a passphrase.
Source: IEC 62055-41, MeterPAN and DRN.
"""

from functools import lru_cache

from sts import drn as sts_drn

from meter20.vending import refusal
from meter20.vending.refusal import Refusal

_NUMBERS_KEPT = 1 << 12


@lru_cache(_NUMBERS_KEPT)  # a sale asks three times
def checked_drn(number: str) -> str:
    """Return the DRN in `number` (DRN or MeterPAN, grouped or not); raises Refusal if mistyped."""
    digits = "".join(char for char in number if char not in " -")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (11, 13, 18):
        raise Refusal(
            refusal.VALUE,
            f"{number!r} is no meter number: a DRN has 11 or 13 digits, a MeterPAN 18.",
        )
    expected = sts_drn.check_digit(digits[:-1])
    if expected != digits[-1]:
        raise Refusal(
            refusal.VALUE,
            f"{digits} has a wrong check digit: after {digits[:-1]} comes {expected}, not "
            f"{digits[-1]}. Look at all digits: any one of them may be mistyped.",
        )
    if len(digits) != 18:
        return digits
    if not sts_drn.pan_ok(digits):
        raise Refusal(
            refusal.VALUE,
            f"{digits} is no MeterPAN: it begins with 600727 or 0000, and the DRN in it ends with "
            "a check digit of its own.",
        )
    return sts_drn.split_pan(digits)[1]
