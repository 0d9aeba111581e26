"""Emulated NOR flash chip whose power can be cut at any operation.

It has the rules of the memory cells (erase sets all bits of a sector,
programming only clears bits), their wear, and what a cut leaves behind. Time is
added up, not spent: the clock does not move during an operation.
"""

from micropython import const
from ports.nor_flash import NorFlash

SECTOR = const(4096)
PAGE = const(256)
BLANK = b"\xff"
_PROGRAM_MS = const(1)
_ERASE_MS = const(45)
_WORN = b"\xfe" * SECTOR  # the lowest bit of each byte sticks at 0


class PowerCut(BaseException):
    """The power is gone. Not an Exception: nothing in the firmware may catch it."""


class RamImage:
    """Content of a chip in memory. A file or a browser's storage can take its place.

    cells: the content, a bytearray.
    """

    __slots__ = ("cells",)

    def __init__(self, size: int):
        self.cells = bytearray(BLANK * size)

    def size(self) -> int:
        return len(self.cells)

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self.cells[offset : offset + size])

    def write(self, offset: int, data: bytes):
        self.cells[offset : offset + len(data)] = data


class FlashChip(NorFlash):
    """A chip on `image`, which has size(), read(offset, size) and write(offset, data).

    operations: programs and erases so far, the cut one included. erases: of each sector.
    busy_ms: how long the chip would have been busy; a board serves no interrupt meanwhile.
    endurance: erases after which a sector no longer comes clean, None for never.
    """

    sector_size = SECTOR
    page_size = PAGE

    def __init__(self, image):
        self.image = image
        self.read = image.read  # most of all calls, and a cut does nothing to it
        self._cut_in = None
        self._tear = None
        self.size = image.size()
        self.operations = 0
        self.erases = [0] * (self.size // SECTOR)
        self.busy_ms = 0
        self.endurance = None

    def arm_cut(self, after: int, torn):
        """Let `after` more operations complete and cut the power at the next.

        torn: True leaves that one half done, False not begun. Or what tears it: called with
        (image, offset, the old bytes, the new bytes, the number of the operation), it writes
        what is left.
        """
        self._cut_in = after
        self._tear = (half if torn else None) if isinstance(torn, bool) else torn

    def disarm(self):
        """Take back `arm_cut`."""
        self._cut_in = None

    def program(self, offset, data):
        if offset // PAGE != (offset + len(data) - 1) // PAGE:
            raise ValueError("programming across a page")
        old = self.image.read(offset, len(data))
        new = int.from_bytes(old, "little") & int.from_bytes(data, "little")
        self.busy_ms += _PROGRAM_MS
        self._operate(offset, old, new.to_bytes(len(old), "little"))

    def erase(self, offset):
        offset -= offset % SECTOR
        sector = offset // SECTOR
        self.erases[sector] += 1
        self.busy_ms += _ERASE_MS
        worn = self.endurance is not None and self.erases[sector] > self.endurance
        clean = _WORN if worn else BLANK * SECTOR
        self._operate(offset, self.image.read(offset, SECTOR), clean)

    def _operate(self, offset, old, new):
        self.operations += 1
        if self._cut_in == 0:
            self._cut_in = None
            if self._tear is not None:
                self._tear(self.image, offset, old, new, self.operations)
            raise PowerCut
        if self._cut_in is not None:
            self._cut_in -= 1
        self.image.write(offset, new)


def half(image, offset, old, new, seed):
    """Leave cells of which the first half are done, the next in part, the rest not at all.

    The same seed tears the same way, on every interpreter.
    """
    middle = len(old) // 2
    mask = (seed * 73 + 41) & 0xFF
    torn = old[middle] & mask | new[middle] & ~mask & 0xFF
    image.write(offset, new[:middle] + bytes([torn]) + old[middle + 1 :])


class FlashPart(NorFlash):
    """`size` bytes of `chip` from `start`, both whole sectors."""

    sector_size = SECTOR
    page_size = PAGE

    def __init__(self, chip: "FlashChip", start: int, size: int):
        self.chip, self.start = chip, start
        self.size = size

    def read(self, offset, size):
        return self.chip.read(self.start + offset, size)

    def program(self, offset, data):
        self.chip.program(self.start + offset, data)

    def erase(self, offset):
        self.chip.erase(self.start + offset)
