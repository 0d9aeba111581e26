"""Amounts, limits and currency as the fields of a token; the inverse of `sts.amount`.

Not every number can be written. An amount is rounded up to the next that can,
so that nobody gets less than was paid for; a currency amount is rounded towards
plus infinity, so a debit takes no more than was ordered. Integers only: settle on
tenths of a kWh, or on 0.00001 of the base unit, before coming here.

Source: IEC 62055-41, Amount, MPL and MPPUL; S&E for currency.
"""

from sts import amount

#: Parts of a currency unit that a token counts in, and of its cent.
PER_UNIT, PER_CENT = 100_000, 1_000

_MANTISSA_BITS = 14
_MANTISSA = 0x3FFF
_EXPONENT = 3
_CURRENCY_EXPONENT = 31
_CURRENCY_SIGN = 1 << 19
#: Where the numbers of each exponent begin.
_OFFSETS = tuple(
    [amount.from_currency_field(each << _MANTISSA_BITS) for each in range(_CURRENCY_EXPONENT + 1)]
)
_LARGEST = amount.from_field(_EXPONENT << _MANTISSA_BITS | _MANTISSA)
_LARGEST_CURRENCY = amount.from_currency_field(_CURRENCY_EXPONENT << _MANTISSA_BITS | _MANTISSA)


def to_field(value: int) -> int:
    """Return the 16-bit field of the smallest amount that is not below `value`.

    value: 0 to 18201624, in 0.1 kWh, 0.1 m3 or 0.1 min for credit, in W for limits.
    Raises ValueError outside (RangeError of the standard).
    """
    if not 0 <= value <= _LARGEST:
        raise ValueError(f"an amount must be 0 to {_LARGEST}")
    return _up(value)


def to_currency_field(value: int) -> int:
    """Return the 20-bit field, S&E before amount, of the smallest number not below `value`.

    value: in 0.00001 of the base currency unit, negative for a debit.
    Raises ValueError for what no exponent reaches.
    """
    if not -_LARGEST_CURRENCY <= value <= _LARGEST_CURRENCY:
        raise ValueError("the currency amount is too large for a token")
    return _up(value) if value >= 0 else _CURRENCY_SIGN | _down(-value)


def currency_carried_by_token(cents: int) -> int:
    """Return the most cents, up to `cents`, that a currency token carries to the cent.

    The token carries that and a part of a cent: rounded up, nobody gets less than was paid for.
    """
    field = _down(cents * PER_CENT + PER_CENT - 1)
    return amount.from_currency_field(field) // PER_CENT


def _up(value):
    exponent = 0
    while True:
        mantissa = -((_OFFSETS[exponent] - value) // 10**exponent)
        if mantissa <= _MANTISSA:
            return exponent << _MANTISSA_BITS | mantissa
        exponent += 1


def _down(value):
    exponent = 0
    while exponent < _CURRENCY_EXPONENT and _OFFSETS[exponent + 1] <= value:
        exponent += 1
    mantissa = min((value - _OFFSETS[exponent]) // 10**exponent, _MANTISSA)
    return exponent << _MANTISSA_BITS | mantissa
