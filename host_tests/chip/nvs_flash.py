"""Emulated non-volatile store of ESP-IDF, down to each program and erase of its flash.

Its layout and its order of writing, of version 2 with blobs of several parts, as ESP-IDF
5 has them. *Why so exactly*: what a power cut leaves, and how fast which sector wears,
comes from that order alone.

A page is a sector: a header of 32 bytes, a table of two bits for each of 126 entries, the
entries of 32 bytes. A value goes behind all others; then the old one is marked erased. When
one page is left, the page with the fewest values in use is copied there and erased.

    header  state u32 | number of the page u32 | version u8 | 19 bytes 0xFF | crc of 4..27 u32
    entry   namespace u8 | type u8 | entries u8 | part u8 | crc u32 | key 16 | data 8
    data    of a number: itself; of a part of a blob: bytes u16, 0xFFFF, crc of them u32;
            of the index of a blob: bytes u32 | parts u8 | first part u8 | 0xFFFF

Source: ESP-IDF Programming Guide, Non-Volatile Storage Library, Internals.
"""

import struct
from binascii import crc32
from collections import OrderedDict, namedtuple

_ENTRIES = 126
_ENTRY = 32
_TABLE_AT = 32
_ENTRIES_AT = 64
_CRC_SEED = 0xFFFFFFFF
_ALL = b"\xff"

# States of a page: each clears one more bit.
_BLANK, _ACTIVE, _FULL, _FREEING, _CORRUPT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFC, 0xFFFFFFF8, 0
_EMPTY, _WRITTEN, _ERASED = 3, 2, 0  # of an entry
_WRITTEN_STATE = bytes([_WRITTEN])
_U8, _BLOB_DATA, _BLOB_INDEX = 0x01, 0x42, 0x48
_NO_PART = 0xFF
_VERSIONS = (0x00, 0x80)  # first part of a blob, by turns, so that old and new are told apart
_PART_MAX = (_ENTRIES - 1) * _ENTRY
#: The states of the four entries of each octet of the table.
_STATES = [bytes([octet >> at & 3 for at in (0, 2, 4, 6)]) for octet in range(256)]
_BLANK_PAGE = _ALL * (_ENTRIES_AT + _ENTRIES * _ENTRY)
#: Words of the table made so far, by the states of their entries.
_WORDS = {}

NOT_FOUND, NOT_ENOUGH_SPACE, FLASH_FAILED, NO_FREE_PAGES = -0x1102, -0x1105, -0x1106, -0x110D

_Item = namedtuple("_Item", ("namespace", "kind", "span", "part", "key", "data"))


