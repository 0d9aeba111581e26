"""Numbers of meters: the decoder reference number (DRN) and the MeterPAN around it.

    DRN      = manufacturer code (2 or 4 digits), serial (8), check digit: 11 or 13 digits
    MeterPAN = IIN, DRN, check digit: always 18 digits

IIN 600727 goes with a DRN of 11 digits, IIN 0000 with one of 13. Both check
digits are Luhn's. Decides whether a number can be a meter's; all numbers are
strings, because leading zeros count. Imports `const`, nothing else.

Source: IEC 62055-41, MeterPAN and DRN.
"""

from micropython import const

_PAN_LENGTH = const(18)
_DRN_LENGTHS = {"600727": 11, "0000": 13}  # by IIN


def check_digit(payload: str) -> str:
    """Return the Luhn digit of `payload`, a string of digits: the rightmost counts twice."""
    total = 0
    double = True
    for digit in reversed(payload):
        value = ord(digit) - 48
        if double:
            value *= 2
        total += value // 10 + value % 10
        double = not double
    return str(-total % 10)


def drn_ok(drn: str) -> bool:
    """Say whether `drn` has 11 or 13 digits and its check digit is right."""
    return len(drn) in (11, 13) and _checked(drn)


def pan_ok(pan: str) -> bool:
    """Say whether `pan` has 18 digits, a known IIN, and both check digits right."""
    return len(pan) == _PAN_LENGTH and _checked(pan) and _drn_of(pan) is not None


def pan(iin: str, drn: str) -> str:
    """Return the MeterPAN of the meter `drn` under `iin`.

    Raises ValueError if the IIN is not known, the DRN is of the wrong length
    for it, or its check digit is wrong.
    """
    if iin not in _DRN_LENGTHS:
        raise ValueError("IIN must be 600727 or 0000")
    if len(drn) != _DRN_LENGTHS[iin]:
        raise ValueError(f"IIN {iin} takes a DRN of {_DRN_LENGTHS[iin]} digits")
    if not drn_ok(drn):
        raise ValueError("the check digit of the DRN is wrong")
    return iin + drn + check_digit(iin + drn)


def split_pan(pan: str) -> tuple:
    """Return (iin, drn) of `pan`; raise ValueError unless `pan_ok`."""
    if not pan_ok(pan):
        raise ValueError("not a MeterPAN: 18 digits, a known IIN and two right check digits")
    drn = _drn_of(pan)
    assert drn is not None  # pan_ok has seen it
    return pan[: _PAN_LENGTH - 1 - len(drn)], drn


def _drn_of(pan):
    for iin in _DRN_LENGTHS:
        if pan.startswith(iin):
            drn = pan[len(iin) : _PAN_LENGTH - 1]
            return drn if drn_ok(drn) else None
    return None


def _checked(number):
    for digit in number:
        if not "0" <= digit <= "9":
            return False
    return check_digit(number[:-1]) == number[-1]
