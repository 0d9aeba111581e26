"""SlotMedium on two small files of a file system that writes a file wholly or not at all.

LittleFS does: what is written appears when the file is closed. A file as small as a
record lies in the metadata of its folder, so writing it costs one page and few erases.
Each file has a folder of its own, whose metadata lie in blocks of their own. *Why*: a
power cut that harms what was written last in one block harms only one of the two.

Alternatives: writing a temporary file and renaming it gives nothing more and costs four
times the erases; appending to a file costs an erase each time (measured on LittleFS 2.11).

This does not help: on an RP2040 stock MicroPython formats a file system that fails to
mount. A frozen build keeps the credit out of the file system, see rp2_flash.
"""

import os
from errno import ENOENT

from micropython import const
from ports.slot_medium import SlotMedium

_SIZE = const(256)  # bytes, as a page of flash
_UNREADABLE = bytes(_SIZE)
#: LittleFS keeps the entries of a folder in two blocks, of which a new one has filled only the
#: first. Until the second is filled, too, one spoiled bit may take the folder away. So many
#: writes of so many bytes fill both, on pages of 32 bytes and of 256.
_SETTLING = const(70)
_SCRATCH = bytes(100)


class FileSlots(SlotMedium):
    """Slots in the files `folder`0/record and `folder`1/record.

    open_file, os: a file system in place of the board's. Making it makes the folders.
    """

    slots = 2
    size = _SIZE
    whole = True

    def __init__(self, folder: str, open_file=open, os=os):
        self._open = open_file
        self._os = os
        self._folders = [folder + str(slot) for slot in range(self.slots)]
        self._unsettled = folder + "0-"  # a file that is there until all is made
        made = [name for name in self._folders if self._exists(name)]
        if len(made) < self.slots or self._exists(self._unsettled):
            self._make_folders()

    def read(self, slot):
        try:
            with self._open(self._name(slot), "rb") as file:
                return file.read()
        except OSError as error:
            return b"" if error.errno == ENOENT else _UNREADABLE

    def write(self, slot, data):
        with self._open(self._name(slot), "wb") as file:
            file.write(data)

    def _name(self, slot):
        return self._folders[slot] + "/record"

    def _make_folders(self):
        """Make the folders, and settle them and what holds them. Blocks some seconds."""
        self._write_scratch(self._unsettled)
        for made in self._folders:
            if not self._exists(made):
                self._os.mkdir(made)
        for name in [folder + "/scratch" for folder in self._folders] + [self._unsettled]:
            for _ in range(_SETTLING):
                self._write_scratch(name)
            self._os.remove(name)

    def _write_scratch(self, name):
        with self._open(name, "wb") as file:
            file.write(_SCRATCH)

    def _exists(self, name):
        try:
            self._os.stat(name)
        except OSError:
            return False
        return True
