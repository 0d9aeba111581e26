"""The far side of `serve.mjs`: builds the simulator's body and hands it bytes.

Runs on MicroPython only. `_host` is what `serve.mjs` offers; data crosses as
the address of a buffer, which MicroPython's collector never moves.
"""

import _host
import board
import body
from host_image import HostImage
from uctypes import addressof

_body = body.SimBody(HostImage(board.FLASH_SIZE))


def feed(size: int) -> bool:
    """Give the body the `size` bytes that the host holds; return whether it wants `resume`."""
    data = bytearray(size)
    _host.take(addressof(data))
    return _answered(_body.feed(bytes(data)))


def resume() -> bool:
    """Let the body go on with long work; return whether it wants `resume` again."""
    return _answered(_body.resume())


def end():
    """End the meter in good order."""
    _body.end()


def _answered(reply) -> bool:
    if reply is None:
        return True
    if reply:
        _host.reply(addressof(reply), len(reply))
    return False
