"""The far side of `serve.mjs`: builds the simulator's body and hands it bytes.

Runs on MicroPython only. `_host` is what `serve.mjs` offers; data crosses as
the address of a buffer, which MicroPython's collector never moves.
"""

import _host
import board
import body
from host_image import HostImage
from uctypes import addressof

_bodies = []
_lines = []


def start(dlms, has_serial: bool, on_network: bool):
    """Switch a meter on in the place of the one before.

    dlms: TCP port, 0 for any that is free, None not to serve DLMS.
    """
    outside = {}
    if on_network or has_serial:
        from host_crypto import HostCrypto

        outside["crypto"] = HostCrypto()
    if on_network:
        from host_network import HostNetwork

        outside["network"] = HostNetwork()
    if has_serial:
        from host_serial import HostSerial

        outside["serial"] = HostSerial()
    given = {"outside": outside} if outside else {}
    if dlms is not None:
        given["dlms"] = dlms
    made = body.SimBody(HostImage(board.FLASH_SIZE), **given)
    _bodies[:] = [made]
    if on_network:
        from broker_line import BrokerLine

        _lines.append(BrokerLine(made))
    if dlms is not None:
        print("DLMS on 127.0.0.1:" + str(made.dlms_port))


def pass_time(duration_ms: int) -> int:
    """Let time pass; return the milliseconds until the next turn is due."""
    due_ms = _bodies[0].pass_time(duration_ms)
    for line in _lines:
        said = line.news()
        if said:
            print(said)
    return due_ms


def feed(size: int) -> bool:
    """Give the body the `size` bytes that the host holds; return whether it wants `resume`."""
    data = bytearray(size)
    _host.take(addressof(data))
    return _answered(_bodies[0].feed(bytes(data)))


def resume() -> bool:
    """Let the body go on with long work; return whether it wants `resume` again."""
    return _answered(_bodies[0].resume())


def end():
    """End the meter in good order."""
    _bodies[0].end()


def _answered(reply) -> bool:
    if reply is None:
        return True
    if reply:
        _host.reply(addressof(reply), len(reply))
    return False
