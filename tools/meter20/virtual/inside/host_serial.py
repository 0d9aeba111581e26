"""A serial line beside the service port, a pseudo-terminal of the host. Runs on MicroPython only.

It keeps the contract of ports.serial_line. `_host` offers what `serial.mjs` has.
"""

import _host
from uctypes import addressof


class HostSerial:
    """The line."""

    def receive(self, most):
        data = bytearray(most)
        return bytes(data[: _host.serial_receive(addressof(data), most)])

    def send(self, data):
        data = bytes(data)
        return _host.serial_send(addressof(data), len(data)) if data else 0
