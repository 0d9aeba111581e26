"""SlotMedium on a NOR flash: a ring of slots, one page each.

A sector is erased when the ring enters it, so an erase is needed once in as
many records as a sector has pages, and all sectors wear alike. With two
sectors or more, the slot written last never lies in the sector being erased.
"""

from ports.slot_medium import SlotMedium


class NorSlots(SlotMedium):
    """Slots on `flash`, a NorFlash of two sectors or more."""

    def __init__(self, flash):
        self._flash = flash
        self._slots_per_sector = flash.sector_size // flash.page_size
        self._blank = b"\xff" * flash.page_size
        self.size = flash.page_size
        self.slots = flash.size // flash.page_size

    def ready(self, slot):
        """The first slot of a sector is erased by `write`; others must be blank by now.

        One that is not holds what a power cut left of an earlier record.
        """
        return slot % self._slots_per_sector == 0 or self.read(slot) == self._blank

    def read(self, slot):
        return self._flash.read(slot * self.size, self.size)

    def write(self, slot, data):
        if slot % self._slots_per_sector == 0:
            self._flash.erase(slot * self.size)
        self._flash.program(slot * self.size, data)

    def append(self, slot, offset, data):
        self._flash.program(slot * self.size + offset, data)
