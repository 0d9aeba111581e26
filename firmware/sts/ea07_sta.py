"""Encryption algorithm 07, the Standard Transfer Algorithm: decryption of a block.

Sixteen rounds on a 64-bit block: move every bit, replace every nibble by one of
two substitution boxes that a key bit chooses, rotate the key. The tables are
not part of the algorithm, and only licensees get them. Here are the sample tables
that the standard prints; a licensee passes other tables in.

The block is kept in four 16-bit words, so that all arithmetic stays in small
ints. *Why not one 64-bit number:* it made 117 kB of garbage for each token on a
board; this makes about a hundred bytes, and takes a sixth of the time.

The rounds here are the reference. A frozen RP2 build has them in machine code, too:
`ea07_rounds`, which does the same to the same words and is used where it is found.

Decides only which tables can work. Imports `array`, `struct`, `const` and, where
there is one, `ea07_rounds`.
Source: IEC 62055-41, decryption algorithm 07.
"""

import struct
from array import array
from collections import namedtuple

from micropython import const

_KEY_SIZE = const(8)  # bytes
_ROUNDS = const(16)
_WORDS = const(4)  # 16-bit words in a block, the least significant first

# s1, s2: sixteen nibbles each, the boxes of the *encryption*
# p: sixty-four bit numbers; encryption moves bit i to bit p[i], bit 0 the least significant
Tables = namedtuple("Tables", ("s1", "s2", "p"))

# fmt: off
SAMPLE = Tables(
    (12, 10, 8, 4, 3, 15, 0, 2, 14, 1, 5, 13, 6, 9, 7, 11),
    (6, 9, 7, 4, 3, 10, 12, 14, 2, 13, 1, 15, 0, 11, 8, 5),
    (
        29, 27, 34, 9, 16, 62, 55, 2, 40, 49, 38, 25, 33, 61, 30, 23,
        1, 41, 21, 57, 42, 15, 5, 58, 19, 53, 22, 17, 48, 28, 24, 39,
        3, 60, 36, 14, 11, 52, 54, 12, 31, 51, 10, 26, 0, 45, 37, 43,
        44, 6, 59, 4, 7, 35, 56, 50, 13, 18, 32, 47, 46, 63, 20, 8,
    ),
)
# fmt: on


def check_tables(tables):
    """Raise ValueError, saying which and why, unless each of `tables` can be undone."""
    for name, table, size in (
        ("s1", tables.s1, 16),
        ("s2", tables.s2, 16),
        ("p", tables.p, 64),
    ):
        if len(table) != size:
            raise ValueError(f"table {name} must have {size} entries")
        if sorted(table) != list(range(size)):
            raise ValueError(f"table {name} must hold each of 0 to {size - 1} once")


class Sta:
    """Decrypts blocks under one key. Holds about 2 kB of tables, shared by equal `tables`."""

    __slots__ = ("_boxes", "_key", "_machine_code", "_moves")

    _kept = (None, None, None, None)  # the tables compiled last, what came out, the machine code

    def __init__(self, key: bytes, tables=SAMPLE):
        """key: 8 bytes. Raises ValueError for another length or bad `tables`."""
        if len(key) != _KEY_SIZE:
            raise ValueError("EA07 takes a key of 8 bytes")
        if Sta._kept[0] != tables:
            check_tables(tables)
            Sta._kept = (tables, _moves(tables.p), _boxes(tables), _machine_code())
        self._moves = Sta._kept[1]
        self._boxes = Sta._kept[2]
        self._machine_code = Sta._kept[3]
        self._key = _words(key)

    def rounds(self, block: bytes) -> list:
        """Return the 8-byte `block` after each of the sixteen rounds that decrypt it."""
        seen = []
        self.decrypt(block, seen)
        return seen

    def decrypt(self, block: bytes, seen=None) -> bytes:
        """Return the 8 plain bytes of the 8-byte `block`.

        seen: a list that gets the block after each round, None to keep none.
        """
        words = _words(block)
        fast = self._machine_code
        if fast is not None and seen is None:  # it reads arrays as the memory that they hold
            fast(words, self._moves, self._boxes, self._key)  # pyright: ignore[reportArgumentType]
            return _packed(words)
        for turn in range(_ROUNDS):
            self._move(words)
            self._substitute(words, turn)
            if seen is not None:
                seen.append(_packed(words))
        return _packed(words)

    def _move(self, words):
        """Move every bit of `words`, a nibble at a time."""
        moves = self._moves
        w0 = w1 = w2 = w3 = 0
        row = 0
        for at in range(_WORDS):
            word = words[at]
            for _ in range(4):
                entry = row + ((word & 15) << 2)
                w0 |= moves[entry]
                w1 |= moves[entry + 1]
                w2 |= moves[entry + 2]
                w3 |= moves[entry + 3]
                word >>= 4
                row += 64
        words[0] = w0
        words[1] = w1
        words[2] = w2
        words[3] = w3

    def _substitute(self, words, turn):
        """Replace nibble n of `words` as bit 4n of the key, rotated right by `turn`, decides."""
        boxes = self._boxes
        key = self._key
        carried = (1 << turn) - 1  # masked before the shift, so that it stays a small int
        for at in range(_WORDS):
            choice = key[at] >> turn | (key[at + 1 & 3] & carried) << 16 - turn
            word = words[at]
            words[at] = (
                boxes[(choice & 1) << 4 | word & 15]
                | boxes[choice & 16 | word >> 4 & 15] << 4
                | boxes[choice >> 4 & 16 | word >> 8 & 15] << 8
                | boxes[choice >> 8 & 16 | word >> 12] << 12
            )


def _machine_code():
    """Return what does all sixteen rounds at once, or None where the plain rounds have to.

    Called when tables are compiled, so that a board with files looks for the module once.
    """
    try:
        from ea07_rounds import decrypt
    except (ImportError, SyntaxError, AttributeError):
        return None  # no frozen build, or an interpreter without `viper`
    return decrypt


def _packed(words):
    return struct.pack(">4H", words[3], words[2], words[1], words[0])


def _words(block):
    high, upper, lower, low = struct.unpack(">4H", block)
    return array("H", (low, lower, upper, high))


def _boxes(tables):
    """Return both inverse boxes: 16 nibbles for a key bit of 0, then 16 for a 1.

    In the sample tables S2 undoes S1; in others it does not, so nothing is assumed.
    """
    boxes = bytearray(32)
    for nibble in range(16):
        boxes[tables.s2[nibble]] = nibble
        boxes[16 + tables.s1[nibble]] = nibble
    return boxes


def _moves(p):
    """Return where decryption moves bits: for each nibble and its 16 values, four words."""
    moves = array("H", bytearray(2048))
    for to in range(64):  # encryption moves bit `to` to bit p[to], so here it comes back
        row = (p[to] >> 2) * 64 + (to >> 4)
        for value in range(16):
            if value >> (p[to] & 3) & 1:
                moves[row + value * 4] |= 1 << (to & 15)
    return moves
