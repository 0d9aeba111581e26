"""A board's ROM file system: the meter's compiled files run where they lie in the flash.

MicroPython has one if its image was built with a partition for it. It mounts the partition at
/rom before boot.py, and looks for a module in / before it looks there; so `main.py` puts /rom
first. The first block is written last: a partition that was not written whole is not mounted.

Source: MicroPython, extmod/vfs_rom.c, extmod/vfs.c, docs/reference/romfs.rst.
"""

import ast
import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from mpremote.romfs import VfsRomWriter

from meter20.board import flashing, options
from meter20.board.prompt import ROM, Prompt
from meter20.board.running import Running
from meter20.board.trouble import Code, Trouble

_BLANK = b"\xff"
_LOOKING_HERE_FIRST = f'import sys\n\nsys.path.insert(0, "{ROM}")\n'

#: What MicroPython says of partition 0: how many blocks of how many bytes, and whether a meter's
#: or a fixture's `board.mpy` is in it. No rom_ioctl, or a number in place of a device: none.
_ASK = f"""
import os, vfs
def found():
    try:
        rom = vfs.rom_ioctl(2, 0)
        blocks, block_bytes = rom.ioctl(4, 0), rom.ioctl(5, 0)
    except AttributeError:
        return None
    try:
        return blocks, block_bytes, "board.mpy" in os.listdir("{ROM}")
    except OSError:
        return blocks, block_bytes, False
print(found())
"""
_HASH = """
import hashlib, vfs
rom = memoryview(vfs.rom_ioctl(2, 0))
for at in range(0, %d, %d):
    print(hashlib.sha256(rom[at : at + %d]).digest().hex())
"""
_UNMOUNT = f"""
import vfs
from binascii import a2b_base64
rom = vfs.rom_ioctl(2, 0)
try:
    vfs.umount("{ROM}")
except OSError:
    pass
"""


@dataclass(frozen=True)
class Partition:
    """The ROM partition of a board. has_meter: whether what is mounted is ours."""

    blocks: int
    block_bytes: int
    has_meter: bool

    @property
    def size(self) -> int:
        """Bytes."""
        return self.blocks * self.block_bytes

    def cut(self, image: bytes) -> list[bytes]:
        """Return the blocks of `image`, the last one filled up."""
        pieces = range(0, len(image), self.block_bytes)
        return [image[at : at + self.block_bytes].ljust(self.block_bytes, _BLANK) for at in pieces]


def partition(prompt: Prompt) -> Partition | None:
    """Return the ROM partition of the board, None if its image of MicroPython has none."""
    said = ast.literal_eval(prompt.run(_ASK))
    return None if said is None else Partition(*said)


def split(files: dict[str, bytes]) -> tuple[dict[str, bytes], bytes]:
    """Return (what stays in the writable file system, the image of the rest).

    files: {path: content}, compiled. `main.py` stays, because MicroPython looks for it there, and
    the options that the board remembers.
    """
    kept = {path: files[path] for path in (flashing.START, options.FILE) if path in files}
    rom = {path: content for path, content in files.items() if path not in kept}
    kept[flashing.START] = flashing.beginning_with(files[flashing.START], _LOOKING_HERE_FIRST, rom)
    return kept, image(rom)


def image(files: dict[str, bytes]) -> bytes:
    """Return a ROM file system of `files`, {path: content}."""
    tree: dict = {}
    for path, content in files.items():
        *folders, name = path.split("/")
        within = tree
        for folder in folders:
            within = within.setdefault(folder, {})
        within[name] = content
    writer = VfsRomWriter()
    _write(writer, tree)
    return bytes(writer.finalise())


def check_fits(found: Partition | None, made: bytes, running: Running) -> Partition:
    """Return `found`; raises Trouble if there is none, or the image `made` is larger."""
    if found is None:
        raise Trouble(
            Code.NO_ROMFS,
            f"{running.words()}: this image has no ROM partition. Flash with --mpy, or bring an "
            "image that has one: boards/README.md, ROM partition",
        )
    if len(made) > found.size:
        raise Trouble(
            Code.NO_ROMFS,
            f"{running.words()}: the meter takes {len(made)} bytes, the ROM partition of this "
            f"image has {found.size}. Flash with --mpy, or bring an image with a larger one",
        )
    return found


def differing(prompt: Prompt, found: Partition, made: bytes) -> list[int]:
    """Return the numbers of the blocks in which the board's partition is not the image `made`."""
    blocks = found.cut(made)
    size = found.block_bytes
    there = prompt.run(_HASH % (len(blocks) * size, size, size)).split()
    return [n for n, block in enumerate(blocks) if there[n] != hashlib.sha256(block).hexdigest()]


def write(prompt: Prompt, found: Partition, made: bytes, say: Callable[[str], None]) -> int:
    """Bring the partition up to date with the image `made`; return how many blocks were written.

    If it is not 0, main.py was taken off the board. say: is given a line of text before each
    step. Raises Trouble.
    """
    blocks, wanting = found.cut(made), differing(prompt, found, made)
    if not wanting:
        return 0
    clear(prompt, say)
    order = [n for n in wanting if n] + [0]
    for n in order:
        say(f"write block {n + 1} of {len(blocks)} of {ROM} ({found.block_bytes} bytes)")
        prompt.run(f"rom.writeblocks({n}, a2b_base64({b64encode(blocks[n])}))")
    if differing(prompt, found, made):
        raise Trouble(Code.WRONG_HASH, f"{ROM} is not what was sent: run this again")
    return len(order)


def clear(prompt: Prompt, say: Callable[[str], None]) -> None:
    """Take main.py off the board, restart it, and erase the first block of the partition.

    *Why restart*: what was interrupted has a timer and names in the partition. Raises Trouble.
    """
    say(f"remove {flashing.START}, restart, and clear {ROM}")
    prompt.stop(flashing.START)
    prompt.run(_UNMOUNT + "rom.ioctl(6, 0)")


def _write(writer, tree):
    for name, content in sorted(tree.items()):
        if isinstance(content, dict):
            writer.opendir(name)
            _write(writer, content)
            writer.closedir()
        else:
            writer.mkfile(name, content)
