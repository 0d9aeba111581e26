"""One DLMS association: who is there, what they may do, and the seal on what is said.

`Association.answer(apdu, client)` takes one APDU and returns one: b"" for no answer, None for an
answer that `later` returns. Two clients are known. The public client (16) needs no secret and
reads what is no secret. The management client (1) proves who it is by HLS-5 (GMAC) and everything
it says is sealed under suite 0; on a local line (`local`) it may say a password (LLS) instead.
There is no SET.

Pure: imports `dlms` modules and `const`, nothing else.
Source: IEC 62056-5-3, ACSE; security suite 0; IEC 62056-6-2, Association LN.
"""

from micropython import const

from dlms import axdr, gcm, services

PUBLIC = const(16)
MANAGEMENT = const(1)
PDU_MAX = const(256)
#: Block transfer with get, multiple references, get, selective access, action.
CONFORMANCE = const(0x001215)

_IDLE = const(0)
_PROVING = const(1)  # the client has sent its challenge and must still answer ours
_OPEN = const(2)
_PLAIN = const(1)
_CIPHERED = const(3)
_LLS = const(1)
_GMAC = const(5)
_AUTHENTICATED = const(0x10)
_SEALED = const(0x30)  # authenticated and encrypted, suite 0
_SEAL_OCTETS = const(33)  # tag, title, length, security control, counter, tag of GCM, to spare
_CHALLENGE = const(16)
_SHORTEST, _LONGEST = const(8), const(64)  # of a client's challenge

_OID = b"\x60\x85\x74\x05\x08"
_INITIATE = b"\x06\x5f\x1f\x04\x00"
_GENERAL = const(0xDB)  # general-glo-ciphering: names the sender; answered alike
_SEALED_ANSWERS = {0xC8: 0xCC, 0xC9: 0xCD, 0xCB: 0xCF, _GENERAL: _GENERAL}
_REFUSED = b"\xd8\x01\x02"  # service not allowed; operation not possible
_UNREADABLE = b"\xd8\x02\x03"  # service unknown; other reason
_RELEASED = b"\x63\x03\x80\x01\x00"

_NO_REASON, _NOT_SUPPORTED, _MECHANISM, _FAILED, _PROVE = 1, 2, 11, 13, 14  # diagnostics


class Refused(Exception):
    """What was said is not sealed as it must be."""


