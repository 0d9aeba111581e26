"""The ciphers of tokens by tables: the same answers in a fraction of the time, for many tokens.

`cipher` does what `sts.decoder.cipher` does. What it returns decrypts by the plain modules that
a meter runs, until so many blocks have come that tables pay. test_quick_ciphers shows that both
are equal. It uses 64-bit numbers: it is for CPython, not for a meter.

Source: IEC 62055-41, decryption algorithms 07 and 11; RFC 2994.
"""

from array import array
from functools import cache, lru_cache
from typing import Protocol

from sts import decoder, ea07_sta
from sts.ea11_misty1 import S7, S9_HIGH, S9_LOW, Misty1

_PLAIN_BLOCKS = 300  # that cost as much as the tables of EA11, which cost the most
_KEYS = 64  # whose tables are kept


class Cipher(Protocol):
    """Decrypts blocks under one key."""

    def decrypt(self, block: bytes) -> bytes:
        """Return the 8 plain bytes of the 8-byte `block`."""
        ...


def cipher(ea: str, key: bytes, tables: ea07_sta.Tables | None = None) -> "Growing":
    """Return what `sts.decoder.cipher` returns, or something quicker; raises ValueError alike."""
    return _kept(ea, bytes(key), tables)


class Growing:
    """Decrypts under one key, by tables once it has decrypted _PLAIN_BLOCKS."""

    def __init__(self, ea: str, key: bytes, tables: ea07_sta.Tables | None):
        self._blocks_left = _PLAIN_BLOCKS
        self._arguments = ea, key, tables
        self._decrypt = decoder.cipher(ea, key, tables).decrypt

    def decrypt(self, block: bytes) -> bytes:
        """Return the 8 plain bytes of the 8-byte `block`."""
        if self._blocks_left:
            self._blocks_left -= 1
            if not self._blocks_left:
                self.decrypt = self._decrypt = by_tables(*self._arguments).decrypt
        return self._decrypt(block)


@lru_cache(_KEYS)
def _kept(ea: str, key: bytes, tables: ea07_sta.Tables | None) -> Growing:
    return Growing(ea, key, tables)


def by_tables(ea: str, key: bytes, tables: ea07_sta.Tables | None = None) -> Cipher:
    """Return the cipher that `sts.decoder.cipher` has accepted, by tables."""
    if ea == "07":
        return _Sta(key, tables or ea07_sta.SAMPLE)
    return _Misty1(key)


class _Sta:
    """EA07: a round is eight look-ups. Both of its halves, boxes and moves, are in the tables."""

    def __init__(self, key: bytes, tables: ea07_sta.Tables):
        first, folded, last = _sta_tables(tables)
        number = int.from_bytes(key, "big")
        self._first = first
        self._rounds = []
        for turn in range(16):
            turned = number >> turn | number << 64 - turn
            choices = [turned >> 8 * at & 1 | (turned >> 8 * at + 4 & 1) << 1 for at in range(8)]
            rows = folded if turn < 15 else last
            self._rounds.append(
                tuple(row[choice] for row, choice in zip(rows, choices, strict=True))
            )

    def decrypt(self, block: bytes) -> bytes:
        """Return the 8 plain bytes of the 8-byte `block`."""
        r0, r1, r2, r3, r4, r5, r6, r7 = self._first
        b7, b6, b5, b4, b3, b2, b1, b0 = block
        word = r0[b0] | r1[b1] | r2[b2] | r3[b3] | r4[b4] | r5[b5] | r6[b6] | r7[b7]
        for r0, r1, r2, r3, r4, r5, r6, r7 in self._rounds:
            b0, b1, b2, b3, b4, b5, b6, b7 = word.to_bytes(8, "little")
            word = r0[b0] | r1[b1] | r2[b2] | r3[b3] | r4[b4] | r5[b5] | r6[b6] | r7[b7]
        return word.to_bytes(8, "big")


