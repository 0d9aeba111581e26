"""Carriers: what a board keeps its records on, over an emulated flash chip.

A carrier has `name`, `image()`, the content of a chip fresh from the factory, and
`media(chip)`, the SlotMedium of the state and that of settings and history, as they are
when power comes. `tears`: cuts that it must stand without any loss.
`fakes.little_files` has more, for CPython alone.
"""

import board
from drivers.nor_slots import NorSlots
from flash_chip import SECTOR, FlashPart, RamImage

from fakes import tears


class NorCarrier:
    """The flash itself. sectors: of the state; the cold record has two."""

    tears = tears.ALL

    def __init__(self, sectors):
        self.name = "nor%d" % sectors
        self._size = sectors * SECTOR

    def image(self):
        return RamImage(self._size + 2 * SECTOR)

    def media(self, chip):
        return (
            NorSlots(FlashPart(chip, 0, self._size)),
            NorSlots(FlashPart(chip, self._size, 2 * SECTOR)),
        )


SMALL = NorCarrier(2)
SIMULATOR = NorCarrier(board.STORE_SIZE // SECTOR)
ALL = (SMALL, SIMULATOR)


def copied(image):
    """Return another image of the same content."""
    other = RamImage(image.size())
    other.write(0, image.read(0, image.size()))
    return other