class Association:
    """One association at a time, for one line or connection.

    objects: association -> dlms.objects.Objects. secrets: dlms.secrets.Secrets, None when nobody
    gave the meter any: then there is only the public client. local: the line is the meter's own,
    not a network. random: count -> octets.
    """

    def __init__(self, objects, secrets, random, local: bool = False):
        self._secrets, self._random = secrets, random
        self._local = local
        self._services = services.Services(objects(self), self._prove)
        self.drop()

    def drop(self):
        """End the association, as when the line broke."""
        self._state = _IDLE
        self.client = PUBLIC
        self.mechanism = 0
        self._ciphered = False
        self._title, self._challenges = b"", (b"", b"")  # of challenges: theirs, ours
        self._tag = 0
        self._services.drop()

    @property
    def state(self) -> int:
        """Association status: 0 none, 1 pending, 2 associated."""
        return self._state

    @property
    def ciphered(self) -> bool:
        """Whether all that is said is sealed."""
        return self._ciphered

    def answer(self, apdu: bytes, client: int):
        """Return the answer to `apdu` from the address `client`. Raises nothing for what it is.

        None while the answer is not known. No further APDU may come before `later` returned it.
        """
        try:
            return self._answer(apdu, client)
        except Refused:
            return _REFUSED
        except ValueError:
            return _UNREADABLE if self._state else b""

    def _answer(self, apdu, client):
        what = axdr.octet(apdu, 0)
        if what == 0x60:
            return self._associate(apdu, client)
        if what == 0x62:
            self.drop()
            return _RELEASED
        if client != self.client or self._state == _IDLE:
            return _REFUSED
        tag = _SEALED_ANSWERS.get(what, 0)
        if tag:
            if not self._ciphered:
                return _REFUSED
            at = 1
            if what == _GENERAL:
                size, at = axdr.take_length(apdu, 1)
                if axdr.part(apdu, at, size) != self._title:
                    return _REFUSED
                at += size
            size, at = axdr.take_length(apdu, at)
            apdu = self._opened(axdr.part(apdu, at, size))
        elif self._ciphered:
            return _REFUSED
        room = self._pdu_max - (_SEAL_OCTETS if self._ciphered else 0)
        said = self._services.answer(apdu, self._reach(), room)
        self._tag = tag  # of the answer, also to what has just ended the association
        return self._said(said)

    def later(self):
        """Return the answer that was not known yet, None while it is not."""
        return self._said(self._services.later())

    def _said(self, said):
        return said if said is None or not self._tag else self._sealed(self._tag, said)

    def _reach(self):
        """Return which client asks, None while it has not proved who it is."""
        return self.client if self._state == _OPEN else None

    # -- beginning -----------------------------------------------------------------------------

    def _associate(self, apdu, client):
        self.drop()
        size, at = axdr.take_length(apdu, 1)
        parts = _elements(apdu, at, at + size)
        context = _last(parts.get(0xA1))
        mechanism = _last(parts[0x8B]) if 0x8B in parts else 0
        self._title = parts.get(0xA6, b"")[2:]
        secret = parts.get(0xAC, b"")[2:]
        diagnostic = self._diagnostic(context, mechanism, secret, client)
        self._ciphered = context == _CIPHERED
        if diagnostic in (0, _PROVE):
            proposed = self._proposed(parts.get(0xBE, b"")[2:])
            self.client, self.mechanism = client, mechanism
            self._state = _PROVING if diagnostic == _PROVE else _OPEN
            said = self._initiated(proposed)
        else:
            said = b"\x0e\x01\x06\x01"  # confirmed service error: initiate
            self._ciphered = False
        return self._associated(context, diagnostic, said)

    def _diagnostic(self, context, mechanism, secret, client):
        """Return 0 to begin, _PROVE to begin and ask for a proof, else why not."""
        if context not in (_PLAIN, _CIPHERED):
            return _NOT_SUPPORTED
        if client == PUBLIC and mechanism == 0 and context == _PLAIN:
            return 0
        if client != MANAGEMENT or self._secrets is None:
            return _MECHANISM if client == MANAGEMENT else _NO_REASON
        if mechanism == _LLS and self._local and context == _PLAIN:
            return 0 if self._secrets.is_password(secret) else _FAILED
        if mechanism == _GMAC and context == _CIPHERED:
            if len(self._title) != 8 or not _SHORTEST <= len(secret) <= _LONGEST:
                return _FAILED
            self._challenges = secret, self._random(_CHALLENGE)
            return _PROVE
        return _MECHANISM

    def _proposed(self, initiate):
        """Return (conformance, largest PDU) that the client proposes."""
        if axdr.octet(initiate, 0) == 0x21:
            size, at = axdr.take_length(initiate, 1)
            initiate = self._opened(axdr.part(initiate, at, size))
        elif self._ciphered:
            raise Refused
        at = initiate.find(_INITIATE)
        if axdr.octet(initiate, 0) != 1 or at < 0:
            raise ValueError("initiate")
        numbers = axdr.part(initiate, at + len(_INITIATE), 5)
        return int.from_bytes(numbers[:3], "big"), int.from_bytes(numbers[3:], "big")

    def _initiated(self, proposed):
        conformance, pdu = proposed
        self._pdu_max = min(max(pdu, 64), PDU_MAX) if pdu else PDU_MAX
        said = b"\x08\x00" + _INITIATE + (conformance & CONFORMANCE).to_bytes(3, "big")
        said += PDU_MAX.to_bytes(2, "big") + b"\x00\x07"
        return self._sealed(0x28, said) if self._ciphered else said

    def _associated(self, context, diagnostic, said):
        result = 0 if diagnostic in (0, _PROVE) else 1
        body = b"\xa1\x09\x06\x07" + _OID + bytes((1, context & 0xFF))
        body += bytes((0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic))
        if self._secrets is not None and context == _CIPHERED:
            body += b"\xa4\x0a\x04\x08" + self._secrets.title
        if diagnostic == _PROVE:
            body += b"\x88\x02\x07\x80\x89\x07" + _OID + bytes((2, _GMAC))
            body += bytes((0xAA, _CHALLENGE + 2, 0x80, _CHALLENGE)) + self._challenges[1]
        body += b"\xbe" + axdr.length(len(said) + 1 + len(axdr.length(len(said))))
        body += b"\x04" + axdr.length(len(said)) + said
        return b"\x61" + axdr.length(len(body)) + body

    def _prove(self, proof):
        """Check the answer to our challenge; return ours to the client's, None if it is wrong."""
        if self._state != _PROVING or not isinstance(proof, bytes) or len(proof) != 17:
            return None
        counter, tag = proof[1:5], proof[5:]
        secrets = self._secrets
        aad = bytes((_AUTHENTICATED,)) + secrets.authentication_key
        right = secrets.gcm.tag(self._title + counter, aad + self._challenges[1], b"")
        # Its counter may be the one before the sealed message's that brings it: our challenge,
        # which is new each time, is what makes it one that was never heard.
        if proof[0] != _AUTHENTICATED or not gcm.equal(tag, right):
            self.drop()
            return None
        self._state = _OPEN
        counter = secrets.counters.next_sent().to_bytes(4, "big")
        tag = secrets.gcm.tag(secrets.title + counter, aad + self._challenges[0], b"")
        return bytes((_AUTHENTICATED,)) + counter + tag

    # -- sealing -------------------------------------------------------------------------------

    def _opened(self, sealed):
        """Return what `sealed` holds; raises Refused if it is not as it must be, or was heard."""
        secrets, counter = self._secrets, sealed[1:5]
        if secrets is None or len(self._title) != 8 or sealed[:1] != bytes((_SEALED,)):
            raise Refused
        aad = bytes((_SEALED,)) + secrets.authentication_key
        plain = secrets.gcm.opened(self._title + counter, aad, sealed[5:])
        if plain is None or not self._is_new(counter):
            raise Refused
        return plain

    def _is_new(self, counter):
        return self._secrets.counters.accept_received(int.from_bytes(counter, "big"))

    def _sealed(self, tag, said):
        secrets = self._secrets
        counter = secrets.counters.next_sent().to_bytes(4, "big")
        aad = bytes((_SEALED,)) + secrets.authentication_key
        body = bytes((_SEALED,)) + counter + secrets.gcm.seal(secrets.title + counter, aad, said)
        head = bytes((tag,))
        if tag == _GENERAL:
            head += axdr.length(len(secrets.title)) + secrets.title
        return head + axdr.length(len(body)) + body


def _elements(data, at, end):
    """Return the elements of a BER sequence: {tag: content}. Raises ValueError."""
    found = {}
    while at < end:
        tag = axdr.octet(data, at)
        size, at = axdr.take_length(data, at + 1)
        found[tag] = axdr.part(data, at, size)
        at += size
    return found


def _last(content):
    if not content:
        raise ValueError("name")
    return content[-1]
