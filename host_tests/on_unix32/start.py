"""Lays memory out for month.py, and starts it. Runs on MicroPython's unix port only.

    micropython start.py CHIP METER FLASH STORY [PROGRAM [LINE]]

CHIP: a ROM image of the emulated chip and of month.py. METER: a ROM image of the meter, whose
bytecode then stays where it is, as in a frozen build, or a folder of .mpy files, which are read
into the heap. FLASH: what the chip's flash holds; made if there is none, and kept at the end.
STORY: see month.py. PROGRAM: month, or networked. LINE: see networked.py.
"""

import os
import sys

import ffi
import uctypes
import vfs

_LIBC = ffi.open("libc.so.6")
_MALLOC = _LIBC.func("P", "malloc", "I")


def outside(size):
    """Return a bytearray of `size` bytes that does not lie in MicroPython's heap."""
    return uctypes.bytearray_at(_MALLOC(size), size)


def mounted(image, at):
    """Mount the ROM image in the file `image`; return where."""
    rom = outside(os.stat(image)[6])
    with open(image, "rb") as file:
        file.readinto(rom)
    vfs.mount(vfs.VfsRom(rom), at)
    return at


chip, meter, flash, story = sys.argv[1:5]
program = sys.argv[5] if len(sys.argv) > 5 else "month"
sys.path[:] = [mounted(chip, "/chip")]
sys.path.append(mounted(meter, "/meter") if meter.endswith(".romfs") else meter)

__import__(program).run(story, flash, outside)
