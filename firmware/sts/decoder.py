"""From a 66-bit token and the decoder key to what the token says.

Returns no contents of a token whose checksum is wrong. The meter decides whether a
good token is *accepted*. Imports `sts` modules and `const`, nothing else.

Source: IEC 62055-41, token decryption and TokenAuthentication.
"""

from collections import namedtuple

from micropython import const

from sts import crc, digits, kinds
from sts.decoder_key import KEY_SIZES, KeySection

# class_: 0 credit, 1 test and display, 2 management, 3 reserved
# subclass: 0 to 15; None if the checksum is wrong or the class reserved
# kind: its name in `sts.kinds`; None if there is none, or nothing is known
# fields: dict by the kind's layout, integers; {} without a kind; a KeySection if it brings a key
# crc_ok: False if the checksum is wrong. The reserved class has none to judge: True
Token = namedtuple("Token", ("class_", "subclass", "kind", "fields", "crc_ok"))

_CLEAR = const(1)  # the class that is not encrypted
_RESERVED = const(3)


def cipher(ea: str, key: bytes, tables=None):
    """Return an object whose `decrypt(block)` turns 8 encrypted bytes into 8 plain ones.

    ea: "07" (STA, 8-byte key) or "11" (MISTY1, 16-byte key).
    tables: `ea07_sta.Tables` of a licensee; None for the sample ones. EA11 has none.
    Raises ValueError for another algorithm or length, or for tables that cannot work.
    Reads the module of that algorithm alone: a meter has no use for the other.
    """
    if ea not in KEY_SIZES:
        raise ValueError("encryption algorithm must be 07 or 11")
    if len(key) != KEY_SIZES[ea]:
        raise ValueError(f"EA{ea} takes a key of {KEY_SIZES[ea]} bytes")
    if ea == "07":
        from sts import ea07_sta

        return ea07_sta.Sta(key, tables or ea07_sta.SAMPLE)
    from sts import ea11_misty1

    return ea11_misty1.Misty1(key)


def decode(token: int, cipher, ea: "str | None"):
    """Return the `Token` that the 66-bit number `token` holds.

    cipher: what `cipher(ea, key)` returned; class 1 travels in clear and needs
    none. The third key change section has another layout for each `ea`.
    """
    class_, block = digits.split(token)
    if class_ == _RESERVED:
        return Token(class_, None, None, {}, True)
    if class_ != _CLEAR:
        block = cipher.decrypt(block)
    subclass = block[0] >> 4
    stored = block[6] << 8 | block[7]
    if crc.field(class_, block, kinds.is_currency(class_, subclass)) != stored:
        return Token(class_, None, None, {}, False)
    found = kinds.find(class_, subclass, ea)
    if found is None:
        return Token(class_, subclass, None, {}, True)
    kind, layout = found
    data = int.from_bytes(block[:6], "big")  # `unpack` leaves the subclass above bit 43 alone
    fields = kinds.unpack(layout, data)
    return Token(
        class_, subclass, kind, KeySection(fields) if _brings_key(layout) else fields, True
    )


def _brings_key(layout):
    return layout[-1][0][:2] == "nk"
