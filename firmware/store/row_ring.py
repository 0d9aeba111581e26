"""Rows in a ring of sectors: each row is written once, each sector erased once a turn.

The first place of a sector holds its number, which counts the sectors begun, so the highest is
the newest; every place ends with a check. A place that a power cut left half written is passed
over and holds no row. *Why* a ring of its own: a record store writes a whole page for each
commit, some 30 times as much as a row has.

| medium | |
| --- | --- |
| `sectors`, `size` | how many, and octets that each has for places |
| `begin(sector)` | makes a sector blank |
| `append(sector, at, data)` | writes `data` behind what is there |
| `read(sector, at, size)` | what is not written yet reads 0xFF, or is missing |
"""

import struct
from binascii import crc32
from errno import EIO

from micropython import const
from ports.row_store import RowStore

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.nor_flash import NorFlash

_NUMBER = "<I"
_CHECK = const(2)  # octets
_PAGE = const(256)


class RowRing(RowStore):
    """Rows of `size` octets, 4 to 64, on `medium`, of 2 sectors or more."""

    def __init__(self, medium: "NorRows | FileRows", size: int):
        self._medium, self._size = medium, size
        self._a_page = _PAGE // (size + _CHECK)
        self._places = medium.size // _PAGE * self._a_page  # of a sector
        self.capacity = (medium.sectors - 1) * (self._places - 1)
        found = [(self._number(at), at) for at in range(medium.sectors)]
        # Of each sector that is in use, oldest first: [sector, places used, those without a row].
        self._used = [self._scanned(at) for number, at in sorted(found) if number]
        self._last = max(found)[0]

    def count(self):
        return min(self._whole(), self.capacity)

    def row(self, place):
        place += max(0, self._whole() - self.capacity)
        for sector, used, spoiled in self._used:
            rows = used - 1 - len(spoiled)
            if place < rows:
                return self._found(sector, _passed(place + 1, spoiled))
            place -= rows
        raise IndexError(place)

    def append(self, row):
        if len(row) != self._size:
            raise ValueError("a row of another size")
        if not self._used or self._used[-1][1] == self._places:
            self._begin()
        newest = self._used[-1]
        place, newest[1] = newest[1], newest[1] + 1
        try:
            self._write(newest[0], place, row)
            if self._read(newest[0], place) != row:
                raise OSError(EIO)
        except OSError:
            newest[2].append(place)
            raise

    def clear(self):
        used, self._used = self._used, []
        for sector, _used, _spoiled in used:
            self._medium.begin(sector)

    def _whole(self):
        return sum([used - 1 - len(spoiled) for _sector, used, spoiled in self._used])

    def _found(self, sector, place):
        row = self._read(sector, place)
        if row is None:
            raise OSError(EIO)
        return row

    def _begin(self):
        """Begin the next sector; the oldest rows go when all are used."""
        sector = (self._used[-1][0] + 1) % self._medium.sectors if self._used else 0
        self._used = [each for each in self._used if each[0] != sector]
        self._medium.begin(sector)
        self._last += 1
        head = struct.pack(_NUMBER, self._last)
        self._write(sector, 0, head + bytes(self._size - len(head)))
        self._used.append([sector, 1, []])

    def _number(self, sector):
        """Return the number of a sector, 0 if it has none."""
        head = self._read(sector, 0)
        return 0 if head is None else struct.unpack_from(_NUMBER, head)[0]

    def _scanned(self, sector):
        used, spoiled = self._places, []
        for place in range(1, self._places):
            if self._is_blank(sector, place):
                used = place
                break
            if self._read(sector, place) is None:
                spoiled.append(place)
        return [sector, used, spoiled]

    def _at(self, place):
        return place // self._a_page * _PAGE + place % self._a_page * (self._size + _CHECK)

    def _is_blank(self, sector, place):
        data = self._medium.read(sector, self._at(place), self._size + _CHECK)
        return data == b"\xff" * len(data)

    def _read(self, sector, place):
        """Return what a place holds, None if it is not whole."""
        data = self._medium.read(sector, self._at(place), self._size + _CHECK)
        row = bytes(data[: self._size])
        return (
            row if len(data) == self._size + _CHECK and data[self._size :] == _check(row) else None
        )

    def _write(self, sector, place, row):
        self._medium.append(sector, self._at(place), row + _check(row))


class NorRows:
    """Sectors of `flash`, a ports.nor_flash.NorFlash."""

    def __init__(self, flash: "NorFlash"):
        self._flash = flash
        self.size = flash.sector_size
        self.sectors = flash.size // flash.sector_size

    def begin(self, sector):
        self._flash.erase(sector * self.size)

    def append(self, sector, at, data):
        self._flash.program(sector * self.size + at, data)

    def read(self, sector, at, size):
        return self._flash.read(sector * self.size + at, size)


class FileRows:
    """A file a sector, named `path`.0, `path`.1, ... A file system that outlives power cuts."""

    size = 4096

    def __init__(self, path: str, sectors: int):
        self._path, self.sectors = path, sectors

    def begin(self, sector):
        open(self._name(sector), "wb").close()

    def append(self, sector, at, data):
        with open(self._name(sector), "ab") as file:
            file.seek(0, 2)
            file.write(b"\xff" * (at - file.tell()) + data)

    def read(self, sector, at, size):
        try:
            with open(self._name(sector), "rb") as file:
                file.seek(at)
                return file.read(size)
        except OSError:
            return b""

    def _name(self, sector):
        return "%s.%d" % (self._path, sector)


def _check(row):
    """Return the check of a row. A blank place and a place of zeros never have a right check."""
    return struct.pack("<H", (crc32(row) & 0xFFFF) ^ 0x5A5A)


def _passed(place, spoiled):
    """Return `place` moved behind those of `spoiled`, ascending, that come before it."""
    for each in spoiled:
        if each <= place:
            place += 1
    return place