@cache
def _sta_tables(tables: ea07_sta.Tables):
    """Return tables for each byte of a block, the least significant first.

    first: where its bits go. folded: for each choice of boxes of its two nibbles, where the bits
    of what the boxes make of it go. last: what the boxes make of it, in its place.
    """
    boxes = [[0] * 16, [0] * 16]  # those of the decryption, by the bit of the key
    for nibble in range(16):
        boxes[0][tables.s2[nibble]] = boxes[1][tables.s1[nibble]] = nibble
    to = [0] * 64  # decryption moves bit p[i] to bit i
    for bit, at in enumerate(tables.p):
        to[at] = bit
    moved = [[_moved(byte, 8 * at, to) for byte in range(256)] for at in range(8)]
    boxed = [
        [boxes[choice & 1][byte & 15] | boxes[choice >> 1][byte >> 4] << 4 for byte in range(256)]
        for choice in range(4)
    ]
    folded = [[[row[byte] for byte in box] for box in boxed] for row in moved]
    last = [[[byte << 8 * at for byte in box] for box in boxed] for at in range(8)]
    return moved, folded, last


def _moved(byte: int, from_bit: int, to: list[int]) -> int:
    return sum(1 << to[from_bit + bit] for bit in range(8) if byte >> bit & 1)


class _Misty1(Misty1):
    """EA11: FI is two look-ups, one before and one after its key comes in."""

    __slots__ = ("_fl_keys", "_fo_keys")

    def __init__(self, key: bytes):
        super().__init__(key)
        k, kp = self._k, self._kp
        self._fo_keys = [
            (k[i], kp[i + 5 & 7], k[i + 2 & 7], kp[i + 1 & 7], k[i + 7 & 7], kp[i + 3 & 7],
             k[i + 4 & 7])
            for i in range(8)
        ]  # fmt: skip
        self._fl_keys = [
            pair
            for j in range(5)
            for pair in ((kp[j + 6 & 7], k[j & 7]), (k[j + 4 & 7], kp[j + 2 & 7]))
        ]

    def decrypt(self, block: bytes, seen: list | None = None) -> bytes:
        """Return the 8 plain bytes of the 8-byte `block`; with `seen` as slowly as Misty1 does."""
        if seen is not None:
            return super().decrypt(block, seen)
        before, after = fi_tables()
        number = int.from_bytes(block, "big")
        a, b = number >> 16 & 65535, number & 65535  # the left half of what comes out
        c, d = number >> 48, number >> 32 & 65535  # the right half
        fo, fl = self._fo_keys, self._fl_keys
        (either, both), (either_, both_) = fl[8], fl[9]
        a ^= b | either
        b ^= a & both
        c ^= d | either_
        d ^= c & both_
        for i in (6, 4, 2, 0):
            k1, p1, k2, p2, k3, p3, k4 = fo[i + 1]
            left = after[before[c ^ k1] ^ p1] ^ d
            right = after[before[d ^ k2] ^ p2] ^ left
            left = after[before[left ^ k3] ^ p3] ^ right
            a ^= right ^ k4
            b ^= left
            k1, p1, k2, p2, k3, p3, k4 = fo[i]
            left = after[before[a ^ k1] ^ p1] ^ b
            right = after[before[b ^ k2] ^ p2] ^ left
            left = after[before[left ^ k3] ^ p3] ^ right
            c ^= right ^ k4
            d ^= left
            (either, both), (either_, both_) = fl[i], fl[i + 1]
            a ^= b | either
            b ^= a & both
            c ^= d | either_
            d ^= c & both_
        return (a << 48 | b << 32 | c << 16 | d).to_bytes(8, "big")


@cache
def fi_tables() -> tuple[array, array]:
    """Return what FI makes of a word before its subkey comes in, and of that afterwards.

    Arrays stay in the cache of a processor, which lists of as many numbers do not.
    """
    s9 = [high << 8 | low for high, low in zip(S9_HIGH, S9_LOW, strict=True)]
    before = []
    for word in range(65536):
        seven = word & 127
        nine = s9[word >> 7] ^ seven
        before.append((S7[seven] ^ nine & 127) << 9 | nine)
    after = [word & 0xFE00 | s9[word & 511] ^ word >> 9 for word in range(65536)]
    return array("H", before), array("H", after)
