"""Carriers: what a board keeps its records on, over an emulated flash chip.

A carrier has `name`, `image()`, the content of a chip fresh from the factory, and
`media(chip)`, the SlotMedium of the state and that of settings and history, as they are
when power comes. `tears`: cuts that it must stand without any loss.
`models.little_files` has more, for CPython alone: files, and those of whole boards.
"""

import board
import esp32
from drivers.esp32_nvs_slots import NvsSlots
from flash_chip import SECTOR, FlashPart, RamImage
from store.nor_slots import NorSlots

from models import tears


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


class NvsCarrier:
    """The non-volatile store of an ESP32, see host_tests/chip/nvs_flash. `esp32` is this one's.

    What disturbs a page of the flash written before is more than NVS is made for.
    """

    tears = tears.WITHIN
    name = "nvs"

    def image(self):
        return RamImage(esp32.PARTITION_SIZE)

    def media(self, chip):
        esp32.start(chip)
        return NvsSlots("meter20.credit"), NvsSlots("meter20.notes")


SMALL = NorCarrier(2)
SIMULATOR = NorCarrier(board.STORE_SIZE // SECTOR)
BARE = (SMALL, SIMULATOR)
NVS = NvsCarrier()
ALL = BARE + (NVS,)


def copied(image):
    """Return another image of the same content."""
    other = RamImage(0)
    other.cells = bytearray(image.cells)
    return other
