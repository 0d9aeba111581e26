"""Encryption algorithm 11, MISTY1: encryption of a block.

The inverse of `sts.ea11_misty1`, whose key schedule and mixing it shares; never
frozen into a meter.

Source: IEC 62055-41, encryption algorithm 11; RFC 2994.
"""

import struct
from array import array

from sts.ea11_misty1 import Misty1

_LEFT, _RIGHT = 0, 2


class Misty1Encrypt(Misty1):
    """Encrypts blocks under one key, and decrypts them as the meter does."""

    def encrypt(self, block: bytes) -> bytes:
        """Return the 8 encrypted bytes of the 8-byte `block`."""
        words = array("H", struct.unpack(">4H", block))
        for i in (0, 2, 4, 6):
            self._fl(words, _LEFT, i)
            self._fl(words, _RIGHT, i + 1)
            self._fo(words, _RIGHT, _LEFT, i)
            self._fo(words, _LEFT, _RIGHT, i + 1)
        self._fl(words, _LEFT, 8)
        self._fl(words, _RIGHT, 9)
        return struct.pack(">4H", words[2], words[3], words[0], words[1])

    def _fl(self, words, at, i):
        """Apply FL with subkeys `i` to the half of `words` that begins at `at`."""
        j = i >> 1
        if i & 1:
            words[at + 1] ^= words[at] & self._kp[j + 2 & 7]
            words[at] ^= words[at + 1] | self._k[j + 4 & 7]
        else:
            words[at + 1] ^= words[at] & self._k[j & 7]
            words[at] ^= words[at + 1] | self._kp[j + 6 & 7]
