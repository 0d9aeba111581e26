"""The encryption of tokens by tables, for a security module that makes many.

`Ciphers` gives what `encoder.cipher` gives, until so many were asked for that tables pay.
test_quick_encrypt shows that both are equal. The keys differ from token to token, so the tables
are of the algorithms, and hold no key: FI of MISTY1, and the boxes of EA07 joined with what its
permutation makes of them.

Source: IEC 62055-41, encryption algorithms 07 and 11; RFC 2994.
"""

import struct
from functools import lru_cache
from typing import Protocol

from sts import ea07_sta
from sts.decoder_key import KEY_SIZES

from meter20.quick_ciphers import fi_tables
from meter20.vending import encoder

_PLAIN_CIPHERS = 300  # a program that makes fewer tokens is done before tables would pay
_KEY, _BLOCK = struct.Struct(">8H"), struct.Struct(">4H")  # in words of 16 bits
_MASK = (1 << 64) - 1


class Cipher(Protocol):
    """Encrypts blocks under one key."""

    def encrypt(self, block: bytes) -> bytes:
        """Return the 8 encrypted bytes of the 8-byte `block`."""
        ...


class Ciphers:
    """Makes ciphers, the plain ones of `encoder` at first. Holds no key."""

    def __init__(self):
        self._plain_left = _PLAIN_CIPHERS

    def __call__(
        self, ea: str | None, key: bytes | None, tables: ea07_sta.Tables | None = None
    ) -> Cipher:
        """Return what `encoder.cipher` returns, or something quicker; raises ValueError alike."""
        if self._plain_left:
            self._plain_left -= 1
        elif key and ea and len(key) == KEY_SIZES.get(ea) and (tables is None or ea == "07"):
            return by_tables(ea, key, tables)
        return encoder.cipher(ea, key, tables)


def by_tables(ea: str, key: bytes, tables: ea07_sta.Tables | None = None) -> Cipher:
    """Return the cipher that `encoder.cipher` would accept, by tables."""
    return Misty1ByTables(key) if ea == "11" else StaByTables(key, tables or ea07_sta.SAMPLE)


class Misty1ByTables:
    """EA11: FI is two look-ups, one before and one after its subkey comes in."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes):
        """key: 16 bytes."""
        self._key = key

    def encrypt(self, block: bytes) -> bytes:
        """Return the 8 encrypted bytes of the 8-byte `block`."""
        before, after = fi_tables()
        k = _KEY.unpack(self._key)
        p = [after[before[k[i]] ^ k[i - 7]] for i in range(8)]  # K prime
        a, b, c, d = _BLOCK.unpack(block)
        k0, k1, k2, k3, k4, k5, k6, k7 = k
        p0, p1, p2, p3, p4, p5, p6, p7 = p
        for j in range(4):
            b ^= a & k[j]
            a ^= b | p[j - 2]
            d ^= c & p[j + 2]
            c ^= d | k[j + 4]
            left = after[before[a ^ k0] ^ p5] ^ b
            right = after[before[b ^ k2] ^ p1] ^ left
            left = after[before[left ^ k7] ^ p3] ^ right
            c ^= right ^ k4
            d ^= left
            left = after[before[c ^ k1] ^ p6] ^ d
            right = after[before[d ^ k3] ^ p2] ^ left
            left = after[before[left ^ k0] ^ p4] ^ right
            a ^= right ^ k5
            b ^= left
            k0, k1, k2, k3, k4, k5, k6, k7 = k2, k3, k4, k5, k6, k7, k0, k1
            p0, p1, p2, p3, p4, p5, p6, p7 = p2, p3, p4, p5, p6, p7, p0, p1
        b ^= a & k[4]
        a ^= b | p[2]
        d ^= c & p[6]
        c ^= d | k[0]
        return _BLOCK.pack(c, d, a, b)


class StaByTables:
    """EA07: a round is eight look-ups, one for each byte and the two bits of the key for it."""

    __slots__ = ("_moved", "_start")

    def __init__(self, key: bytes, tables: ea07_sta.Tables):
        """key: 8 bytes."""
        self._moved = _moved(tuple(tables.s1), tuple(tables.s2), tuple(tables.p))
        inverted = int.from_bytes(key, "big") ^ _MASK
        self._start = inverted >> 12 | inverted << 52 & _MASK

    def encrypt(self, block: bytes) -> bytes:
        """Return the 8 encrypted bytes of the 8-byte `block`."""
        t0, t1, t2, t3, t4, t5, t6, t7 = self._moved
        word, key = int.from_bytes(block, "big"), self._start
        for _ in range(16):
            b0, b1, b2, b3, b4, b5, b6, b7 = word.to_bytes(8, "little")
            k = key & 0x8888888888888888
            k0, k1, k2, k3, k4, k5, k6, k7 = k.to_bytes(8, "little")
            word = (
                t0[k0][b0] | t1[k1][b1] | t2[k2][b2] | t3[k3][b3]
                | t4[k4][b4] | t5[k5][b5] | t6[k6][b6] | t7[k7][b7]
            )  # fmt: skip
            key = key << 1 & _MASK | key >> 63
        return word.to_bytes(8, "big")


@lru_cache(8)
def _moved(s1: tuple, s2: tuple, p: tuple) -> list[dict[int, list[int]]]:
    """Return, for each byte of a block, where `p` takes what the boxes make of its 256 values.

    In each by the bits of the key that choose the boxes: 8 for the lower nibble, 128 for the
    upper one. Raises ValueError for tables that cannot work.
    """
    ea07_sta.check_tables(ea07_sta.Tables(s1, s2, p))
    boxes = {choice: (s2 if choice & 8 else s1, s2 if choice & 128 else s1) for choice in
             (0, 8, 128, 136)}  # fmt: skip
    return [
        {
            choice: [_taken(lower[value & 15] | upper[value >> 4] << 4, p[8 * at : 8 * at + 8])
                     for value in range(256)]
            for choice, (lower, upper) in boxes.items()
        }
        for at in range(8)
    ]  # fmt: skip


def _taken(value: int, to: tuple) -> int:
    return sum(1 << to[bit] for bit in range(8) if value >> bit & 1)
