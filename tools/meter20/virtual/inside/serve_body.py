"""The far side of `serve.mjs`: builds the simulator's body and hands it bytes.

Runs on MicroPython only. `_host` is what `serve.mjs` offers; data crosses as
the address of a buffer, which MicroPython's collector never moves.
"""

import _host
import board
import body
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


_body = body.SimBody(HostImage(board.FLASH_SIZE))


def feed(size: int) -> bool:
    """Give the body the `size` bytes that the host holds; return whether it wants `resume`."""
    data = bytearray(size)
    _host.take(addressof(data))
    return _answered(_body.feed(bytes(data)))


def resume() -> bool:
    """Let the body go on with long work; return whether it wants `resume` again."""
    return _answered(_body.resume())


def _answered(reply) -> bool:
    if reply is None:
        return True
    if reply:
        _host.reply(addressof(reply), len(reply))
    return False
