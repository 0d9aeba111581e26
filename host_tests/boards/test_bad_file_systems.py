"""A file system that does not mount: what the boot files make of it, and the meter after them.

Stock MicroPython formats it on an RP2040, and on an ESP32 never gets as far as main.py. The
boot files of our frozen builds run here as they are, on real LittleFS.
"""

import runpy
import sys
from types import SimpleNamespace

import chips
import esp32
import pytest
import rp2
from drivers.rp2_flash import Rp2Flash
from flash_chip import SECTOR, FlashChip, RamImage
from models.little_files import Geometry, LittleFiles
from store.nor_slots import NorSlots
from store.slot_store import SlotStore
from world import WORLD

from meter20.board.wiring import BOARDS
from meter20.samples import PROVISION

from .conftest import TOKEN_100_WH, Bench

GARBAGE = b"\x5a\x00\xf0" * 20_000


class Blocks:
    """A block device as the flash that LittleFiles wants."""

    def __init__(self, device):
        self._device = device
        self.size = device.ioctl(4, 0) * SECTOR

    def read(self, offset, size):
        data = bytearray(size)
        self._device.readblocks(offset // SECTOR, data, offset % SECTOR)
        return bytes(data)

    def program(self, offset, data):
        self._device.writeblocks(offset // SECTOR, data, offset % SECTOR)

    def erase(self, offset):
        self._device.ioctl(6, offset // SECTOR)


class VfsLfs2(LittleFiles):
    """MicroPython's, on real LittleFS. made: how often one was formatted."""

    made = 0

    def __init__(self, device, progsize, format_first=False):
        super().__init__(Blocks(device), Geometry(device.ioctl(4, 0), progsize), format_first)

    @classmethod
    def mkfs(cls, device, progsize):
        cls.made += 1
        cls(device, progsize, format_first=True)


def boot(folder):
    runpy.run_path(str(BOARDS / "common" / folder / "_boot.py"))


def test_frozen_rp2_makes_a_new_file_system_beside_the_credit(frozen, monkeypatch):
    import meter_flash

    WORLD.start(chips.of("rp2_pico"))
    start = meter_flash.start()

    def store():
        return SlotStore(NorSlots(Rp2Flash(start, meter_flash.SECTORS)))

    store().commit(b"the credit")
    rp2.Flash()  # the storage is there
    WORLD.storage[: len(GARBAGE)] = GARBAGE
    kept = bytes(WORLD.storage[start:])
    mounted = {}
    vfs = SimpleNamespace(
        VfsLfs2=VfsLfs2, mount=lambda files, where: mounted.__setitem__(where, files)
    )
    monkeypatch.setitem(sys.modules, "vfs", vfs)
    monkeypatch.setattr(VfsLfs2, "made", 0)
    boot("rp2_frozen")
    assert VfsLfs2.made == 1
    with mounted["/"].open("/main", "wb") as file:
        file.write(b"new")
    assert bytes(WORLD.storage[start:]) == kept
    assert store().load() == b"the credit"
    boot("rp2_frozen")
    assert VfsLfs2.made == 1, "one that can be mounted is left as it is"
    assert mounted["/"].open("/main", "rb").read() == b"new"


@pytest.fixture
def esp32_boot(monkeypatch):
    """Return a function that boots an ESP32 whose file system does not mount.

    It takes the first bytes of the storage, and returns how often that was set up anew.
    """
    made = []

    def refuse(_device, _where):
        raise OSError(19)

    def booted(first):
        device = SimpleNamespace(
            ioctl=lambda op, _arg: {5: SECTOR}[op],
            readblocks=lambda _block, buffer: buffer.__setitem__(slice(len(first)), first),
        )
        for name, module in (
            ("vfs", SimpleNamespace(mount=refuse)),
            ("flashbdev", SimpleNamespace(bdev=device)),
            ("inisetup", SimpleNamespace(setup=lambda: made.append(device))),
        ):
            monkeypatch.setitem(sys.modules, name, module)
        boot("esp32_frozen")
        return len(made)

    return booted


def test_frozen_esp32_goes_on_without_files_and_leaves_them_alone(esp32_boot):
    assert esp32_boot(GARBAGE[:SECTOR]) == 0


def test_frozen_esp32_sets_up_a_new_chip(esp32_boot):
    assert esp32_boot(b"\xff" * SECTOR) == 1


def bought(_script):
    yield PROVISION
    yield {"do": "token", "digits": TOKEN_100_WH}
    yield 100


def asked(_script):
    yield {"do": "read"}
    yield {"do": "token", "digits": TOKEN_100_WH}
    yield {"do": "read"}
    yield 100


@pytest.mark.parametrize(("name", "restarts"), [("esp32_devkit", 0), ("esp32_s3", 1)])
def test_esp32_without_its_files_has_its_credit_or_takes_the_token_again(
    name, restarts, play, files, tmp_path
):  # fmt: skip
    """The record of the token may be the one that lay in the files: then it never counted."""
    image = RamImage(esp32.PARTITION_SIZE)
    no_folder = tmp_path / "a file"
    no_folder.write_bytes(b"")

    def powered(story, **options):
        esp32.start(FlashChip(image))
        return play(Bench(name, **options), story)

    powered(bought)
    for _ in range(restarts):
        powered(asked)
    read, entered, after = powered(asked, folder=str(no_folder)).replies
    assert (read["credit_wh"], entered["result"]) in ((100, "UsedError"), (0, "Accept"))
    assert restarts == 0 or read["credit_wh"] == 100
    assert after["credit_wh"] == 100
    read, entered, _after = powered(asked).replies  # the files are back, and old
    assert (read["credit_wh"], entered["result"]) == (100, "UsedError")


def test_esp32_that_lost_nvs_goes_on_with_its_files(play, files):
    play(Bench("esp32_devkit"), bought)
    esp32.erase_all()
    read, entered, after = play(Bench("esp32_devkit"), asked).replies
    assert (read["credit_wh"], entered["result"]) in ((100, "UsedError"), (0, "Accept"))
    assert after["credit_wh"] == 100
