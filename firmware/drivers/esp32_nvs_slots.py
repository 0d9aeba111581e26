"""SlotMedium in the non-volatile store of an ESP32, made by its maker to survive power cuts.

A write is ten entries in a log of 24 KiB, which erases a page of it for each twelve.
Alone, at a record each 0.1 kWh, that is too fast for twenty years; and one spoiled bit in
the header of a page takes all of the page: so see alternate_slots.
"""

from esp32 import NVS
from micropython import const
from ports.slot_medium import SlotMedium

_SLOTS = const(2)
_SIZE = const(256)  # bytes


class NvsSlots(SlotMedium):
    """Two blobs in the namespace `name`, of 15 characters at most."""

    slots = _SLOTS
    size = _SIZE
    whole = True

    def __init__(self, name: str):
        self._nvs = NVS(name)

    def read(self, slot):
        buffer = bytearray(_SIZE)
        try:
            length = self._nvs.get_blob("slot%d" % slot, buffer)
        except OSError:
            return b""  # never written
        return bytes(buffer[:length])

    def write(self, slot, data):
        self._nvs.set_blob("slot%d" % slot, data)
        self._nvs.commit()
