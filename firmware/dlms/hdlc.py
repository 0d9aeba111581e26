"""HDLC as DLMS uses it on a serial line: the server's end of one link. Octets in, octets out.

Window 1, so one frame waits for its answer. A frame that is damaged, too long or for another
server is dropped: the client asks again. Pure: imports `const`, nothing else.
Source: IEC 62056-46, frame format type 3; ISO/IEC 13239.
"""

from micropython import const

INFO_MAX = const(128)  # octets of information a frame; the client hears it, too
_FLAG = const(0x7E)
_FRAME_MAX = const(170)  # 2 format, 8 addresses, 1 control, 2 HCS, INFO_MAX, 2 FCS, and to spare
_APDU_MAX = const(1024)
_SNRM = const(0x93)
_DISC = const(0x53)
_UA = const(0x73)
_DM = const(0x1F)
_RR = const(0x11)
_SEGMENT = const(0x08)
_TO_SERVER = b"\xe6\xe6\x00"
_TO_CLIENT = b"\xe6\xe7\x00"
# Always sent: a client that hears no limits goes on with larger ones of its own.
_LIMITS = (
    bytes((0x81, 0x80, 0x12, 5, 1, INFO_MAX, 6, 1, INFO_MAX))
    + b"\x07\x04\x00\x00\x00\x01\x08\x04\x00\x00\x00\x01"
)


class Hdlc:
    """One link. association: dlms.association.Association. server: its address.

    The association ends when a link begins or ends. busy: an answer is not known yet, or more
    octets wait for their turn; `feed` then goes on with no octets, and the next ones come later.
    """

    def __init__(self, association, server: int = 1):
        self._association, self._server = association, server
        self._waits = self.busy = False
        self._got = bytearray()
        self._open = False
        self._begin()

    def _begin(self):
        self._sent = self._received = 0
        self._coming, self._going = b"", b""
        self._last = None

    def feed(self, data) -> bytes:
        """Take octets as they come; return those to send: the answer to one frame at most.

        Never raises for what they are.
        """
        self._got += data
        if self._waits:
            self.busy = True
            return self._answered(self._association.later())
        frame = self._next_frame()
        self.busy = frame is not None
        return b"" if frame is None else self._answer(frame)

    def _next_frame(self):
        """Return the next whole and sound frame without its flags, None while there is none."""
        while True:
            start = self._got.find(bytes((_FLAG,)))
            if start < 0:
                self._got = bytearray()
                return None
            if start:
                self._got = self._got[start:]
            if len(self._got) < 3:
                return None
            size = (self._got[1] & 7) << 8 | self._got[2]
            if self._got[1] & 0xF0 != 0xA0 or not 7 <= size <= _FRAME_MAX:
                self._got = self._got[1:]  # a flag that closes, or rubbish
                continue
            if len(self._got) < size + 2:
                return None
            frame = bytes(self._got[1 : size + 1])
            if self._got[size + 1] == _FLAG and check(frame[:-2]) == frame[-2:]:
                self._got = self._got[size + 1 :]  # its closing flag may open the next
                return frame
            self._got = self._got[1:]

    def _answer(self, frame):
        to_server, at = _address(frame, 2)
        client, at = _address(frame, at)
        if not client or not to_server or _upper(to_server) != self._server:
            return b""
        control, info = frame[at], frame[at + 3 : -2]
        if info and check(frame[: at + 1]) != frame[at + 1 : at + 3]:
            return b""
        self._ends = client + to_server
        if control == _SNRM:
            self._association.drop()
            self._begin()
            self._open = True
            return self._frame(_UA, _LIMITS)
        if control == _DISC:
            was_open, self._open = self._open, False
            self._association.drop()
            return self._frame(_UA if was_open else _DM)
        if not self._open:
            return self._frame(_DM)
        if control & 1 == 0:
            return self._information(frame, control, info, client[-1] >> 1)
        if control & 0x0F == 1:
            return self._ready(control)
        return b""

    def _information(self, frame, control, info, client):
        if control >> 1 & 7 != self._received:
            return self._again()
        self._received = self._received + 1 & 7
        self._coming += info
        if len(self._coming) > _APDU_MAX:
            self._coming = b""
            self._open = False
            self._association.drop()
            return self._frame(_DM)
        if frame[0] & _SEGMENT:
            return self._frame(_RR | self._received << 5)
        apdu, self._coming = self._coming, b""
        if not apdu.startswith(_TO_SERVER):
            return self._frame(_RR | self._received << 5)
        return self._answered(self._association.answer(apdu[3:], client))

    def _answered(self, answer):
        self._waits = answer is None
        if self._waits:
            return b""
        self._going = _TO_CLIENT + answer if answer else b""
        return self._more()

    def _ready(self, control):
        """The client has, or has not, got the last frame."""
        if self._last is not None and control >> 5 & 7 != self._sent:
            return self._again()
        return self._more()

    def _more(self):
        if not self._going:
            self._last = None
            return self._frame(_RR | self._received << 5)
        info, self._going = self._going[:INFO_MAX], self._going[INFO_MAX:]
        control = 0x10 | self._sent << 1
        self._sent = self._sent + 1 & 7
        self._last = (control, info, bool(self._going))
        return self._again()

    def _again(self):
        if self._last is None:
            return self._frame(_RR | self._received << 5)
        control, info, more = self._last
        return self._frame(control | self._received << 5, info, more)

    def _frame(self, control, info=b"", more=False):
        head = self._ends + bytes((control,))
        size = 2 + len(head) + 2 + (len(info) + 2 if info else 0)
        head = bytes((0xA0 | (_SEGMENT if more else 0) | size >> 8, size & 0xFF)) + head
        body = head + (check(head) + info if info else b"")
        return b"\x7e" + body + check(body) + b"\x7e"


def check(data: bytes) -> bytes:
    """Return the check sequence of `data`, 2 octets as they are sent. Source: ISO/IEC 13239."""
    value = 0xFFFF
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    value ^= 0xFFFF
    return bytes((value & 0xFF, value >> 8))


def _address(frame, at):
    """Return (address octets, place after them); b"" when it does not end within 4."""
    for end in range(at, min(at + 4, len(frame) - 3)):
        if frame[end] & 1:
            return frame[at : end + 1], end + 1
    return b"", at


def _upper(address):
    """Return the logical device of an address of 1, 2 or 4 octets."""
    if len(address) == 4:
        return address[0] >> 1 << 7 | address[1] >> 1
    return address[0] >> 1
