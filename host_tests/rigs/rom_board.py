"""A virtual board whose image of MicroPython has a ROM partition.

The port for WebAssembly reads a ROM file system, and has no partition. This boot.py gives it one,
of flash that erases to ones and is kept in a file, and mounts it as MicroPython does before
boot.py: it stands in for extmod/vfs.c, mp_vfs_mount_romfs_protected.
"""

from meter20.virtual.pty_board import PtyBoard

BLOCK_BYTES = 4096
_KEPT = "rom.bin"

_BOOT = """
import sys, vfs as real

class Rom(bytearray):
    def ioctl(self, op, arg):
        if op == 6:
            self.writeblocks(arg, b"\\xff" * BLOCK_BYTES)
        return {4: BLOCKS, 5: BLOCK_BYTES}.get(op, 0)

    def writeblocks(self, number, data):
        assert len(data) == BLOCK_BYTES
        assert not mounted(), "what runs from here is erased"
        self[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES] = data
        with open("/KEPT", "wb") as file:
            file.write(self)

class Vfs:
    def rom_ioctl(self, op, number):
        return rom

    def __getattr__(self, name):
        return getattr(real, name)

def mounted():
    import os
    return "rom" in os.listdir("/")

try:
    with open("/KEPT", "rb") as file:
        rom = Rom(file.read())
except OSError:
    rom = Rom(b"\\xff" * (BLOCKS * BLOCK_BYTES))
sys.modules["vfs"] = Vfs()
try:
    real.mount(real.VfsRom(rom), "/rom")
    sys.path.extend(("/rom", "/rom/lib"))
except OSError:
    pass
"""


def rom_board(folder, blocks):
    """Return a PtyBoard, kept in `folder`, with a ROM partition of `blocks`."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    numbers = f"BLOCKS, BLOCK_BYTES = {blocks}, {BLOCK_BYTES}\n"
    (files / "boot.py").write_text(numbers + _BOOT.replace("KEPT", _KEPT))
    return PtyBoard(folder)
