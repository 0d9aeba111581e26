"""From a kind of token and its fields to the 20 digits that a customer types.

Knows nothing of meters, money or time: its caller has chosen every field.
Layouts come from `sts.kinds`, so the decoder in the meter reads what is written
here. No message holds a key.

Source: IEC 62055-41, token encoding and encryption.
"""

from sts import crc, digits, kinds
from sts.ea07_sta import SAMPLE

from meter20.vending.misty1_encrypt import Misty1Encrypt

_ALGORITHMS = ("07", "11")
_CLEAR = 1  # the class that is not encrypted


def encode(
    kind: str, ea: str | None, key: bytes | None, fields: dict, tables=None, make=None
) -> str:  # fmt: skip
    """Return the 20 digits of a token of `kind` that holds `fields`.

    kind, fields: named as in `sts.kinds`; every field of the kind must be given,
    except `reserved`, which is 0.
    ea, key: as for `cipher`; tests and displays (class 1) are not encrypted and
    take None for both.
    tables: `ea07_sta.Tables`; None for the sample ones.
    make: what makes the cipher, as `cipher` does; None for `cipher`.
    Raises ValueError, in words for the person who chose the fields.
    """
    found = kinds.named(kind, ea)
    if found is None:
        raise ValueError(_unknown(kind, ea))
    class_, subclass, layout = found
    data = _packed(kind, layout, fields)
    block = (subclass << 44 | data).to_bytes(6, "big")
    checksum = crc.field(class_, block, kinds.is_currency(class_, subclass))
    block += checksum.to_bytes(2, "big")
    if class_ != _CLEAR:
        block = (make or cipher)(ea, key, tables).encrypt(block)
    return digits.text(digits.join(class_, block))


def cipher(ea: str | None, key: bytes | None, tables=None):
    """Return an object whose `encrypt(block)` turns 8 plain bytes into 8 encrypted ones.

    ea: "07" (8-byte key) or "11" (16-byte key).
    Raises ValueError for another algorithm, key length, or tables that cannot work.
    """
    if ea not in _ALGORITHMS:
        raise ValueError("encryption algorithm must be 07 or 11")
    if key is None:
        raise ValueError("this kind of token is encrypted: it needs a decoder key")
    if ea == "07":
        from meter20.vending.sta_encrypt import StaEncrypt  # more than MicroPython can run

        return StaEncrypt(key, tables or SAMPLE)
    if tables is not None:
        raise ValueError("only EA07 has tables")
    return Misty1Encrypt(key)


def _unknown(kind, ea):
    if any(kind == row[3] for row in kinds.TABLE):
        if ea not in _ALGORITHMS:
            return "encryption algorithm must be 07 or 11"
        return f"there is no {kind} under EA{ea}"
    return f"unknown kind of token: {kind!r}"


def _packed(kind, layout, fields):
    """Return `fields` as one number; raise ValueError unless they are those of `layout`."""
    data = found = 0
    for name, bits in layout:
        value = fields.get(name)
        if value is None and name == "reserved":
            value = 0
        else:
            found += 1
        if type(value) is not int or value >> bits:
            raise _wrong(kind, layout, fields)
        data = data << bits | value
    if found != len(fields):
        raise _wrong(kind, layout, fields)
    return data


def _wrong(kind, layout, fields):
    """Return the ValueError that says what is wrong with `fields`."""
    names = [name for name, _ in layout]
    unknown = sorted(set(fields) - set(names))
    if unknown:
        words = f"{kind} has no field {unknown[0]!r}; its fields: {', '.join(names)}"
        return ValueError(words)
    for name, bits in layout:
        value = fields.get(name, 0 if name == "reserved" else None)
        if value is None:
            return ValueError(f"{kind} lacks the field {name!r}")
        if type(value) is not int:
            return ValueError(f"field {name!r} must be a whole number")
        if value >> bits:
            return ValueError(f"field {name!r} must be 0 to {(1 << bits) - 1}")
    raise AssertionError("fields that nothing is wrong with")
