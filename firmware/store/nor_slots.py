"""SlotMedium on a NOR flash: a ring of slots, one page each, in two banks by turns.

Slots of even number lie in the first half of the flash, the others in the second.
*Why*: a program that a power cut tears may disturb the pages beside it, and an erase
takes a whole sector; so what is written next never lies beside the newest record. When
a cut left a slot half written, the next of the newest's own bank is passed over, too.

A sector is erased when the ring enters it, so an erase is needed once in as
many records as a sector has pages, and all sectors wear alike. `prepare` erases it a few
records sooner, so that no record waits; but not on two sectors, of which each holds one
of the two newest records: there the store commits the newest again, see slot_store.
"""

from micropython import const
from ports.slot_medium import SlotMedium

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.nor_flash import NorFlash

_BESIDE = const(2)  # numbers between two pages beside each other
_AHEAD = const(4)  # slots; a token takes two
_BLANK = const(0xFF)


class NorSlots(SlotMedium):
    """Slots on `flash`, a NorFlash of an even number of sectors."""

    def __init__(self, flash: "NorFlash"):
        self._flash = flash
        self._pages_per_sector = flash.sector_size // flash.page_size
        self._blank = b"\xff" * flash.page_size
        self.size = flash.page_size
        self.slots = flash.size // flash.page_size
        self._ahead = _AHEAD if self.slots > 2 * self._pages_per_sector else 0
        self._prepared = set()  # slots, each the first of a sector just erased

    def ready(self, slot, newest):
        """The first page of a sector is erased by `write`; others must be blank by now.

        One that is not holds what a power cut left of an earlier record.
        """
        if self._sector(slot) == self._sector(newest) and (
            self._begins_sector(slot) or abs(slot - newest) <= _BESIDE
        ):
            return False
        return self._begins_sector(slot) or self.read(slot) == self._blank

    def read(self, slot):
        return self._flash.read(self._offset(slot), self.size)

    def written(self):  # pyright: ignore[reportIncompatibleMethodOverride]  views of bytes
        """A sector at a time: to read slot by slot took a fifth of a start."""
        sector = bytearray(self._flash.sector_size)
        view, size = memoryview(sector), self.size
        for first in range(0, self.slots, self._pages_per_sector):
            self._flash.read_into(first * size, sector)
            for page in range(self._pages_per_sector):
                end = (page + 1) * size
                if sector[end - 1] != _BLANK:
                    yield self._slot(first + page), view[end - size : end]

    def waits(self, slot):
        return self._begins_sector(slot) and slot not in self._prepared

    def prepare(self, slot, newest):
        """Erase a sector that the ring enters soon. A start forgets it: a cut may tear one."""
        for each in range(slot + 1, slot + 1 + self._ahead):
            each %= self.slots
            if self.waits(each) and self.ready(each, newest):
                self._flash.erase(self._offset(each))
                self._prepared.add(each)
                return True
        return False

    def write(self, slot, data):
        offset = self._offset(slot)
        if self.waits(slot):
            self._flash.erase(offset)
        self._prepared.discard(slot)
        self._flash.program(offset, data)

    def append(self, slot, offset, data):
        self._flash.program(self._offset(slot) + offset, data)

    def _offset(self, slot):
        return (slot % 2 * (self.slots // 2) + slot // 2) * self.size

    def _slot(self, page):
        """Return the slot that lies on page `page` of the flash; undoes `_offset`."""
        return page % (self.slots // 2) * 2 + page // (self.slots // 2)

    def _sector(self, slot):
        return self._offset(slot) // self._flash.sector_size

    def _begins_sector(self, slot):
        return slot // 2 % self._pages_per_sector == 0
