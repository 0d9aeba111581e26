"""The network of a meter of a fleet: sockets at which a meter looks only when something came.

A meter looks at its line each 20 ms, since a board has no other way to hear of something. Here
the process waits for all its sockets at once, and steps the meter for which something came.
"""

import select

from drivers.socket_network import SocketConnection, SocketNetwork
from ports.network import CLOSED, OPENING

_QUIET_MS = 60_000  # the street steps the meter when something comes


class WatchedConnection(SocketConnection):
    """A connection that `watch` waits for on behalf of `owner`. news: something may be there."""

    def __init__(self, opened, host, context, watch: "Watch", owner):
        super().__init__(opened, host, context)
        self.news, self.owner = True, owner
        self._number, self._watch = opened.fileno(), watch
        watch.add(self._number, self)

    @property
    def look_ms(self) -> int:
        if self.state == OPENING or (self.news and self._secured is not None):
            return SocketConnection.look_ms
        return 1 if self.news else _QUIET_MS

    def receive(self, most):
        if not self.news:
            return b""
        data = super().receive(most)
        if len(data) < most and (self._secured is None or not data):
            self.news = False
        return data

    def close(self):
        if self.state != CLOSED:
            self._watch.remove(self._number)
        super().close()


class Watch:
    """Waits for the sockets of many meters."""

    def __init__(self):
        self._poll = select.epoll()
        self._lines: dict[int, WatchedConnection] = {}

    def add(self, number: int, line: WatchedConnection) -> None:
        """Wait for the descriptor `number` from now on."""
        self._lines[number] = line
        self._poll.register(number, select.EPOLLIN)

    def remove(self, number: int) -> None:
        """Wait for it no more."""
        del self._lines[number]
        self._poll.unregister(number)

    def wait(self, most_s: float) -> list:
        """Return the owners of the lines at which something came, after `most_s` at most."""
        woken = [self._lines[number] for number, _ in self._poll.poll(max(0.0, most_s))]
        for line in woken:
            line.news = True
        return [line.owner for line in woken]

    def close(self) -> None:
        """Wait no more at all."""
        self._poll.close()


class WatchedNetwork(SocketNetwork):
    """The network of one meter, `owner`, whose connections `watch` waits for."""

    def __init__(self, watch: Watch, owner, authority_file: str = ""):
        super().__init__(authority_file=authority_file)
        self._watch, self._owner = watch, owner

    def _connection(self, opened, host, context):
        return WatchedConnection(opened, host, context, self._watch, self._owner)