class NvsFlash:
    """The store on `flash`, a NorFlash of three sectors or more. Made when power comes.

    Raises OSError whose first argument is ESP-IDF's number. After a failed write it writes
    no more.
    """

    def __init__(self, flash):
        self._failed = False
        pages = [_Page(flash, at) for at in range(0, flash.size, flash.sector_size)]
        self._used = sorted([page for page in pages if page.in_use], key=lambda page: page.number)
        self._free = [page for page in pages if not page.in_use]
        if self._used:
            self._next_number = self._used[-1].number + 1
            self._drop_double()
            self._finish_freeing()
            if not self._free:
                raise OSError(NO_FREE_PAGES)
        else:
            self._next_number = 0
            self._activate()
        self._drop_incomplete()

    def namespace(self, name: str) -> int:
        """Return the number of namespace `name`; a new one is written."""
        taken = set()
        for _page, _at, item in self._items(_U8):
            if item.namespace == 0:
                if item.key == name.encode():
                    return item.data[0]
                taken.add(item.data[0])
        number = min(set(range(1, 255)) - taken)
        item = _Item(0, _U8, 1, _NO_PART, name.encode(), bytes([number]) + _ALL * 7)
        self._guarded(self._write_item, item, b"")
        return number

    def get(self, namespace: int, key: str):
        """Return the blob `key`, or None. One that is spoiled is marked erased."""
        found = self._find(namespace, _BLOB_INDEX, key.encode())
        if found is None:
            return None
        size, parts, first = struct.unpack("<IBB", found[2].data[:6])
        blob = b""
        for part in range(first, first + parts):
            piece = self._find(namespace, _BLOB_DATA, key.encode(), part)
            data = piece and piece[0].data_of(piece[1])
            if data is None:
                self._erase_blob(namespace, key.encode(), first)
                return None
            blob += data
        return blob if len(blob) == size else None

    def set(self, namespace: int, key: str, blob: bytes):
        """Make `blob` the value of `key`; unchanged it is not written."""
        if self.get(namespace, key) != blob:
            self._guarded(self._set, namespace, key.encode(), blob)

    def _guarded(self, write, *arguments):
        if self._failed:
            raise OSError(FLASH_FAILED)
        self._failed = True
        write(*arguments)
        self._failed = False

    def _set(self, namespace, key, blob):
        before = self._find(namespace, _BLOB_INDEX, key)
        old = before and before[2].data[5]
        first = _VERSIONS[1] if old == _VERSIONS[0] else _VERSIONS[0]
        parts = self._write_parts(namespace, key, blob, first)
        index = struct.pack("<IBBH", len(blob), parts, first, 0xFFFF)
        self._used[-1].write(_Item(namespace, _BLOB_INDEX, 1, _NO_PART, key, index), b"")
        if before:
            self._erase_blob(namespace, key, old)

    def _write_parts(self, namespace, key, blob, first):
        """Write the parts of a blob, a new page where one ends; return how many."""
        parts = at = 0
        while True:
            room = self._used[-1].room
            if not parts and room < len(blob) and room < _PART_MAX // 10:
                self._new_page()
                if self._used[-1].room == room:
                    raise OSError(NOT_ENOUGH_SPACE)
                continue
            if not room:
                raise OSError(NOT_ENOUGH_SPACE)
            piece = blob[at : at + room]
            data = struct.pack("<HHI", len(piece), 0xFFFF, crc32(piece, _CRC_SEED))
            span = 1 + (len(piece) + _ENTRY - 1) // _ENTRY
            item = _Item(namespace, _BLOB_DATA, span, first + parts, key, data)
            self._used[-1].write(item, piece)
            parts, at = parts + 1, at + len(piece)
            if at < len(blob) or room - len(piece) < _ENTRY:
                self._new_page()
            if at == len(blob):
                return parts

    def _write_item(self, item, data):
        if not self._used[-1].fits(item.span):
            self._new_page()
            if not self._used[-1].fits(item.span):
                raise OSError(NOT_ENOUGH_SPACE)
        self._used[-1].write(item, data)

    def _new_page(self):
        """Go on in another page. The last free one takes what is in use of the emptiest page."""
        if self._used[-1].state != _FULL:
            self._used[-1].alter(_FULL)
        if len(self._free) >= 2:
            self._activate()
            return
        emptiest = min(self._used, key=lambda page: page.in_use_entries)
        if emptiest.in_use_entries == _ENTRIES:
            raise OSError(NOT_ENOUGH_SPACE)
        emptiest.alter(_FREEING)
        self._activate()
        self._move(emptiest)

    def _activate(self):
        page = self._free.pop(0)
        if page.state == _CORRUPT:
            page.erase()
        page.number = self._next_number
        self._next_number += 1
        self._used.append(page)

    def _move(self, page):
        """Copy what is in use of `page` to the newest one, and erase it."""
        page.copy_to(self._used[-1])
        page.erase()
        self._used.remove(page)
        self._free.append(page)

    def _drop_double(self):
        """A cut may have come between a new value and the erasing of the old one."""
        newest = self._used[-1]
        if not newest.items:
            return
        last = newest.items[max(newest.items)]
        for page in self._used[:-1]:
            if page.state != _FREEING:
                at = page.find(last.namespace, last.kind, last.key, last.part)
                if at is not None:
                    page.erase_item(at)
                    return

    def _finish_freeing(self):
        """A cut may have come while a page was copied: that is done again from the start."""
        freeing = [page for page in self._used if page.state == _FREEING]
        if not freeing:
            return
        newest = self._used[-1]
        if newest.state == _ACTIVE:
            newest.erase()
            self._used.remove(newest)
            self._free.append(newest)
        self._activate()
        self._move(freeing[0])

    def _drop_incomplete(self):
        """Erase an index whose parts are not all there, and parts without an index."""
        complete = set()
        for page, at, item in self._items(_BLOB_INDEX):
            size, parts, first = struct.unpack("<IBB", item.data[:6])
            sizes = [
                struct.unpack("<H", piece.data[:2])[0]
                for _page, _at, piece in self._items(_BLOB_DATA)
                if (piece.namespace, piece.key) == (item.namespace, item.key)
                and piece.part & 0x80 == first
            ]
            if (len(sizes), sum(sizes)) == (parts, size):
                for part in range(first, first + parts):
                    complete.add((item.namespace, item.key, part))
            else:
                page.erase_item(at)
        for page, at, item in self._items(_BLOB_DATA):
            if (item.namespace, item.key, item.part) not in complete:
                page.erase_item(at)

    def _erase_blob(self, namespace, key, first):
        """Erase the index of a blob, then its parts."""
        page, at, _item = self._find(namespace, _BLOB_INDEX, key, data_5=first)
        page.erase_item(at)
        for page, at, item in self._items(_BLOB_DATA):
            if (item.namespace, item.key, item.part & 0x80) == (namespace, key, first):
                page.erase_item(at)

    def _items(self, kind):
        """Return (page, number of the entry, item) of all items of `kind`, oldest page first."""
        return [
            (page, at, item)
            for page in self._used
            for at, item in page.items.items()
            if item.kind == kind
        ]

    def _find(self, namespace, kind, key, part=None, data_5=None):
        """Return (page, number of the entry, item) of the first that fits, or None."""
        for page in self._used:
            at = page.find(namespace, kind, key, part, data_5) if page.items else None
            if at is not None:
                return page, at, page.items[at]
        return None


