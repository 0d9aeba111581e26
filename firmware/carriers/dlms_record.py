"""What DLMS keeps: its keys, given once like the decoder key, and counters that must not repeat.

    version u8 | system title 8 | encryption key 16 | authentication key 16 | port u16
    counter sent u32 | counter received u32 | wrong passwords u8 | password, the rest

One record: a power cut leaves all of it as it was, or all of it new.
"""

import struct
from collections import namedtuple

from micropython import const
from ports.record_store import LOST

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.record_store import RecordStore

_VERSION = const(1)
_HEAD = "<B8s16s16sHIIB"
_HEAD_SIZE = const(52)
KEY_OCTETS, TITLE_OCTETS = const(16), const(8)
PASSWORD_SHORTEST, PASSWORD_LONGEST = const(8), const(32)
PORT = const(4059)  # of DLMS over TCP. Source: IANA

#: title, encryption_key, authentication_key, password: octets. port: of TCP.
_FIELDS = ("title", "encryption_key", "authentication_key", "password", "port")
_Keys = namedtuple("_Keys", _FIELDS)


class Keys(_Keys):
    """Never printed."""

    def __repr__(self):
        return "Keys(hidden)"

    __str__ = __repr__


class DlmsRecord:
    """The record in `store`, a ports.record_store.RecordStore. keys: Keys, None without any.

    It is what dlms.secrets.Counters keep themselves in. lost: what was kept cannot be read any
    more, so that nobody knows how far the counters were.
    """

    def __init__(self, store: "RecordStore"):
        self._store = store
        self.keys, self._counters, self.wrong = None, (0, 0), 0
        self.lost = store.health == LOST
        record = None if self.lost else store.load()
        if record is not None:
            self._read(record)

    def __repr__(self):
        return "DlmsRecord(hidden)"

    def load(self):
        """Return (sent, received)."""
        return self._counters

    def save(self, sent: int, received: int):
        """Keep both counters; safe on return. Raises OSError."""
        self._commit(self.keys, (sent, received), self.wrong)

    def save_wrong(self, count: int):
        """Keep how many wrong passwords came one after the other. Raises OSError."""
        self._commit(self.keys, self._counters, min(count, 255))

    def provision(self, keys):
        """Keep `keys`. The counters go on: none is used twice, even under the same key again.

        Raises OSError.
        """
        self._commit(keys, self._counters, 0)
        self.lost = False

    def _commit(self, keys, counters, wrong):
        head = struct.pack(
            _HEAD, _VERSION, keys.title, keys.encryption_key, keys.authentication_key, keys.port,
            counters[0], counters[1], wrong,
        )  # fmt: skip
        self._store.commit(head + keys.password)
        self.keys, self._counters, self.wrong = keys, counters, wrong

    def _read(self, record):
        if record[0] != _VERSION or len(record) < _HEAD_SIZE:
            self.lost = True  # of a firmware that this one does not know
            return
        head, password = record[:_HEAD_SIZE], record[_HEAD_SIZE:]
        _version, title, encryption, authentication, port, sent, received, wrong = struct.unpack(
            _HEAD, head
        )
        self.keys = Keys(title, encryption, authentication, password, port)
        self._counters, self.wrong = (sent, received), wrong
