"""SlotMedium on several media by turns: no two records in a row lie on the same medium.

*Why*: each medium may have one spot whose loss takes all that it holds - the header of a
page, the entry that names a namespace, a file system that does not mount. The other medium
then still has the record before the last. And each medium wears half as fast.

A medium that refuses a write is passed over, so that the others go on alone.
"""

from errno import ENODEV

from ports.slot_medium import SlotMedium


class AlternateSlots(SlotMedium):
    """The slots of `media`, each `whole` and of as many slots as the others, by turns."""

    whole = True

    def __init__(self, media: "list[SlotMedium] | tuple[SlotMedium, ...]"):
        self._media = media
        self.slots = sum([medium.slots for medium in media])
        self.size = min([medium.size for medium in media])

    def read(self, slot):
        medium, slot = self._place(slot)
        return medium.read(slot)

    def write(self, slot, data):
        medium, slot = self._place(slot)
        medium.write(slot, data)

    def _place(self, slot):
        return self._media[slot % len(self._media)], slot // len(self._media)


class MissingSlots(SlotMedium):
    """Stands for a medium of two slots that is not there: empty, and refuses every write.

    *Why*: the others keep the numbers of their slots. Were there fewer, a record written now
    might have the same seq as one on the medium that is missing, and that may come back.
    """

    slots = 2
    size = 256
    whole = True

    def read(self, slot):
        return b""

    def write(self, slot, data):
        raise OSError(ENODEV)
