"""What a DLMS management client must know, and the counters that let no message count twice.

Pure: imports `dlms.gcm` and `const`, nothing else.
Source: IEC 62056-5-3, security suite 0, invocation counter.
"""

from micropython import const

from dlms.gcm import Gcm

KEY_OCTETS = const(16)
TITLE_OCTETS = const(8)
_BLOCK = const(1000)  # counters a record: one flash write for so many messages
_COUNTER_MAX = const(0xFFFF_FFFF)


class Secrets:
    """Keys of one meter. None of them is in any reply, or in what is printed of this.

    title: the meter's system title, 8 octets; no secret. encrypt: AES-ECB under the encryption
    key, 16 octets -> 16 octets. authentication_key: 16 octets. is_password: octets -> whether they
    open the local line; it bounds the guesses.
    """

    def __init__(self, title: bytes, encrypt, authentication_key: bytes, is_password, counters):
        self.title = title
        self.gcm = Gcm(encrypt)
        self.authentication_key = authentication_key
        self.is_password = is_password
        self.counters = counters

    def __repr__(self):
        return "Secrets(hidden)"


class Counters:
    """Invocation counters that never repeat, whenever the power goes.

    kept: `load()` -> (sent, received), both 0 at first, and `save(sent, received)`, which is safe
    on return and raises OSError when the medium refuses it. What is kept lies ahead of what is in
    use, by as much as _BLOCK; at a start both go on from there: some are skipped, none comes
    twice.
    """

    def __init__(self, kept):
        self._kept = kept
        self._sent_end, self._received_end = kept.load()
        self._sent, self.received = self._sent_end, self._received_end

    def next_sent(self) -> int:
        """Return a counter never used before. Raises OSError if that can not be made sure."""
        if self._sent >= _COUNTER_MAX:
            raise OSError  # a new key is needed
        if self._sent >= self._sent_end:
            end = min(self._sent + _BLOCK, _COUNTER_MAX)
            self._kept.save(end, self._received_end)
            self._sent_end = end
        self._sent += 1
        return self._sent

    def accept_received(self, counter: int) -> bool:
        """Whether `counter` is higher than all before; if so none up to it is taken again.

        Only for a message whose tag was right. Raises OSError if it can not be remembered.
        """
        if counter <= self.received:
            return False
        if counter > self._received_end:
            end = min(counter + _BLOCK, _COUNTER_MAX)
            self._kept.save(self._sent_end, end)
            self._received_end = end
        self.received = counter
        return True