class _Page:
    """One page, as it is found.

    items: those in use, by the number of their first entry. They lie in the order in which they
    were written, which is that of these numbers.
    """

    def __init__(self, flash, at):
        self._flash, self._at = flash, at
        self._forget()
        self._load(flash.read(at, flash.sector_size))

    @property
    def in_use(self):
        """Whether it has a number."""
        return self.state in (_ACTIVE, _FULL, _FREEING)

    @property
    def room(self):
        """Bytes of a blob that fit, beside the entry that leads them."""
        if self.state == _BLANK:
            return _PART_MAX
        if self.state != _ACTIVE or self._next >= _ENTRIES - 1:
            return 0
        return (_ENTRIES - self._next - 1) * _ENTRY

    @property
    def in_use_entries(self):
        return sum([state == _WRITTEN for state in self._table])

    def fits(self, span):
        return self.state == _BLANK or (self.state == _ACTIVE and self._next + span <= _ENTRIES)

    def find(self, namespace, kind, key, part=None, data_5=None):
        """Return the number of the entry of the first item that fits, or None."""
        for at, item in self.items.items():
            if (
                item.kind == kind
                and item.key == key
                and item.namespace == namespace
                and part in (None, item.part)
                and data_5 in (None, item.data[5])
            ):
                return at
        return None

    def data_of(self, at):
        """Return the bytes of the part of a blob at entry `at`; None, if spoiled: then erased."""
        size, _all, crc = struct.unpack("<HHI", self.items[at].data)
        data = self._flash.read(self._address(at + 1), size)
        if crc32(data, _CRC_SEED) == crc:
            return data
        self.erase_item(at)
        return None

    def write(self, item, data):
        """Write `item` and its `data` behind all others: whole entries at once, the rest alone."""
        if self.state == _BLANK:
            self._begin()
        if self._next + item.span > _ENTRIES:
            raise OSError(NOT_ENOUGH_SPACE)
        first = self._next
        self._write_entries(_packed(item))
        whole = len(data) // _ENTRY * _ENTRY
        if whole:
            self._write_entries(data[:whole])
        if len(data) > whole:
            self._write_entries((data[whole:] + _ALL * _ENTRY)[:_ENTRY])
        self.items[first] = item

    def copy_to(self, other):
        """Write all items in use to `other`, entry by entry."""
        if self.items and other.state == _BLANK:
            other._begin()
        for at in self.items:
            first = other._next
            for entry in range(at, at + self.items[at].span):
                other._write_entries(self._flash.read(self._address(entry), _ENTRY))
            other.items[first] = self.items[at]

    def erase_item(self, at):
        """Mark an item and all of its entries erased, also those that a cut kept from it."""
        end = at + self.items.pop(at).span
        self._set_states(at, end, _ERASED)
        self._next = max(self._next, end)

    def alter(self, state):
        self._program(0, struct.pack("<I", state))
        self.state = state

    def erase(self):
        self._flash.erase(self._at)
        self._forget()

    def _forget(self):
        self.state, self.number, self.items = _BLANK, None, OrderedDict()
        self._table = bytearray([_EMPTY] * _ENTRIES)
        self._next = 0

    def _begin(self):
        """Write the header."""
        numbered = struct.pack("<IB", self.number, 0xFE) + _ALL * 19
        crc = struct.pack("<I", crc32(numbered, _CRC_SEED))
        self._program(0, struct.pack("<I", _ACTIVE) + numbered + crc)
        self.state = _ACTIVE

    def _load(self, raw):
        """Take what power finds; put right what a cut left half done."""
        if raw == _BLANK_PAGE:
            return
        state, number = struct.unpack("<II", raw[:8])
        if state not in (_ACTIVE, _FULL, _FREEING) or raw[28:32] != struct.pack(
            "<I", crc32(raw[4:28], _CRC_SEED)
        ):
            self.state = _CORRUPT
            return
        self.state, self.number = state, number
        octets = raw[_TABLE_AT:_ENTRIES_AT]
        self._table = bytearray(b"".join([_STATES[octet] for octet in octets])[:_ENTRIES])
        self._next = _ENTRIES
        if state == _ACTIVE:
            self._find_next(raw)
        self._load_items(raw)

    def _find_next(self, raw):
        """The first entry that is free; what was written there without being marked is erased."""
        self._next = self._table.find(bytes([_EMPTY]))
        if self._next < 0:
            self._next = _ENTRIES
        while self._next < _ENTRIES:
            at = _ENTRIES_AT + self._next * _ENTRY
            if raw[at : at + 4] == _ALL * 4:
                return
            self._set_states(self._next, self._next + 1, _ERASED)
            self._next += 1

    def _load_items(self, raw):
        at = self._next_written(0)
        while at >= 0:
            begin = _ENTRIES_AT + at * _ENTRY
            item = _unpacked(raw[begin : begin + _ENTRY])
            if item is None or not 0 < item.span <= _ENTRIES - at:
                self._set_states(at, at + 1, _ERASED)
                at = self._next_written(at + 1)
                continue
            double = self.find(item.namespace, item.kind, item.key, item.part)
            self.items[at] = item
            if self._table[at : at + item.span] != _WRITTEN_STATE * item.span:
                self.erase_item(at)
            elif double is not None and self.state == _ACTIVE:
                self.erase_item(double)
            at = self._next_written(at + item.span)

    def _next_written(self, begin):
        """Return the first entry from `begin` on that is marked written, -1 if there is none."""
        return self._table.find(_WRITTEN_STATE, begin, self._next)

    def _write_entries(self, data):
        self._program(_ENTRIES_AT + self._next * _ENTRY, data)
        count = len(data) // _ENTRY
        self._set_states(self._next, self._next + count, _WRITTEN)
        self._next += count

    def _set_states(self, begin, end, state):
        """Mark entries, a word of the table after the other, the last word first."""
        table = self._table
        table[begin:end] = bytes([state]) * (end - begin)
        for word in range((end - 1) // 16, begin // 16 - 1, -1):
            word_states = bytes(table[word * 16 : word * 16 + 16])
            octets = _WORDS.get(word_states)
            if octets is None:
                octets = _WORDS[word_states] = _packed_states(word_states)
            self._program(_TABLE_AT + word * 4, octets)

    def _program(self, offset, data):
        """Program bytes of the page, a page of the flash at a time."""
        offset += self._at
        size = self._flash.page_size - offset % self._flash.page_size
        while len(data) > size:
            self._flash.program(offset, data[:size])
            offset, data, size = offset + size, data[size:], self._flash.page_size
        self._flash.program(offset, data)

    def _address(self, entry):
        return self._at + _ENTRIES_AT + entry * _ENTRY


def _packed_states(states):
    """Return a word of the table; what lies behind the last entry stays empty."""
    bits, shift = 0xFFFFFFFF, 0
    for state in states:
        bits ^= (state ^ _EMPTY) << shift
        shift += 2
    return struct.pack("<I", bits)


def _packed(item):
    head = bytes([item.namespace, item.kind, item.span, item.part])
    tail = (item.key + bytes(16))[:16] + item.data
    return head + struct.pack("<I", crc32(head + tail, _CRC_SEED)) + tail


def _unpacked(entry):
    """Return the item that an entry leads, None if it is spoiled."""
    if struct.unpack("<I", entry[4:8])[0] != crc32(entry[:4] + entry[8:], _CRC_SEED):
        return None
    return _Item(*entry[:4], entry[8:24].rstrip(b"\x00"), bytes(entry[24:]))
