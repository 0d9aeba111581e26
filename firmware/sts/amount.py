"""Amounts and limits as tokens carry them: decimal floating point with whole results.

    value = m * 10^e + offset(e), where offset(e) = sum of 2^14 * 10^(i-1) for i = 1..e

so that each exponent begins where the one before ends. Some numbers have no such
form: the station rounds an amount *up* to the next number that has one, a currency
amount towards plus infinity. The meter adds what it reads and rounds nothing.
Integers only; imports `const`, nothing else.

Source: IEC 62055-41, Amount, MPL and MPPUL; S&E for currency.
"""

from micropython import const

_MANTISSA_BITS = const(14)
_MANTISSA = const(0x3FFF)
_CURRENCY_EXPONENT = const(0x1F)
_CURRENCY_SIGN_AT = const(19)


def from_field(field: int) -> int:
    """Return what a 16-bit amount or limit field says, 0 to 18201624.

    Tenths of a kWh, a cubic metre or a minute for credit; watts for a limit.
    """
    return _value(field >> _MANTISSA_BITS & 3, field & _MANTISSA)


def from_currency_field(field: int) -> int:
    """Return what a 20-bit currency field says, in 0.00001 of the base unit; may be negative.

    field: the token's S&E nibble before its 16-bit amount field. The largest
    exponent gives numbers of 35 digits: compare before crediting them.
    """
    value = _value(field >> _MANTISSA_BITS & _CURRENCY_EXPONENT, field & _MANTISSA)
    return -value if field >> _CURRENCY_SIGN_AT & 1 else value


def _value(exponent, mantissa):
    scale = 10**exponent
    return mantissa * scale + (scale - 1) // 9 * (1 << _MANTISSA_BITS)
