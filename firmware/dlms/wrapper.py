"""The wrapper that carries APDUs over TCP: 8 octets before each. No I/O: octets in, octets out.

Pure: imports `const`, nothing else. Source: IEC 62056-47, wrapper sub-layer.
"""

from micropython import const

_HEAD = const(8)
_APDU_MAX = const(1024)


class Wrapper:
    """One connection. association: dlms.association.Association. server: its address.

    busy: an answer is not known yet, or a whole request waits for its turn; `feed` then goes on
    with no octets, and the next ones come later.
    """

    def __init__(self, association, server: int = 1):
        self._association, self._server = association, server
        self._got = bytearray()
        self._client = 0
        self._waits = False
        self.broken = self.busy = False

    def feed(self, data) -> bytes:
        """Take octets as they come; return those to send: the answer to one request at most.

        What is no wrapper, or longer than any request, makes the connection `broken`: nobody can
        tell where the next one would begin, so the caller closes it.
        """
        self._got += data
        out = self._answered(self._association.later()) if self._waits else self._next()
        self.busy = self._waits or self._size() > 0
        return out

    def _number(self, at):
        return self._got[at] << 8 | self._got[at + 1]

    def _size(self):
        """Return how many octets the next request has with its head, 0 while it is not whole."""
        if len(self._got) < _HEAD or self.broken:
            return 0
        size = _HEAD + self._number(6)
        self.broken = self._number(0) != 1 or size > _HEAD + _APDU_MAX
        return 0 if self.broken or len(self._got) < size else size

    def _next(self):
        """Answer the next request, if it is whole."""
        size = self._size()
        if not size:
            return b""
        client, server = self._number(2), self._number(4)
        apdu, self._got = bytes(self._got[_HEAD:size]), self._got[size:]
        if server != self._server:
            return b""
        self._client = client
        return self._answered(self._association.answer(apdu, client))

    def _answered(self, answer):
        self._waits = answer is None
        if not answer:
            return b""
        ends = (1, self._server, self._client, len(answer))
        return b"".join([number.to_bytes(2, "big") for number in ends]) + answer
