"""Decoder key and key attributes: what a meter must hold to read its tokens.

The value of a decoder key hides in `DecoderKey`, whose repr is silent, so that
no log, exception or reply shows it by accident. Whatever else is made of a key hides it as
well: a cipher in slots, which CPython's `vars` does not show, and a section of a key change in
`KeySection`.

Pure domain: imports struct, namedtuple and `const`, nothing else.
Source: IEC 62055-41, decoder key and key attributes.
"""

import struct
from collections import namedtuple

#: Key types (KT).
DITK, DDTK, DUTK, DCTK = 0, 1, 2, 3

#: Bytes of a decoder key by encryption algorithm (EA).
KEY_SIZES = {"07": 8, "11": 16}

_FORMAT = "<BIBBB16s"


class DecoderKey:
    """A decoder key. `octets`: 8 or 16 bytes, first byte most significant."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes):
        self.octets = octets

    def __repr__(self):
        return "DecoderKey(hidden)"


class KeySection(dict):
    """Fields of a token that brings part of a key: a dict that is silent about what it holds."""

    def __repr__(self):
        return "KeySection(hidden)"

    def __str__(self):  # MicroPython does not take it from __repr__
        return repr(self)


#: decoder_key: DecoderKey. ea: "07" or "11". sgc: 6 digits. ti: 2 digits. krn: 1..9.
#: kt: 0..3. ken: 0..255, 255 never expires.
KeyAttributes = namedtuple("KeyAttributes", ("decoder_key", "ea", "sgc", "ti", "krn", "kt", "ken"))


def to_bytes(key) -> bytes:
    """Return `key`, KeyAttributes, as 24 bytes."""
    return struct.pack(
        _FORMAT, int(key.ea), int(key.sgc), int(key.ti), key.krn << 4 | key.kt, key.ken,
        key.decoder_key.octets,
    )  # fmt: skip


def from_bytes(data: bytes):
    """Return the KeyAttributes that `to_bytes` packed. Raises ValueError for an unknown EA."""
    ea, sgc, ti, krn_kt, ken, octets = struct.unpack(_FORMAT, data)
    ea = "%02d" % ea
    if ea not in KEY_SIZES:
        raise ValueError("unknown encryption algorithm")
    return KeyAttributes(
        DecoderKey(octets[: KEY_SIZES[ea]]), ea, "%06d" % sgc, "%02d" % ti,
        krn_kt >> 4, krn_kt & 15, ken,
    )  # fmt: skip
