"""The network of a meter in Node: TCP in a thread of its own. Runs on MicroPython only.

It keeps the contract of ports.network, and does not import it: a board that was just made
has no meter yet. `_host` offers what `tcp.mjs` has; data crosses as the address of a buffer,
which MicroPython's collector never moves.
"""

import errno

import _host
from uctypes import addressof

_STATES = {0: "opening", 1: "open", -1: "closed"}  # of ports.network
_DER = 0x30  # the first octet of every certificate


class HostNetwork:
    """The network of the machine that Node runs on."""

    has_tls = True

    def join(self, name, password):
        pass  # the machine has a link, or not

    def authority(self):
        size = _host.tcp_authority(0, 0)
        data = bytearray(size)
        return bytes(data) if size and _host.tcp_authority(addressof(data), size) else None

    def up(self):
        return True

    def open(self, host, port, tls=None):
        if tls is not None and (len(tls) < 2 or tls[0] != _DER):
            raise ValueError("certificate: not one in DER")
        authority = bytes(tls or b"\0")
        size = 0 if tls is None else len(authority)
        return HostConnection(_host.tcp_open(host, port, addressof(authority), size))

    def listen(self, port):
        return HostListener(_host.tcp_listen(port))


class HostConnection:
    """The connection that the host calls `number`."""

    look_ms = 20  # as ports.network.Connection has it

    def __init__(self, number):
        self._number = number

    @property
    def state(self):
        return _STATES[_host.tcp_state(self._number)]

    @property
    def why(self):
        return _host.tcp_why(self._number)

    def poll(self):
        return self.state

    def send(self, data):
        # A copy where `data` lies within something else, whose address is another.
        data = bytes(data)
        return _host.tcp_send(self._number, addressof(data), len(data)) if data else 0

    def receive(self, most):
        data = bytearray(most)
        return bytes(data[: _host.tcp_receive(self._number, addressof(data), most)])

    def close(self):
        _host.tcp_close(self._number)


class HostListener:
    """Listens at what the host calls `number`. Raises OSError if it could not."""

    def __init__(self, number):
        self._number = number
        self.port = _host.tcp_port(number)
        if self.port < 0:
            _host.tcp_close(number)
            raise OSError(errno.EADDRINUSE)

    def accept(self):
        number = _host.tcp_accept(self._number)
        return HostConnection(number) if number else None

    def close(self):
        _host.tcp_close(self._number)
