"""Emulated NOR flash chip whose power can be cut at any operation.

Emulated are the rules of the memory cells (erase sets all bits of a sector,
programming only clears bits) and what a cut leaves behind. Time is not: an
operation takes none.
"""

from micropython import const
from ports.nor_flash import NorFlash

SECTOR = const(4096)
PAGE = const(256)
BLANK = b"\xff"


class PowerCut(BaseException):
    """The power is gone. Not an Exception: nothing in the firmware may catch it."""


class RamImage:
    """Content of a chip in memory. A file or a browser's storage can take its place."""

    def __init__(self, size: int):
        self._cells = bytearray(BLANK * size)

    def size(self) -> int:
        return len(self._cells)

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._cells[offset : offset + size])

    def write(self, offset: int, data: bytes):
        self._cells[offset : offset + len(data)] = data


class FlashChip(NorFlash):
    """A chip on `image`, which has size(), read(offset, size) and write(offset, data).

    operations: programs and erases so far, the cut one included.
    """

    sector_size = SECTOR
    page_size = PAGE

    def __init__(self, image):
        self._image = image
        self._cut_in = None
        self._torn = False
        self.size = image.size()
        self.operations = 0

    def arm_cut(self, after: int, torn: bool):
        """Let `after` more operations complete and cut the power at the next.

        torn: that one is half done; else it does not begin.
        """
        self._cut_in, self._torn = after, torn

    def disarm(self):
        """Take back `arm_cut`."""
        self._cut_in = None

    def read(self, offset, size):
        return self._image.read(offset, size)

    def program(self, offset, data):
        if offset // PAGE != (offset + len(data) - 1) // PAGE:
            raise ValueError("programming across a page")
        old = self._image.read(offset, len(data))
        new = bytes([a & b for a, b in zip(old, data)])
        self._operate(offset, old, new)

    def erase(self, offset):
        offset -= offset % SECTOR
        self._operate(offset, self._image.read(offset, SECTOR), BLANK * SECTOR)

    def _operate(self, offset, old, new):
        self.operations += 1
        if self._cut_in == 0:
            self._cut_in = None
            if self._torn:
                self._image.write(offset, _torn(old, new, self.operations))
            raise PowerCut
        if self._cut_in is not None:
            self._cut_in -= 1
        self._image.write(offset, new)


def _torn(old, new, seed):
    """Return cells of which the first half are done, the next in part, the rest not at all.

    The same seed tears the same way, on every interpreter.
    """
    half = len(old) // 2
    mask = (seed * 73 + 41) & 0xFF
    middle = old[half] & mask | new[half] & ~mask & 0xFF
    return new[:half] + bytes([middle]) + old[half + 1 :]


class FlashPart(NorFlash):
    """`size` bytes of `chip` from `start`, both whole sectors."""

    sector_size = SECTOR
    page_size = PAGE

    def __init__(self, chip, start: int, size: int):
        self._chip, self._start = chip, start
        self.size = size

    def read(self, offset, size):
        return self._chip.read(self._start + offset, size)

    def program(self, offset, data):
        self._chip.program(self._start + offset, data)

    def erase(self, offset):
        self._chip.erase(self._start + offset)
