"""The connection to the broker: opens it, and opens it again some time after it was lost.

The wait doubles from one second to five minutes. Up to half of it comes on top, by the number of
the meter, so that not all meters of a fleet come back in one moment.
"""

from binascii import crc32
from errno import EAGAIN

from micropython import const
from ports.network import CLOSED, OPEN

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.network import Network

    from carriers.access import Access

#: Why there is no connection, beside the words of ports.network for TLS: no certificate to
#: believe; no link; nobody answers there, or there is no such place; it was open and ended.
NO_AUTHORITY, NO_LINK, UNREACHABLE, LOST = "no_authority", "no_link", "unreachable", "lost"

_FIRST_MS = const(1000)
_DOUBLINGS = const(8)
_LONGEST_MS = const(300_000)
_OPENING_MS = const(30_000)
_NONE_MS = const(500)  # between two looks while there is no connection
#: Octets taken from the line a turn: two tokens at the most.
TURN_OCTETS = const(64)


class Link:
    """Keeps a connection of `network`, a ports.network.Network. name: of the meter, for jitter.

    why: a word for why there was none when it was tried last, "" once the broker took us.
    """

    def __init__(self, network: "Network", name: str):
        self._network, self._name = network, name
        self._failures = 0
        self._next_ms = 0
        self.why, self._ending = "", LOST
        self.connection = None

    @property
    def look_ms(self) -> int:
        """Milliseconds until the line is looked at again; longer while there is none."""
        return _NONE_MS if self.connection is None else self.connection.look_ms

    def ready(self, access: "Access", now_ms: int) -> bool:
        """Whether the connection to the broker of `access` is open; opens it when it is time."""
        if not self._network.up():
            self.drop(now_ms)
            self.why = NO_LINK
            return False
        if self.connection is None:
            if now_ms >= self._next_ms:
                self._open(access, now_ms)
            return False
        state = self.connection.poll()
        if state == OPEN:
            self._ending = LOST
        if state == CLOSED or (state != OPEN and now_ms >= self._next_ms):
            self.drop(now_ms)
        return state == OPEN

    def _open(self, access: "Access", now_ms):
        self._next_ms, self._ending = now_ms + _OPENING_MS, UNREACHABLE
        authority = self._network.authority() if access.tls else None
        try:
            if access.tls and authority is None:
                raise ValueError("no authority to believe")
            self.connection = self._network.open(access.host, access.port, authority)
        except (OSError, ValueError) as failed:
            self.why = NO_AUTHORITY if isinstance(failed, ValueError) else UNREACHABLE
            self._wait(now_ms)

    def held(self):
        """The broker took us: the next loss is the first one again."""
        self._failures, self.why = 0, ""

    def drop(self, now_ms: int):
        """Close the connection, if there is one; the next is opened after the wait."""
        if self.connection is not None:
            self.why = self.connection.why or self._ending
            self.connection.close()
            self.connection = None
            self._wait(now_ms)

    def _wait(self, now_ms):
        wait_ms = min(_FIRST_MS << min(self._failures, _DOUBLINGS + 1), _LONGEST_MS)
        self._failures += 1
        drawn = crc32(("%s %d %d" % (self._name, self._failures, now_ms)).encode())
        self._next_ms = now_ms + wait_ms + wait_ms * (drawn & 0xFF) // 512


class Stream:
    """What chumicro-mqtt takes for a socket: a Connection, read in small pieces."""

    def __init__(self, connection):
        self._connection = connection

    def send(self, data):
        return self._connection.send(data)

    def recv_into(self, buffer, size):
        data = self._connection.receive(min(size, TURN_OCTETS))
        if data:
            buffer[: len(data)] = data
        elif self._connection.state != CLOSED:
            raise OSError(EAGAIN, "nothing came")  # CPython needs two
        return len(data)

    def close(self):
        self._connection.close()
