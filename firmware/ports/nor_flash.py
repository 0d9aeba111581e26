"""Port: a NOR flash chip, or a part of one, that belongs to the meter alone."""


class NorFlash:
    """Bytes that are erased to 0xFF a sector at a time; programming only clears bits.

    sector_size: bytes erased at once; page_size: the most programmed at once.
    Both block: a page about 1 ms (3 at worst), a sector 45 ms (843 seen), and
    on an RP2040 no interrupt is served meanwhile.
    """

    size = 0
    sector_size = 0
    page_size = 0

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`."""
        raise NotImplementedError

    def read_into(self, offset: int, buffer):
        """Fill `buffer`, a bytearray, with the bytes from `offset` on."""
        buffer[:] = self.read(offset, len(buffer))

    def program(self, offset: int, data: bytes):
        """Clear the bits at `offset` that are 0 in `data`, inside one page. Raises OSError."""
        raise NotImplementedError

    def erase(self, offset: int):
        """Set all bits of the sector at `offset`. Raises OSError."""
        raise NotImplementedError
