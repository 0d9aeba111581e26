"""The wrapper that carries APDUs over TCP: 8 octets before each. No I/O: octets in, octets out.

Pure: imports `const`, nothing else. Source: IEC 62056-47, wrapper sub-layer.
"""

from micropython import const

_HEAD = const(8)
_APDU_MAX = const(1024)


class Wrapper:
    """One connection. asked: dlms.association.Association. server: its address.

    waits: an answer is not known yet; `feed` goes on once it is, and before that takes nothing.
    """

    def __init__(self, asked, server: int = 1):
        self._asked, self._server = asked, server
        self._got = bytearray()
        self._client = 0
        self.broken = self.waits = False

    def feed(self, data) -> bytes:
        """Take octets as they come; return those to send.

        What is no wrapper, or longer than any request, makes the connection `broken`: nobody can
        tell where the next one would begin, so the caller closes it.
        """
        self._got += data
        out = self._answered(self._asked.later()) if self.waits else b""
        while len(self._got) >= _HEAD and not self.broken and not self.waits:
            version, client, server, size = [
                self._got[at] << 8 | self._got[at + 1] for at in (0, 2, 4, 6)
            ]
            if version != 1 or size > _APDU_MAX:
                self.broken = True
                break
            if len(self._got) < _HEAD + size:
                break
            apdu = bytes(self._got[_HEAD : _HEAD + size])
            self._got = self._got[_HEAD + size :]
            if server == self._server:
                self._client = client
                out += self._answered(self._asked.answer(apdu, client))
        return out

    def _answered(self, answer):
        self.waits = answer is None
        if not answer:
            return b""
        ends = (1, self._server, self._client, len(answer))
        return b"".join([number.to_bytes(2, "big") for number in ends]) + answer
