"""SlotMedium of two files on the board's own file system, for stock MicroPython.

A slot fits one page of the flash, so LittleFS keeps it inline beside its name: one
program a write, an erase every sixteenth, and each write is there whole or not at all.

What it cannot help: on an RP2040 stock MicroPython formats the file system when it
fails to mount. A frozen build keeps the credit out of it, see rp2_flash.
"""

from micropython import const
from ports.slot_medium import SlotMedium

_SLOTS = const(2)
_SIZE = const(256)  # bytes


class FileSlots(SlotMedium):
    """Two files that begin with `path`, for example "/credit": "/credit.0" and "/credit.1"."""

    slots = _SLOTS
    size = _SIZE

    def __init__(self, path: str):
        self._path = path

    def ready(self, slot):
        return True

    def read(self, slot):
        try:
            with open(self._name(slot), "rb") as file:
                return file.read(_SIZE)
        except OSError:
            return b""  # never written

    def write(self, slot, data):
        with open(self._name(slot), "wb") as file:
            file.write(data)

    def append(self, slot, offset, data):
        with open(self._name(slot), "r+b") as file:
            file.seek(offset)
            file.write(data)

    def _name(self, slot):
        return "%s.%d" % (self._path, slot)
