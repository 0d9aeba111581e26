"""Changed messages and frames of DLMS, thrown at a whole meter."""

from data import meters
from dlms import hdlc
from models import dlms_lines
from models.dlms_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD, Client
from ports.network import CLOSED

from rigs.dlms_rig import Rig

_GATEWAY = b"\x00\x73\x00\x00\x13\x28\x00\xff"
_INITIATE = b"\x01\x00\x00\x00\x06\x5f\x1f\x04\x00\x00\x12\x15\x02\x00"
_OID = b"\x60\x85\x74\x05\x08"
_PUBLIC = b"\xa1\x09\x06\x07" + _OID + b"\x01\x01\xbe\x10\x04\x0e" + _INITIATE
#: What a client may say in the clear; `enter` is among it, and must never be obeyed.
APDUS = (
    b"\x60" + bytes((len(_PUBLIC),)) + _PUBLIC,
    b"\xc0\x01\xc1\x00\x01\x00\x00\x60\x01\x00\xff\x02\x00",
    b"\xc0\x01\xc1\x00\x0f\x00\x00\x28\x00\x00\xff\x02\x00",
    b"\xc0\x01\xc1\x00\x07\x01\x00\x63\x01\x00\xff\x02\x01\x02\x02\x04"
    b"\x06\x00\x00\x00\x01\x06\x00\x00\x00\x05\x12\x00\x01\x12\x00\x00",
    b"\xc0\x03\xc1\x02\x00\x01\x00\x00\x60\x01\x00\xff\x02\x00\x00\x08\x00\x00\x01\x00\x00\xff\x02\x00",
    b"\xc0\x02\xc1\x00\x00\x00\x01",
    b"\xc1\x01\xc1\x00\x70\x00\x00\x13\x0a\x00\xff\x02\x00\x05\x00\x0f\x42\x40",
    b"\xc3\x01\xc1" + _GATEWAY + b"\x01\x01\x09\x14" + meters.TOKEN_100_WH.encode(),
    b"\xc3\x01\xc1\x00\x46\x00\x00\x60\x03\x0a\xff\x02\x01\x0f\x00",
    b"\x62\x03\x80\x01\x00",
)
_ASKED = APDUS[1:-1]  # what neither begins nor ends an association
_TOKEN = meters.TOKEN_100_WH.encode()
_WRONG = b"00000" + _TOKEN[5:]  # further from the right one than three changes reach
SECRETS = (ENCRYPTION_KEY, AUTHENTICATION_KEY, PASSWORD)
_SNRM = b"\x93"
_FLAGS = 300  # more than the longest frame
_FLUSHED = 10  # turns, one for each frame that may wait


class Throw:
    """Throws `count` changed things at a meter; `seed` says which. said: octets it answered."""

    def __init__(self, count, seed=1, crypto=None):
        self._seed, self.said, self._management = seed, 0, None
        self.rig = Rig(crypto)
        client = self.rig.management()
        client.gmac()
        #: What a management client would say: opened only if it is as it was sealed, and new.
        self._sealed = [client.seal(0xC8, apdu) for apdu in APDUS]
        self.rig.network.line.close()
        deeds = (self._message, self._frame, self._within, self._at_the_line)
        for number in range(count):  # ten by ten, for each way needs a line of its own
            self._begins = number % 10 == 0
            self._check(deeds[number // 10 % len(deeds)]())

    def _draw(self, most):
        self._seed = self._seed * 69069 + 12345 & 0x3FFFFFFF
        return (self._seed >> 8) % most

    def _changed(self, good):
        bad = bytearray(good)
        for _ in range(1 + self._draw(3)):
            at = self._draw(len(bad) or 1)
            way = self._draw(4)
            if way == 0 and bad:
                bad[at] = self._draw(256)
            elif way == 1:
                bad = bad[:at]
            elif way == 2:
                bad = bad[:at] + bytes((self._draw(256),)) + bad[at:]
            elif bad:
                bad[at] ^= 1 << self._draw(8)
        return bytes(bad)

    def _any(self):
        kind = APDUS if self._draw(2) else self._sealed
        return kind[self._draw(len(kind))]

    def _message(self):
        """Say a changed message, at times in a changed wrapper; return the answer."""
        rig, self._management = self.rig, None
        line = rig.network.line
        if line is None or line.state == CLOSED or self._draw(8) == 0:
            if line is not None:
                line.close()
            rig.wait(1)
            line = rig.network.line = rig.network.connect()
            rig.wait(1)
            line.came = self._wrapped(APDUS[0], 16)
            rig.wait(1)
        said = self._wrapped(self._changed(self._any()), (16, 1)[self._draw(2)])
        if self._draw(10) == 0:
            said = self._changed(said)
        line.came, line.went = said, b""
        for _ in range(1 + len(said) // 256):
            rig.wait(1)
        return line.went

    def _within(self):
        """Say a changed message within the seal, as a management client that is out of order.

        The token is a wrong one: a right one that came through whole would count, and rightly so.
        """
        rig, client = self.rig, self._management
        if client is None or rig.network.line is None or rig.network.line.state == CLOSED:
            if rig.network.line is not None:
                rig.network.line.close()
            rig.wait(1)
            client = self._management = rig.management()
            if client.gmac() != (0, 14, True):
                self._management = None
                return b""
        good = APDUS[self._draw(len(APDUS))].replace(_TOKEN, _WRONG)
        return client.say(client.seal(0xCB, self._changed(good)), 1)

    def _at_the_line(self):
        """Say a changed message in right frames of HDLC, as a client that knew the password."""
        rig, line = self.rig, self.rig.serial
        client = Client(lambda apdu, address: dlms_lines.over_hdlc(rig, apdu, address))
        if self._begins:
            line.came, line.sent = b"\x7e" * _FLAGS, 0  # ends the frame that another left
            for _ in range(_FLUSHED):
                rig.wait(1)
            assert client.low() == (0, 0)
        good = _ASKED[self._draw(len(_ASKED))].replace(_TOKEN, _WRONG)
        return client.say(self._changed(good), 1)

    def _wrapped(self, apdu, client):
        return bytes((0, 1, 0, client, 0, 1, len(apdu) >> 8, len(apdu) & 255)) + apdu

    def _frame(self):
        """Say a changed frame of HDLC with right checks, or a right frame changed."""
        line, rig = self.rig.serial, self.rig
        control = (_SNRM, b"\x10", b"\x53", b"\x11", bytes((self._draw(256),)))[self._draw(5)]
        info = b"\xe6\xe6\x00" + self._changed(self._any()) if control != _SNRM else b""
        head = b"\x03" + (b"\x21", b"\x03")[self._draw(2)] + control
        size = len(head) + 4 + (len(info) + 2 if info else 0)
        body = bytes((0xA0 | size >> 8 & 7, size & 255)) + head
        if info:
            body += hdlc.check(body) + info
        frame = b"\x7e" + body + hdlc.check(body) + b"\x7e"
        line.came, line.went = frame if self._draw(3) else self._changed(frame), b""
        rig.wait(1)
        return line.went

    def _check(self, answer):
        """Raise AssertionError if the meter did what it must never do."""
        self.said += len(answer)
        assert self.rig.part.carrier.bugs == 0
        assert self.rig.app.fault is None
        assert self.rig.credit == 0
        for secret in SECRETS:
            assert secret not in answer
