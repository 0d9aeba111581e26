"""The content of a flash chip in memory, of which only what was written takes room.

*Why*: a meter with a network has 23 sectors and writes few of them, and a fleet has many meters.
"""

_PIECE = 256  # octets: a page, which is the most that is programmed at once
_BLANK = b"\xff" * _PIECE


class SparseImage:
    """A blank chip of `size` octets, see flash_chip.FlashChip: size(), read() and write()."""

    __slots__ = ("_pieces", "_size")

    def __init__(self, size: int):
        self._size = size
        self._pieces: dict[int, bytes] = {}  # by number; those that are not blank

    def size(self) -> int:
        return self._size

    def read(self, offset: int, size: int) -> bytes:
        first, last = offset // _PIECE, (offset + size - 1) // _PIECE
        pieces = self._pieces
        if first == last:
            at = offset % _PIECE
            return pieces.get(first, _BLANK)[at : at + size]
        whole = b"".join([pieces.get(number, _BLANK) for number in range(first, last + 1)])
        return whole[offset - first * _PIECE :][:size]

    def write(self, offset: int, data: bytes) -> None:
        while data:
            number, at = divmod(offset, _PIECE)
            part, data = data[: _PIECE - at], data[_PIECE - at :]
            old = self._pieces.get(number, _BLANK)
            new = old[:at] + part + old[at + len(part) :]
            if new == _BLANK:
                self._pieces.pop(number, None)
            else:
                self._pieces[number] = new
            offset += len(part)
