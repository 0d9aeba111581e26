"""NorFlash in the flash chip of an RP2040 or RP2350, beside the file system.

Only for a build whose own `_boot.py` keeps the file system out of this region:
boards/common/rp2_frozen/_boot.py. Interrupts are off for each whole call.
"""

import rp2
from micropython import const
from ports.nor_flash import NorFlash

_SECTOR = const(4096)
_PAGE = const(256)
_ERASE = const(6)
_UNTOUCHED = b"\xff" * _PAGE  # leaves every cell as it is


class Rp2Flash(NorFlash):
    """`sectors` sectors of the region from `start` on, in bytes from the start of the storage."""

    sector_size = _SECTOR
    page_size = _PAGE

    def __init__(self, start: int, sectors: int):
        self._flash = rp2.Flash(start=start, len=sectors * _SECTOR)
        self._page = bytearray(_PAGE)
        self.size = sectors * _SECTOR

    def read(self, offset, size):
        data = self._page if size == _PAGE else bytearray(size)  # a page at a time, as a rule
        self._flash.readblocks(offset // _SECTOR, data, offset % _SECTOR)
        return bytes(data)

    def read_into(self, offset, buffer):
        self._flash.readblocks(offset // _SECTOR, buffer, offset % _SECTOR)

    def program(self, offset, data):
        begin = offset % _PAGE
        if begin + len(data) > _PAGE:
            raise ValueError("programming across a page")
        self._page[:] = _UNTOUCHED
        self._page[begin : begin + len(data)] = data
        offset -= begin
        self._flash.writeblocks(offset // _SECTOR, self._page, offset % _SECTOR)

    def erase(self, offset):
        self._flash.ioctl(_ERASE, offset // _SECTOR)
