"""Record store on slots: a commit happened or it did not.

Slot: seq u32 | length u8 | record | crc32 u32 | mark u8, little endian. Slots
are used in turn; the valid one with the highest seq holds the record, so what
a power cut can spoil is never the only good copy.

The mark is written last and by itself. *Why* not the crc alone: a page whose
programming was cut can read right once and wrong later, when its weak bits
settle. A mark is only there when the page before it was finished.
"""

import struct
from binascii import crc32
from errno import EIO

from micropython import const
from ports.record_store import RecordStore

_HEAD = "<IB"
_HEAD_SIZE = const(5)  # bytes
_CRC_SIZE = const(4)  # bytes
_MARK = b"\x00"  # every bit programmed: half a mark is no mark
#: Bytes that a slot needs beside the record.
OVERHEAD = const(10)


class SlotStore(RecordStore):
    """RecordStore on `medium`, a SlotMedium."""

    def __init__(self, medium):
        self._medium = medium
        self._seq, self._record, self._slot = 0, None, medium.slots - 1
        for slot in range(medium.slots):
            seq, record = _decoded(medium.read(slot))
            if seq > self._seq:
                self._seq, self._record, self._slot = seq, record, slot

    def load(self):
        return self._record

    def commit(self, record):
        if len(record) + OVERHEAD > self._medium.size:
            raise ValueError("record too long for a slot")
        seq, slot = self._seq + 1, self._next_slot()
        data = _encoded(seq, record)
        self._medium.write(slot, data)
        if self._medium.read(slot)[: len(data)] != data:
            raise OSError(EIO)  # worn out; no mark, so the old record still stands
        self._medium.append(slot, len(data), _MARK)
        self._seq, self._record, self._slot = seq, record, slot

    def _next_slot(self):
        slot = (self._slot + 1) % self._medium.slots
        while not self._medium.ready(slot):
            slot = (slot + 1) % self._medium.slots
        return slot


def _encoded(seq, record):
    """Return a slot's bytes without the mark."""
    body = struct.pack(_HEAD, seq, len(record)) + record
    return body + struct.pack("<I", crc32(body))


def _decoded(data):
    """Return (seq, record) of a slot, or (0, None) if it holds no whole record."""
    if len(data) < OVERHEAD:
        return 0, None
    seq, length = struct.unpack_from(_HEAD, data)
    end = _HEAD_SIZE + length
    mark = end + _CRC_SIZE
    if data[mark : mark + 1] != _MARK:
        return 0, None
    if struct.unpack_from("<I", data, end)[0] != crc32(data[:end]):
        return 0, None
    return seq, bytes(data[_HEAD_SIZE:end])
