"""What lies in the flash of an emulated Pico: MicroPython from a UF2, and the meter as files.

MicroPython says in the image itself where its file system lies (binary info, which
picotool reads too), so any version and any board with an RP2040 will do.
Source: UF2, File format. Source: Raspberry Pi Pico SDK, pico/binary_info/structure.h.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import littlefs

from meter20.board import boards, flashing, pack, romfs

BOARD = "rp2_pico"
FLASH_SIZE = 2 * 1024 * 1024  # bytes, a Pico's
SECTOR = 4096
BLANK = b"\xff"

_XIP = 0x1000_0000  # where the processor sees the flash
_BLOCK = 512  # bytes of a UF2 block
_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_FAMILY = 0xE48BFF56  # RP2040
_HAS_FAMILY = 0x2000

_INFO_BEGIN, _INFO_END = 0x7188EBF2, 0xE71AA390
_INFO_AT = range(0x100, 0x200, 4)
_TEXT, _BLOCK_DEVICE = 6, 7
_PROGRAM, _VERSION = 0x02031C86, 0x11A9BC3A
_ROM = "ROMFS"  # what MicroPython calls its ROM partition

#: As `_boot.py` of MicroPython's rp2 port makes its file system.
_GEOMETRY = {"read_size": 32, "prog_size": 256, "cache_size": 1024, "lookahead_size": 32}
_DISK_VERSION = 0x0002_0000  # every LittleFS 2 mounts it


class NoFirmware(Exception):
    """The file is no image of MicroPython for an RP2040; the message says why."""


@dataclass(frozen=True)
class Firmware:
    """An image. flash: all of it. version: "v1.26.1". start, size: its file system, in bytes.

    rom_start, rom_size: its ROM partition, (0, 0) without one.
    """

    flash: bytes
    version: str
    start: int
    size: int
    rom_start: int = 0
    rom_size: int = 0


def read(uf2: Path) -> Firmware:
    """Return the MicroPython in the file `uf2`. Raises OSError, NoFirmware."""
    flash = _placed(uf2.read_bytes())
    texts, devices = _info(flash)
    rom_start, rom_size = devices.pop(_ROM, (0, 0))
    if texts.get(_PROGRAM) != "MicroPython" or not devices:
        raise NoFirmware("no MicroPython for an RP2040 is in it")
    start, size = next(iter(devices.values()))
    if start % SECTOR or size % SECTOR or not 0 < start < start + size <= FLASH_SIZE:
        raise NoFirmware(f"its file system lies at {start:#x}, {size:#x} bytes: not on a Pico")
    return Firmware(flash, texts.get(_VERSION, "?"), start, size, rom_start, rom_size)


def flashed(firmware: Firmware, files: dict[str, bytes]) -> bytes:
    """Return a flash with `files`, {path: content}, in the file system of `firmware`.

    If `firmware` has a ROM partition, what can lie there does, as after `board flash --romfs`.
    Without one it lies in a pack, as after `board flash --mpy`. Raises NoFirmware if the
    partition is too small.
    """
    if not firmware.rom_size:
        architecture, opening = boards.find(BOARD).architecture, flashing.opening(BOARD)
        packed = pack.made(files, architecture, opening)
        return with_files(firmware, packed.files)
    files, rom = romfs.split(files)
    if len(rom) > firmware.rom_size:
        raise NoFirmware(f"its ROM partition has {firmware.rom_size} bytes, not {len(rom)}")
    return with_files(firmware, files, rom)


def with_files(firmware: Firmware, files: dict[str, bytes], rom: bytes = b"") -> bytes:
    """Return a flash with `files` in the file system of `firmware`, and `rom` in its partition."""
    made = littlefs.LittleFS(
        block_size=SECTOR,
        block_count=firmware.size // SECTOR,
        disk_version=_DISK_VERSION,
        **_GEOMETRY,  # pyright: ignore[reportArgumentType]  it knows them by their names
    )
    for path, content in files.items():
        if folder := path.rpartition("/")[0]:
            made.makedirs(folder, exist_ok=True)
        with made.open(path, "wb") as file:
            file.write(content)
    flash = bytearray(firmware.flash)
    flash[firmware.start : firmware.start + firmware.size] = made.context.buffer
    flash[firmware.rom_start : firmware.rom_start + len(rom)] = rom
    return bytes(flash)


def meter_files() -> dict[str, bytes]:
    """Return what `meter20 board flash` compiles for a Pico, but micropython-lib's ssd1306.

    That one comes over the network, and the display of the board as it stands needs none.
    """
    return flashing.to_hold(BOARD, boards.find(BOARD).architecture)[0]


def _placed(uf2):
    """Return the flash that the blocks of `uf2` make."""
    flash = bytearray(BLANK * FLASH_SIZE)
    blocks = 0
    for at in range(0, len(uf2) - _BLOCK + 1, _BLOCK):
        first, second, flags, address, size, _, _, family = struct.unpack_from("<8I", uf2, at)
        (last,) = struct.unpack_from("<I", uf2, at + _BLOCK - 4)
        if (first, second, last) != _MAGIC or size > _BLOCK - 36:
            raise NoFirmware("it is no UF2 file")
        if flags & _HAS_FAMILY and family != _FAMILY:
            raise NoFirmware("it is a UF2 file for another chip")
        offset = address - _XIP
        if not 0 <= offset <= FLASH_SIZE - size:
            raise NoFirmware(f"it has a block for the address {address:#x}")
        flash[offset : offset + size] = uf2[at + 32 : at + 32 + size]
        blocks += 1
    if not blocks:
        raise NoFirmware("it is no UF2 file")
    return bytes(flash)


def _info(flash):
    """Return ({id: text}, {name: (start, size) of a block device}) of the binary info."""
    words = {at: struct.unpack_from("<5I", flash, at) for at in _INFO_AT}
    found = [w for w in words.values() if (w[0], w[4]) == (_INFO_BEGIN, _INFO_END)]
    texts, devices = {}, {}
    for entry in range(found[0][1] - _XIP, found[0][2] - _XIP, 4) if found else ():
        at = struct.unpack_from("<I", flash, entry)[0] - _XIP
        if not 0 <= at < FLASH_SIZE - 20:
            continue
        kind, _tag, *fields = struct.unpack_from("<HH3I", flash, at)
        if kind == _TEXT:
            texts[fields[0]] = _text(flash, fields[1] - _XIP)
        elif kind == _BLOCK_DEVICE:
            devices[_text(flash, fields[0] - _XIP)] = fields[1] - _XIP, fields[2]
    return texts, devices


def _text(flash, at):
    if not 0 <= at < FLASH_SIZE:
        return ""
    end = flash.find(0, at)
    return flash[at : max(at, end)].decode(errors="replace")
