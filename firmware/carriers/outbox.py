"""Outbox: results that the broker has not acknowledged yet, with the tokens that they belong to.

The outbox notes a token before the token waits to be entered, so that a power cut loses neither
token nor result. It takes no token that it cannot note: the sender sends that token again. For
the events of the meter it keeps a check value of those that were published last.

    version u8 | check of events u32 | for each token: number 9 bytes, result u8, amount i64

Result 0: not yet known. Source: of the results, sts.results.
"""

import struct

from account import acceptance
from account import state as meter_state
from account.carrier import REMOTE
from micropython import const
from ports.record_store import StoreFailed
from sts import digits as sts_digits
from sts import results

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from account.meter import Meter
    from ports.record_store import RecordStore

#: Tokens whose results nobody acknowledged yet.
CAPACITY = const(13)  # what a record of a flash page holds
_VERSION = const(1)
_HEAD = "<BI"
_HEAD_SIZE = const(5)
_ENTRY = "<9sBq"
_ENTRY_SIZE = const(18)


class Entry:
    """A token of 20 `digits`. result: of sts.results, "" while it waits. amount: as in Outcome.

    offered: the token is in the inbox. sent: its result is on its way.
    """

    def __init__(self, digits, result="", amount=0):
        self.digits, self.result, self.amount = digits, result, amount
        self.offered = self.sent = False


class Outbox:
    """The outbox on `store`, a RecordStore. entries: in the order in which the tokens came."""

    def __init__(self, store: "RecordStore"):
        self._store = store
        self.entries = []
        self.events_sent = 0
        record = store.load()
        if record:
            try:
                self._read(record)
            except (ValueError, IndexError):
                self.entries = []  # of another firmware: senders ask again

    @property
    def room(self) -> int:
        """How many tokens may come now."""
        return CAPACITY - len(self.entries)

    def resolve(self, meter: "Meter"):
        """Know again the token that `meter` entered before the cut, and what it was worth."""
        state = meter.state
        for entry in self.entries:
            known = not entry.result and state.last_carrier == REMOTE
            if known and state.last_token == meter_state.check_value(entry.digits):
                entry.result = state.last_result
                if entry.result == results.ACCEPT:
                    entry.amount = _credit(meter, entry.digits)

    def add(self, digits: str):
        """Note a token of 20 digits, unless it is here already. One commit.

        Raises StoreFailed: then it is not here.
        """
        if digits in [entry.digits for entry in self.entries]:
            return
        entry = Entry(digits)
        self._commit(self.entries + [entry], self.events_sent)

    def settle(self, entry, result: str, amount: int):
        """Note what became of a token. One commit; if that fails, in RAM only."""
        entry.result, entry.amount, entry.offered = result, amount, False
        self._try_commit(self.entries, self.events_sent)

    def remove(self, entry):
        """Forget a token whose result is acknowledged. One commit; if that fails, in RAM only."""
        left = [other for other in self.entries if other is not entry]
        self._try_commit(left, self.events_sent)

    def note_events(self, check_value: int):
        """Note that the events of `check_value` were published. One commit, as `remove`."""
        self._try_commit(self.entries, check_value)

    def _try_commit(self, entries, events_sent):
        try:
            self._commit(entries, events_sent)
        except StoreFailed:
            self.entries, self.events_sent = entries, events_sent

    def _commit(self, entries, events_sent):
        head = struct.pack(_HEAD, _VERSION, events_sent)
        try:
            self._store.commit(head + b"".join([_packed(entry) for entry in entries]))
        except OSError:
            raise StoreFailed from None
        self.entries, self.events_sent = entries, events_sent

    def _read(self, record):
        version, self.events_sent = struct.unpack(_HEAD, record[:_HEAD_SIZE])
        count = (len(record) - _HEAD_SIZE) // _ENTRY_SIZE
        if version != _VERSION or count > CAPACITY:
            raise ValueError("record of another version")
        starts = range(_HEAD_SIZE, _HEAD_SIZE + count * _ENTRY_SIZE, _ENTRY_SIZE)
        self.entries = [_unpacked(record[at : at + _ENTRY_SIZE]) for at in starts]


def _credit(meter: "Meter", entered):
    """Return the credit in a token that `meter` accepted, read with its key of now; 0 if none."""
    token = sts_digits.parse(entered)
    if token is None or sts_digits.split(token)[0]:
        return 0  # not of the class that has a credit
    decoded = meter.reader.decode(token)
    return acceptance.credit_of(decoded) if decoded.crc_ok else 0


def _packed(entry):
    number = int(entry.digits).to_bytes(9, "big")
    code = results.NAMES.index(entry.result) + 1 if entry.result else 0
    return struct.pack(_ENTRY, number, code, entry.amount)


def _unpacked(data):
    number, code, amount = struct.unpack(_ENTRY, data)
    digits = "%020d" % int.from_bytes(number, "big")
    return Entry(digits, results.NAMES[code - 1] if code else "", amount)
