"""Port: a network that carries bytes. Nothing here ever blocks, except to look up a name.

A board without one says None. Implemented by drivers.socket_network (boards, MicroPython's unix
port, CPython) and by the virtual board; whatever implements it passes
host_tests/contract/test_network.py.
"""

#: States of a Connection.
OPENING, OPEN, CLOSED = "opening", "open", "closed"

#: Why TLS failed: the authority does not vouch for the other side, or not any more; it vouches
#: for it under another name; anything else of TLS.
UNTRUSTED, OTHER_NAME, TLS = "untrusted", "other_name", "tls"


class Network:
    """Makes connections, and takes them."""

    #: Whether `open` can do TLS.
    has_tls = False

    def join(self, name: str, password: str):
        """Belong to the Wi-Fi `name` now; nothing to do where the system keeps the link."""

    def authority(self):
        """Return the certificate (DER) that TLS is to believe, None if there is none here."""
        return None

    def up(self) -> bool:
        """Whether there is a link. Call it at each turn: it goes on looking for a lost one."""
        raise NotImplementedError

    def open(self, host: str, port: int, tls=None):
        """Return a Connection to `host`, OPENING.

        tls: None for none, else the certificate (DER) of the authority that must vouch for the
        other side, under the name `host`; the connection is OPEN when it did. May block while a
        name is looked up, and for one step of TLS; an address in numbers does not. Raises OSError
        when there can be no connection at all, ValueError for a certificate that is none.
        """
        raise NotImplementedError

    def listen(self, port: int):
        """Return a Listener on `port`, 0 for any that is free. Raises OSError if it is taken.

        At the start of a meter only: may block some milliseconds.
        """
        raise NotImplementedError


class Connection:
    """Bytes to and from one other machine."""

    #: OPENING, OPEN, or CLOSED, by whichever side; brought up to date by each call. A connection
    #: that could not be made is CLOSED.
    state = OPENING
    #: Why a CLOSED connection is closed, where TLS is the reason: one of the words above, else "".
    why = ""
    #: Milliseconds until somebody looks at it again, while nothing is expected. More than this
    #: only where the owner of the loop steps the meter as soon as something comes.
    look_ms = 20

    def poll(self) -> str:
        """Return the state now. An opening connection gets on with it only here."""
        raise NotImplementedError

    def send(self, data) -> int:
        """Return how many octets of `data`, bytes-like, were taken; 0 while there is no room.

        0 also before the connection is OPEN, and after.
        """
        raise NotImplementedError

    def receive(self, most: int) -> bytes:
        """Return what has come, up to `most` octets, b"" when nothing has.

        After the other side closed, what it had sent still comes; then the state is CLOSED.
        """
        raise NotImplementedError

    def close(self):
        """Close; a second time does nothing. What was sent and is under way may be lost."""
        raise NotImplementedError


class Listener:
    """Takes connections that others open."""

    #: The port listened on.
    port = 0

    def accept(self):
        """Return the next Connection, None when nobody waits."""
        raise NotImplementedError

    def close(self):
        """Listen no more."""
        raise NotImplementedError
