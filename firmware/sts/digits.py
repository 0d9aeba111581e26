"""The 20 digits a customer types, and the 66-bit token they stand for.

A token is the 64-bit data block with the two class bits hidden in it: they
take the place of bits 28 and 27, whose own values move to bits 65 and 64.
Decides only what can be a token at all; imports `const`, nothing else.

Source: IEC 62055-41, token data number and transposition of the class bits.
"""

from micropython import const

_LENGTH = const(20)  # decimal digits
_GROUP = const(4)  # digits that are printed and shown together
_CLASS_AT = const(27)  # the class takes bits 28..27 of the token
_DISPLACED_AT = const(64)  # and the block's own bits 28..27 move to bits 65..64


def clean(typed: str) -> str:
    """Return `typed` without the spaces and dashes that people put between groups."""
    return typed.replace(" ", "").replace("-", "")


def parse(digits: str):
    """Return the 66-bit token that `digits` stand for, or None if they cannot be one.

    None unless there are exactly 20 ASCII digits whose number is below 2^66.
    """
    if len(digits) != _LENGTH:
        return None
    for digit in digits:
        if not "0" <= digit <= "9":
            return None
    token = int(digits)
    return token if token >> 66 == 0 else None


def text(token: int) -> str:
    """Return `token`, 0 to 2^66-1, as 20 digits; leading zeros are part of a token."""
    digits = str(token)
    return "0" * (_LENGTH - len(digits)) + digits


def grouped(digits: str) -> str:
    """Return `digits` in groups of four, as on a receipt: "1234 5678 9012 3456 7890"."""
    return " ".join([digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)])


def split(token: int):
    """Return (class, block) of `token`: the class 0 to 3, the data block as 8 bytes."""
    class_ = token >> _CLASS_AT & 3
    displaced = token >> _DISPLACED_AT
    block = token ^ (displaced << _DISPLACED_AT) ^ ((class_ ^ displaced) << _CLASS_AT)
    return class_, block.to_bytes(8, "big")


def join(class_: int, block: bytes) -> int:
    """Return the token of `class_` and the 8-byte `block`; undoes `split`."""
    token = int.from_bytes(block, "big")
    displaced = token >> _CLASS_AT & 3
    return token ^ ((class_ ^ displaced) << _CLASS_AT) ^ (displaced << _DISPLACED_AT)
