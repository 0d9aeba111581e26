"""A DLMS client for tests: builds what a client sends and opens what it gets. No I/O."""

from dlms import axdr
from dlms.gcm import Gcm
from dlms.objects import octets

from models import aes

ENCRYPTION_KEY, AUTHENTICATION_KEY = bytes(range(16)), bytes(range(0xD0, 0xE0))  # test keys
PASSWORD, TITLE = b"test-password", b"TST\x00\x00\x00\x00\x01"
_OID = b"\x60\x85\x74\x05\x08"
_INITIATE = b"\x01\x00\x00\x00\x06\x5f\x1f\x04\x00\x00\x12\x15\x02\x00"
_SEALS = {0xC0: 0xC8, 0xC1: 0xC9, 0xC3: 0xCB}


class Client:
    """Talks through `say`: (apdu, client address) -> answer."""

    def __init__(self, say, counter=1):
        self.say, self.counter = say, counter
        self.address, self.sealed, self.server_title = 16, False, b""
        self.gcm = Gcm(aes.encryptor(ENCRYPTION_KEY))

    # -- beginning -----------------------------------------------------------------------------

    def public(self):
        """Begin without authentication; return (result, diagnostic)."""
        return self._begin(16, b"\xa1\x09\x06\x07" + _OID + b"\x01\x01", _INITIATE)

    def low(self, password=PASSWORD):
        """Begin with a password; return (result, diagnostic)."""
        return self._begin(1, self._head(1, 1, password), _INITIATE)

    def gmac(self):
        """Begin with HLS-5, sealed, and prove it; return (result, diagnostic, proved)."""
        self.challenge = b"challenge of the client"[:16]
        head = self._head(3, 5, self.challenge)
        self.address = 1
        answer = self.say(_association(head, self.seal(0x21, _INITIATE)), 1)
        result, diagnostic = answer_codes(answer)
        if result:
            return result, diagnostic, False
        at = answer.find(b"\xa4\x0a\x04\x08") + 4
        self.server_title = answer[at : at + 8]
        at = answer.find(b"\xaa\x12\x80\x10") + 4
        self.sealed = True
        return result, diagnostic, self.prove(answer[at : at + 16])

    def prove(self, challenge):
        counter = self.next_counter()
        aad = b"\x10" + AUTHENTICATION_KEY
        proof = b"\x10" + counter + self.gcm.tag(TITLE + counter, aad + challenge, b"")
        status, value = self.act(15, "0.0.40.0.0.255", 1, axdr.octets(proof))
        if status or value is None:
            return False
        right = self.gcm.tag(self.server_title + value[1:5], aad + self.challenge, b"")
        return value[5:] == right

    def _begin(self, address, head, initiate):
        self.address, self.sealed = address, False
        return answer_codes(self.say(_association(head, initiate), address))

    def _head(self, context, mechanism, secret):
        head = b"\xa1\x09\x06\x07" + _OID + bytes((1, context))
        head += b"\xa6\x0a\x04\x08" + TITLE + b"\x8a\x02\x07\x80\x8b\x07" + _OID
        head += bytes((2, mechanism, 0xAC, len(secret) + 2, 0x80, len(secret))) + secret
        return head

    # -- asking --------------------------------------------------------------------------------

    def get(self, cls, name, index, selection=b"\x00"):
        """Return (status, value) of an attribute, however many blocks it comes in."""
        what = cls.to_bytes(2, "big") + octets(name) + bytes((index,)) + selection
        answer = self.ask(b"\xc0\x01\xc1" + what)
        data = b""
        while answer[:2] == b"\xc4\x02":
            size, at = axdr.take_length(answer, 9)
            data += answer[at : at + size]
            if answer[3]:
                return 0, axdr.take(data, 0)[0]
            answer = self.ask(b"\xc0\x02\xc1" + answer[4:8])
        if answer[:2] != b"\xc4\x01":
            return answer, None
        return (answer[4], None) if answer[3] else (0, axdr.take(answer, 4)[0])

    def act(self, cls, name, index, value=None):
        """Return (status, value) of a method."""
        what = cls.to_bytes(2, "big") + octets(name) + bytes((index,))
        answer = self.ask(b"\xc3\x01\xc1" + what + (b"\x00" if value is None else b"\x01" + value))
        if answer[:1] != b"\xc7":
            return answer, None
        return answer[3], axdr.take(answer, 6)[0] if answer[4] else None

    def ask(self, apdu):
        """Return the answer to `apdu`, sealed both ways if the association is."""
        if not self.sealed:
            return self.say(apdu, self.address)
        answer = self.say(self.seal(_SEALS[apdu[0]], apdu), self.address)
        return self.opened(answer)

    def seal(self, tag, apdu):
        counter = self.next_counter()
        sealed = self.gcm.seal(TITLE + counter, b"\x30" + AUTHENTICATION_KEY, apdu)
        body = b"\x30" + counter + sealed
        return bytes((tag,)) + axdr.length(len(body)) + body

    def opened(self, answer):
        """Return what a sealed `answer` holds; the answer itself when it is a refusal."""
        if answer[:1] == b"\xd8":
            return answer
        _, at = axdr.take_length(answer, 1)
        counter, sealed = answer[at + 1 : at + 5], answer[at + 5 :]
        aad = b"\x30" + AUTHENTICATION_KEY
        return self.gcm.opened(self.server_title + counter, aad, sealed)

    def next_counter(self):
        self.counter += 1
        return self.counter.to_bytes(4, "big")


def answer_codes(answer):
    """Return (result, diagnostic) of an AARE, (None, answer) of anything else."""
    if answer[:1] != b"\x61":
        return None, answer
    at = answer.find(b"\xa2\x03\x02\x01")
    return answer[at + 4], answer[at + 11]


def _association(head, initiate):
    body = head + b"\xbe" + axdr.length(len(initiate) + 2) + b"\x04"
    body += axdr.length(len(initiate)) + initiate
    return b"\x60" + axdr.length(len(body)) + body
