"""Lines into a meter for tests of DLMS: a network and a serial line in memory, and AES."""

from dlms import hdlc
from ports.network import CLOSED, OPEN

from models import aes

_TURNS = 6  # in which an answer comes


class Crypto:
    """AES as it is; its random octets are known in advance."""

    def __init__(self):
        self._drawn = 0

    def aes(self, key):
        return aes.encryptor(key)

    def random(self, count):
        self._drawn += 1
        return bytes([(self._drawn + at) & 0xFF for at in range(count)])


class Line:
    """A serial line, or a connection. came: octets for the meter. went: those from it."""

    def __init__(self):
        self.came, self.went, self.state = b"", b"", OPEN
        self.told = 0

    def receive(self, most):
        data, self.came = self.came[:most], self.came[most:]
        return data

    def send(self, data):
        self.went += data
        return len(data)

    def poll(self):
        return self.state

    def close(self):
        self.state = CLOSED


class Network:
    """waiting: connections that the meter has not taken yet."""

    def __init__(self):
        self.waiting, self.line, self.port = [], None, 0

    def up(self):
        return True

    def listen(self, port):
        self.port = port
        return self

    def connect(self):
        line = Line()
        self.waiting.append(line)
        return line

    def accept(self):
        return self.waiting.pop(0) if self.waiting else None

    def close(self):
        pass


def over_tcp(case, apdu, client):
    """Say `apdu` to the meter of `case`; return the answer, b"" for none."""
    network = case.network
    if network.line is None or network.line.state == CLOSED:
        network.line = network.connect()
        case.wait(1)
    line = network.line
    head = b"\x00\x01" + client.to_bytes(2, "big") + b"\x00\x01" + len(apdu).to_bytes(2, "big")
    line.came, line.went = head + apdu, b""
    for _ in range(_TURNS):
        case.wait(1)
        if line.went:
            break
    return line.went[8:]


def over_hdlc(case, apdu, client):
    """Say `apdu` to the meter of `case` in a link of HDLC; return the answer."""
    line = case.serial
    if not getattr(line, "sent", None):
        line.sent = line.got = 0
        _frame(case, client, 0x93, b"")
    answer = b""
    pieces = [b"\xe6\xe6\x00" + apdu]
    while len(pieces[-1]) > hdlc.INFO_MAX:
        last = pieces.pop()
        pieces += [last[: hdlc.INFO_MAX], last[hdlc.INFO_MAX :]]
    for number, piece in enumerate(pieces):
        control = 0x10 | line.got << 5 | line.sent << 1
        line.sent = line.sent + 1 & 7
        frame = _frame(case, client, control, piece, number < len(pieces) - 1)
    while frame[2] & 1 == 0:
        line.got = line.got + 1 & 7
        answer += frame[5:-2] if len(frame) > 7 else b""
        if not frame[-1:] or not line.more:
            break
        frame = _frame(case, client, 0x11 | line.got << 5, b"")
    line.sent = line.sent or 8
    return answer[3:]


def _frame(case, client, control, info, more=False):
    """Say a frame; return [addresses, control, HCS, information, FCS] of the answer to it."""
    line = case.serial
    head = b"\x03" + bytes((client << 1 | 1, control))
    size = len(head) + 4 + (len(info) + 2 if info else 0)
    head = bytes((0xA0 | (8 if more else 0) | size >> 8, size & 255)) + head
    body = head + (hdlc.check(head) + info if info else b"")
    line.came, line.went = b"\x7e" + body + hdlc.check(body) + b"\x7e", b""
    for _ in range(_TURNS):
        case.wait(1)
        if line.went:
            break
    line.more = bool(line.went[1] & 8)
    return line.went[3:-1]
