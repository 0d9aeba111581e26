"""A pack: all of the meter's compiled modules in one file of a board, and a main.py that reads it.

The file is called by its content, and main.py imports it by that name. So an update writes a pack
beside the old one and then renames a new main.py over the old one: that moment decides, and
whenever the power fails, the board has the old meter or the new one. What the old pack holds
already is copied on the board. Layout: the code of firmware/packed/front.py, filled up to
INDEX_AT; how many entries; their hashes; their places; the modules.

*Why*: LittleFS answers slowly where a file is, see docs/performance.md.
"""

import hashlib
import struct
from base64 import b64decode, b64encode
from binascii import crc32
from collections.abc import Callable
from dataclasses import dataclass

from meter20 import DEVICE_ROOT
from meter20.board import flashing, options
from meter20.board.prompt import Prompt

#: Where the index begins; as firmware/packed/front.py has it.
INDEX_AT = 1280
_CRC = 0x3FFF_FFFF
_FRONT = DEVICE_ROOT / "firmware" / "packed" / "front.py"

#: Bytes of new modules that one program brings to the board.
_SENT_AT_ONCE = 1024

_INDEX = """
from binascii import b2a_base64
with open(%r, "rb") as file:
    file.seek(%d)
    count = file.read(2)
    print(b2a_base64(count + file.read(8 * int.from_bytes(count, "little"))).decode())
    print(file.seek(0, 2))
"""
_HASH = """
import hashlib
with open(%r, "rb") as file:
    for at, size in %r:
        file.seek(at)
        h = hashlib.sha256()
        while size:
            chunk = file.read(min(size, 512))
            size -= len(chunk)
            h.update(chunk)
        print(h.digest().hex())
"""
_BEGIN = """
from binascii import a2b_base64
new = open(%r, "wb")
"""
_COPY = """
with open(%r, "rb") as file:
    file.seek(%d)
    size = %d
    while size:
        size -= new.write(file.read(min(size, 512)))
"""


@dataclass(frozen=True)
class Pack:
    """A pack. name: of its file. places: {path of a module: (where it begins, bytes)}.

    files: {path: content} of all that the board gets: the pack, main.py, its options.
    """

    name: str
    places: dict[str, tuple[int, int]]
    files: dict[str, bytes]

    @property
    def content(self) -> bytes:
        return self.files[self.name]

    def module(self, path: str) -> bytes:
        """Return the module that would lie at `path`."""
        at, size = self.places[path]
        return self.content[at : at + size]

    def counted(self, steps: flashing.Plan, sent: int) -> tuple[int, int]:
        """Return (how many files were sent, how many not); `sent` modules for the pack itself."""
        copied = sent + len([path for path in steps.put if path != self.name])
        copied += steps.start_differs
        return copied, len(self.places) + len(self.files) - 1 - copied


def made(files: dict[str, bytes], architecture: str, opening: str = "") -> Pack:
    """Return the pack of `files`, {path: content}, compiled. Raises ValueError, Trouble.

    opening: what main.py does before it reads the pack.
    """
    beside = {path: files[path] for path in (options.FILE, flashing.START) if path in files}
    modules = {path: content for path, content in files.items() if path not in beside}
    front = flashing.compiled(_FRONT.read_bytes(), "pack", architecture)
    assert len(front) <= INDEX_AT, f"{_FRONT.name} takes {len(front)} bytes"
    places, content = _laid_out(front, modules)
    name = f"meter_{hashlib.sha256(content).hexdigest()[:8]}"
    beside[flashing.START] = flashing.beginning_with(
        beside[flashing.START], f"{opening}import {name}\n", modules
    )
    return Pack(f"{name}.mpy", places, {**beside, f"{name}.mpy": content})


def carry_out(prompt: Prompt, pack: Pack, steps: flashing.Plan, say: Callable[[str], None]) -> int:
    """Do what `steps` says of `pack` and the rest; return how many modules were sent.

    say: is given a line of text before each step. Raises Trouble.
    """
    sent, staged = 0, {}
    first, last = _in_order(steps)
    flashing.remove(prompt, first, say)
    for path, content in steps.put.items():
        if path == pack.name:
            others = [other for other in last if flashing.is_pack(other)]
            sent = _write(prompt, pack, others, say)
        else:
            say(f"copy {path} ({len(content)} bytes)")
            staged[path] = content
    if steps.start_differs:
        say(f"copy {flashing.START}")
        staged[flashing.START] = steps.start
    flashing.replace(prompt, staged, {pack.name: pack.content})
    flashing.remove(prompt, last, say)
    return sent


def _in_order(steps):
    """Return what is removed (before the pack is written, afterwards).

    A meter that can go on stays until then; without one there is room sooner.
    """
    if not steps.has_start:
        return steps.remove, []
    half = [path for path in steps.remove if flashing.is_staged(path)]
    return half, [path for path in steps.remove if path not in half]


def _write(prompt, pack, others, say):
    """Write `pack` on the board; return how many modules came from here, not from `others`."""
    has = {}
    for name in others:
        has.update(_there(prompt, name))
    sent, beginning = 0, min(at for at, _ in pack.places.values())
    prompt.run(_BEGIN % pack.name)
    _send(prompt, pack.content[:beginning])
    for path in pack.places:
        module = pack.module(path)
        place = has.get(hashlib.sha256(module).hexdigest())
        if place is None:
            say(f"copy {path} ({len(module)} bytes)")
            _send(prompt, module)
            sent += 1
        else:
            prompt.run(_COPY % place)
    prompt.run("new.close()")
    return sent


def _there(prompt, name):
    """Return {SHA-256 of a module: (name, where it begins, bytes)} of the pack `name` of a board.

    What is no whole pack has fewer, or none.
    """
    *index, end = prompt.run(_INDEX % (name, INDEX_AT)).split()
    data, size = b64decode("".join(index))[2:], int(end)
    numbers = struct.unpack_from(f"<{len(data) // 4}I", data)
    begins = sorted({at for at in numbers[len(numbers) // 2 :] if INDEX_AT < at < size})
    pieces = [(at, after - at) for at, after in zip(begins, [*begins, size][1:], strict=False)]
    digests = prompt.run(_HASH % (name, pieces)).split()
    return {digest: (name, *piece) for digest, piece in zip(digests, pieces, strict=True)}


def _send(prompt, data):
    for at in range(0, len(data), _SENT_AT_ONCE):
        chunk = b64encode(data[at : at + _SENT_AT_ONCE])
        prompt.run(f"n = new.write(a2b_base64({chunk}))")


def _laid_out(front, modules):
    """Return ({path: (place, bytes)}, content)."""
    folders = sorted({path.rpartition("/")[0] for path in modules} - {""})
    at = INDEX_AT + 2 + 8 * (len(modules) + len(folders))
    places = {}
    for path, content in modules.items():
        places[path] = at, len(content)
        at += len(content)
    entries = {_hash(folder): 0 for folder in folders}
    entries.update({_hash(path): place for path, (place, _) in places.items()})
    searched = {_hash(path.removesuffix("mpy") + "py") for path in modules}
    searched |= {_hash(path.removesuffix(".mpy")) for path in modules}
    if len(entries) < len(modules) + len(folders) or searched & set(entries):
        raise ValueError("two names of modules have the same hash: rename one")
    index = struct.pack(f"<H{2 * len(entries)}I", len(entries), *entries, *entries.values())
    return places, front.ljust(INDEX_AT, b"\0") + index + b"".join(modules.values())


def _hash(path):
    """Return what the index knows `path` by."""
    return crc32(f"/{path}".encode()) & _CRC
