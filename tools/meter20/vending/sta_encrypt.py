"""Encryption algorithm 07, the Standard Transfer Algorithm: encryption of a block.

The inverse of `sts.ea07_sta`, which it takes the tables from; never frozen into
a meter. Here a block is one 64-bit integer, bit 0 the least significant.

Source: IEC 62055-41, encryption algorithm 07.
"""

from collections.abc import Iterator
from functools import lru_cache

from sts import ea07_sta

_ROUNDS = 16
_MASK = (1 << 64) - 1


class StaEncrypt:
    """Encrypts blocks under one key."""

    def __init__(self, key: bytes, tables=ea07_sta.SAMPLE):
        """key: 8 bytes. Raises ValueError for another length or for tables that cannot work."""
        if len(key) != 8:
            raise ValueError("EA07 takes a key of 8 bytes")
        self._boxes = (tables.s1, tables.s2)
        self._moves = _moves(tuple(tables.s1), tuple(tables.s2), tuple(tables.p))
        inverted = int.from_bytes(key, "big") ^ _MASK
        self._start = inverted >> 12 | inverted << 52 & _MASK

    def encrypt(self, block: bytes) -> bytes:
        """Return the 8 encrypted bytes of the 8-byte `block`."""
        *_, (_key, _substituted, data) = self.rounds(block)
        return data.to_bytes(8, "big")

    def rounds(self, block: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield the (key, block after substitution, block after permutation) of each round."""
        boxes, moves = self._boxes, self._moves
        data, key = int.from_bytes(block, "big"), self._start
        for _ in range(_ROUNDS):
            substituted = 0
            for at in range(0, 64, 4):
                substituted |= boxes[key >> at + 3 & 1][data >> at & 15] << at
            data = 0
            for at, move in enumerate(moves):
                data |= move[substituted >> 8 * at & 255]
            yield key, substituted, data
            key = key << 1 & _MASK | key >> 63


@lru_cache(maxsize=8)
def _moves(s1, s2, p):
    """Return, for each byte of a block and its 256 values, where `p` takes their bits."""
    ea07_sta.check_tables(ea07_sta.Tables(s1, s2, p))
    return [
        [sum(1 << p[8 * at + bit] for bit in range(8) if value >> bit & 1) for value in range(256)]
        for at in range(8)
    ]
