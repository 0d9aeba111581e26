"""The flash chip's contents, kept by the host. Runs on MicroPython only.

`_host` offers what `image.mjs` has; data crosses as the address of a buffer,
which MicroPython's collector never moves.
"""

import _host
from uctypes import addressof


class HostImage:
    """The flash chip's contents, kept by the host."""

    def __init__(self, size: int):
        self._size = size
        _host.image_open(size)

    def size(self) -> int:
        return self._size

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`. Raises ValueError outside the chip."""
        self._check(offset, size)
        data = bytearray(size)
        if size:
            _host.image_read(offset, addressof(data), size)
        return bytes(data)

    def write(self, offset: int, data):
        """Put `data` at `offset`; on return it is stored. Raises ValueError outside the chip."""
        self._check(offset, len(data))
        if data:
            _host.image_write(offset, addressof(data), len(data))

    def _check(self, offset, size):
        if offset < 0 or size < 0 or offset + size > self._size:
            raise ValueError("outside the flash image")
