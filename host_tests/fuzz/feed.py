"""Bytes of a fuzzer, taken apart by a target and put together by its `almost`."""

import string

_SPECIAL = '"\\{}[]\x00\x1b\x7f\x9b\u0660\u0967\u200f\ud800\U0001f600 -+.e'


class Feed:
    """Takes values from `data`; when it is used up, zeros come. Never raises."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    @property
    def left(self) -> bool:
        """Whether there is more."""
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._data))

    def number(self, size: int = 1) -> int:
        """Return a number of `size` bytes, big-endian."""
        return int.from_bytes(self.take(size).ljust(size, b"\x00"), "big")

    def pick(self, choices):
        """Return one of `choices`, by one byte."""
        return choices[self.number() % len(choices)]

    def block(self) -> bytes:
        """Return bytes after their length, which takes one byte."""
        return self.take(self.number())

    def text(self) -> str:
        """Return the text of a block, lone surrogates and all."""
        data = self.block()
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("latin-1")


def block(data: bytes) -> bytes:
    """Return `data`, 255 bytes at most, as Feed.block takes it."""
    data = data[:255]
    return bytes([len(data)]) + data


def number(value: int, size: int = 1) -> bytes:
    """Return `value` as Feed.number takes it."""
    return (value & (1 << 8 * size) - 1).to_bytes(size, "big")


def text(value: str) -> bytes:
    """Return `value` as Feed.text takes it; what does not fit is left out."""
    return block(value.encode("utf-8", "surrogatepass"))


def awkward_text(chance, longest: int = 30) -> str:
    """Return text of letters and of what tends to be forgotten."""
    size = chance.choice((0, 1, 2, 5, longest))
    return "".join(
        chance.choice(_SPECIAL if chance.random() < 0.3 else string.printable) for _ in range(size)
    )


def spoilt(data: bytes, chance) -> bytes:
    """Return `data` with up to three small things wrong, as often as not with none."""
    cells = bytearray(data)
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3))):
        at = chance.randrange(len(cells) + 1)
        how = chance.randrange(4)
        if how == 0:
            cells[at:at] = chance.randbytes(chance.randint(1, 4))
        elif how == 1:
            del cells[at : at + chance.randint(1, 8)]
        elif cells and at < len(cells):
            cells[at] = chance.randrange(256) if how == 2 else cells[at] ^ 1 << chance.randrange(8)
    return bytes(cells)
