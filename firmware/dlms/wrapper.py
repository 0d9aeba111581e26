"""The wrapper that carries APDUs over TCP: 8 octets before each. No I/O: octets in, octets out.

Pure: imports `const`, nothing else. Source: IEC 62056-47, wrapper sub-layer.
"""

from micropython import const

_HEAD = const(8)
_APDU_MAX = const(1024)


class Wrapper:
    """One connection. serve: (apdu, client) -> answer, b"" for none. server: its address."""

    def __init__(self, serve, server: int = 1):
        self._serve, self._server = serve, server
        self._got = bytearray()
        self.broken = False

    def feed(self, data) -> bytes:
        """Take octets as they come; return those to send.

        What is no wrapper, or longer than any request, makes the connection `broken`: nobody can
        tell where the next one would begin, so the caller closes it.
        """
        self._got += data
        out = b""
        while len(self._got) >= _HEAD and not self.broken:
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
            answer = self._serve(apdu, client) if server == self._server else b""
            if answer:
                ends = b"".join([n.to_bytes(2, "big") for n in (1, server, client, len(answer))])
                out += ends + answer
        return out
