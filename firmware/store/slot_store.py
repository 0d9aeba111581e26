"""Record store on slots: a commit happened or it did not.

Slot: seq u32 | back u8 | length u8 | record | crc32 u32 | ... | mark u8, little endian.
Slots are used in turn; the valid one with the highest seq holds the record, so what
a power cut can spoil is never the only good copy. The seq counts slots passed,
not records: a slot that was skipped because a cut left it half written keeps its
number to itself, and can never contend with a later record. `back` is how many slots
lie between a record and the one before it, 0 if there was none: so a lost record is noticed.

The mark, the last byte of the slot, is written last and by itself. *Why* not the
crc alone: a page whose programming was cut can read right once and wrong later,
when its weak bits settle. A mark is only there when the page before it was finished.
Two of its bits are enough: a single spoiled one neither makes nor breaks it. A
medium that is `whole` needs no mark.

A slot that cannot be written, because it is worn out, is passed over.
"""

import struct
from binascii import crc32
from errno import EIO

from micropython import const
from ports import record_store
from ports.record_store import RecordStore

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.slot_medium import SlotMedium

_HEAD = "<IBB"
_HEAD_SIZE = const(6)  # bytes
_CRC_SIZE = const(4)  # bytes
_MARK = b"\x00"
_UNMARKED = const(0xFF)
_MARK_BITS = const(2)  # of 8 that must be cleared
_TRIES = const(3)  # slots a commit; each may take an erase, and the watchdog waits
_SEQ_MAX = const(0xFFFFFFFF)
_SEQ_BELIEVED = const(0xF0000000)  # no meter lives long enough to count as far
_NEAR = const(4)  # slots after the newest that a damaged newer one may lie in
#: Bytes that a slot needs beside the record.
OVERHEAD = const(11)


class SlotStore(RecordStore):
    """RecordStore on `medium`, a SlotMedium. It keeps no record, which may hold a key, in RAM."""

    def __init__(self, medium: "SlotMedium"):
        self._medium = medium
        self._seq, self._found, self._slot = 0, False, medium.slots - 1
        claimed = [0] * medium.slots  # the seq that each slot claims, of a damaged record too
        for slot, data in medium.written():
            if self._is_committed(data):
                claimed[slot] = _claimed_seq(data) or 1
        lost_seq = max(claimed)
        self._find_newest(claimed)
        self._at = self._slot  # the slot last tried
        if self._found:
            self.health = self._health()
        elif lost_seq:
            # Go on above what was lost, so that a record that heals is never the newest.
            self.health, self._seq = record_store.LOST, min(lost_seq, _SEQ_MAX >> 1)

    def _find_newest(self, claimed):
        """Take the whole record of the highest seq. Most often it is the first one looked at."""
        while not self._found and any(claimed):
            slot = claimed.index(max(claimed))
            claimed[slot] = 0
            seq, record = self._decoded(self._medium.read(slot))
            if record is not None:
                self._seq, self._found, self._slot = seq, True, slot

    def load(self):
        if not self._found:
            return None
        record = self._decoded(self._medium.read(self._slot))[1]
        if record is None:
            raise OSError(EIO)  # it was whole a moment ago
        return record

    def commit(self, record):
        if len(record) + OVERHEAD > self._medium.size:
            raise ValueError("record too long for a slot")
        for _try in range(_TRIES):
            self._at = self._next_slot()
            back = (self._at - self._slot) % self._medium.slots
            seq = self._seq + back
            if seq > _SEQ_BELIEVED:
                break
            known = back if self._found and back <= 0xFF else 0
            if self._written(self._at, _encoded(seq, known, record)):
                self._seq, self._found, self._slot = seq, True, self._at
                return
        raise OSError(EIO)  # worn out or full; without its mark nothing counts

    def prepare(self):
        """If only a commit can do it, the record is committed again: there are two of it then."""
        medium = self._medium
        try:
            if medium.prepare(self._at, self._slot):
                return True
            if medium.waits((self._at + 1) % medium.slots):
                record = self.load()
                if record is not None:
                    self.commit(record)
                    return True
        except OSError:
            pass  # the next commit tries it again, or passes the slot over
        return False

    def _written(self, slot, data):
        """Write `data` and its mark; return whether both are there."""
        medium = self._medium
        try:
            medium.write(slot, data)
            if not medium.read(slot).startswith(data):
                return False
            if medium.whole:
                return True
            medium.append(slot, medium.size - 1, _MARK)
            return medium.read(slot).endswith(_MARK)
        except OSError:
            return False

    def _next_slot(self):
        slots = self._medium.slots
        for step in range(1, slots + 1):
            slot = (self._at + step) % slots
            if self._medium.ready(slot, self._slot):
                return slot
        raise OSError(EIO)

    def _decoded(self, data):
        """Return (seq, record) of a slot, or (0, None) if it holds no whole record."""
        if not self._is_committed(data):
            return 0, None
        seq, _back, length = struct.unpack_from(_HEAD, data)
        end = _HEAD_SIZE + length
        if seq > _SEQ_BELIEVED:
            return 0, None
        if end + _CRC_SIZE > len(data) or struct.unpack_from("<I", data, end)[0] != crc32(
            data[:end]
        ):
            return 0, None
        return seq, bytes(data[_HEAD_SIZE:end])

    def _is_committed(self, data):
        """Whether something was committed to the slot, even if it is damaged now."""
        if len(data) <= _HEAD_SIZE:
            return False
        if self._medium.whole:
            return True
        if data[-1] == _UNMARKED:  # as a rule, and counting bits takes long
            return False
        whole_mark = data[-1] == _MARK[0]
        return len(data) == self._medium.size and (
            whole_mark or _cleared_bits(data[-1]) >= _MARK_BITS
        )

    def _health(self):
        """Look for damage beside the newest record: a newer one, or the one before it, lost."""
        slots, medium = self._medium.slots, self._medium
        for step in range(1, min(_NEAR, slots - 1) + 1):
            after = medium.read((self._slot + step) % slots)
            if self._decoded(after)[1] is None and self._is_committed(after):
                wrong_bits = _claimed_seq(after) ^ (self._seq + step)
                if wrong_bits & (wrong_bits - 1) == 0 or _is_all(b"\0", after):
                    return record_store.REPAIRED
        back = medium.read(self._slot)[4]
        before = medium.read((self._slot - back) % slots)
        if _is_all(b"\xff", before) or _is_all(b"\0", before):
            return record_store.REPAIRED
        return record_store.GOOD


class LostStore(RecordStore):
    """What a board hands over when it cannot reach its store: its file system does not mount.

    The meter then says so, and supplies nothing.
    """

    health = record_store.LOST

    def load(self):
        return None

    def commit(self, record):
        raise OSError(EIO)


def _encoded(seq, back, record):
    """Return a slot's bytes without the mark."""
    body = struct.pack(_HEAD, seq, back, len(record)) + record
    return body + struct.pack("<I", crc32(body))


def _claimed_seq(data):
    return struct.unpack_from("<I", data)[0]


def _cleared_bits(octet):
    return bin(octet ^ 0xFF).count("1")


def _is_all(octet, data):
    return data == octet * len(data)
