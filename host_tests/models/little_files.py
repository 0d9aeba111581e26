"""Real LittleFS, of littlefs-python, on the emulated flash chip. CPython only.

The geometries are those of MicroPython's ports, with its block_cycles and its cache of
four pages. A cut of the chip's power comes out of the file that was being written as
PowerCut, as it does on a chip that is used directly.
"""

from collections import namedtuple
from types import SimpleNamespace

import esp32
from flash_chip import PAGE, SECTOR, FlashChip, FlashPart, PowerCut, RamImage
from littlefs import LittleFS, LittleFSError, UserContext, lfs
from store.alternate_slots import AlternateSlots, MissingSlots
from store.file_slots import FileSlots

from models import tears
from models.carriers import NVS, copied

_IO_ERROR = -5
_FLAGS = {
    "rb": lfs.LFSFileFlag.rdonly,
    "wb": lfs.LFSFileFlag.wronly | lfs.LFSFileFlag.creat | lfs.LFSFileFlag.trunc,
}

#: blocks: of 4 KiB. page: most bytes that are programmed at once, and the least.
Geometry = namedtuple("Geometry", ("blocks", "page"))

RP2 = Geometry(352, 256)
ESP32 = Geometry(512, 32)


class ChipContext(UserContext):
    """Lets `chip` play the flash. cut: the power went during an operation.

    failed: the chip refused one. LittleFS is then not used until it is mounted anew: its
    cache may hold what belongs nowhere, and the library stops the process.
    """

    def __init__(self, chip):
        self.in_size = chip.size
        self._chip = chip
        self.cut = self.failed = False
        part = chip if isinstance(chip, FlashPart) else FlashPart(chip, 0, chip.size)
        if isinstance(part.chip, FlashChip):
            self.read = self._of(part.chip.image.cells, part.start)

    @staticmethod
    def _of(cells, start):
        """Return what reads `cells`: LittleFS reads a hundred times a file; no cut harms it."""

        def read(_cfg, block, off, size):
            at = start + block * SECTOR + off
            return cells[at : at + size]

        return read

    def read(self, _cfg, block, off, size):
        return self._chip.read(block * SECTOR + off, size)

    def prog(self, _cfg, block, off, data):
        return self._do(self._program, block * SECTOR + off, bytes(data))

    def erase(self, _cfg, block):
        return self._do(self._chip.erase, block * SECTOR)

    def sync(self, _cfg):
        return 0

    def _program(self, offset, data):
        while data:
            size = PAGE - offset % PAGE
            self._chip.program(offset, data[:size])
            offset, data = offset + size, data[size:]

    def _do(self, operation, *arguments):
        """The C of LittleFS stands between: no exception gets through it, an error does."""
        if self.cut:
            return _IO_ERROR
        try:
            operation(*arguments)
        except PowerCut:
            self.cut = True
            return _IO_ERROR
        except OSError:
            self.failed = True
            return _IO_ERROR
        return 0


class LittleFiles:
    """A mounted file system: `open` and `os.stat`, `os.mkdir`, as a board has them.

    Raises OSError if it cannot be mounted.
    """

    def __init__(self, chip: FlashChip, geometry=RP2, format_first=False):
        self._context = ChipContext(chip)
        self._fs = LittleFS(
            context=self._context, mount=False, block_size=SECTOR, block_count=geometry.blocks,
            read_size=geometry.page, prog_size=geometry.page, cache_size=4 * geometry.page,
            lookahead_size=32, block_cycles=100,
        )  # fmt: skip
        if format_first:
            self._guarded(self._fs.format)
        self._guarded(self._fs.mount)
        self.os = SimpleNamespace(
            stat=lambda name: self._guarded(self._fs.stat, name),
            remove=lambda name: self._guarded(self._fs.remove, name),
            mkdir=lambda name: self._guarded(self._fs.mkdir, name),
        )

    def open(self, name, mode):
        return _File(self._fs.fs, name, _FLAGS[mode], self._guarded)

    def _guarded(self, call, *arguments, **more):
        if self._context.failed:
            raise OSError(5)
        try:
            return call(*arguments, **more)
        except LittleFSError as error:
            if self._context.cut:
                raise PowerCut from None
            raise OSError(-error.code, str(error)) from None


class _File:
    """A file in use. After an error it is left alone: LittleFS has given it up already."""

    def __init__(self, fs, name, flags, guarded):
        self._fs, self._guarded = fs, guarded
        self._file = guarded(lfs.file_open, fs, name, flags, "utf-8")

    def read(self):
        return bytes(self._guarded(lfs.file_read, self._fs, self._file, 4 * PAGE))

    def write(self, data):
        return self._guarded(lfs.file_write, self._fs, self._file, data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._guarded(lfs.file_close, self._fs, self._file)


class LittleCarrier:
    """Files on LittleFS.

    What disturbs a page written before is more than LittleFS is made for: it then may lose
    a folder, or all. Test for that with `tears.beside_it`: nothing may be invented.
    """

    tears = tears.WITHIN

    def __init__(self, name, geometry):
        self.name = name
        self._geometry = geometry
        self._formatted = None

    def image(self):
        if self._formatted is None:
            self._formatted = RamImage(self._geometry.blocks * SECTOR)
            self.media(FlashChip(self._formatted), format_first=True)
        return copied(self._formatted)

    def media(self, chip, format_first=False):
        files = LittleFiles(chip, self._geometry, format_first)
        return (
            FileSlots("/state", files.open, files.os),
            FileSlots("/notes", files.open, files.os),
        )


class Esp32Carrier(LittleCarrier):
    """What an ESP32 board has: NVS and files by turns, in two partitions of one chip."""

    def image(self):
        if self._formatted is None:
            image = RamImage(esp32.PARTITION_SIZE + self._geometry.blocks * SECTOR)
            self.media(FlashChip(image), format_first=True)
            self._formatted = image
        return copied(self._formatted)

    def media(self, chip, format_first=False):
        nvs = NVS.media(FlashPart(chip, 0, esp32.PARTITION_SIZE))
        size = self._geometry.blocks * SECTOR
        part = FlashPart(chip, esp32.PARTITION_SIZE, size)
        try:
            files = super().media(part, format_first)
        except OSError:  # it does not mount
            files = MissingSlots(), MissingSlots()
        return tuple(AlternateSlots(pair) for pair in zip(nvs, files, strict=True))


ON_RP2 = LittleCarrier("littlefs rp2", RP2)
ON_ESP32 = LittleCarrier("littlefs esp32", ESP32)
ESP32_BOARD = Esp32Carrier("esp32 board", ESP32)
ALL = (ON_RP2, ON_ESP32, ESP32_BOARD)
