"""What every RecordStore promises, asked of every RecordStore."""

import os
import unittest

import board
import chips
import esp32
from drivers.esp32_nvs_slots import NvsSlots
from drivers.rp2_flash import Rp2Flash
from flash_chip import SECTOR, FlashChip, RamImage
from store import slot_store
from store.file_slots import FileSlots
from store.nor_slots import NorSlots
from store.slot_store import SlotStore
from world import WORLD


def on_two_sectors():
    image = RamImage(2 * SECTOR)
    return lambda: SlotStore(NorSlots(FlashChip(image)))


def on_the_simulator():
    image = RamImage(board.FLASH_SIZE)
    return lambda: SlotStore(NorSlots(FlashChip(image)))


def on_rp2_flash():
    WORLD.start(chips.of("rp2_pico"))
    start = chips.of("rp2_pico").storage_bytes - 2 * SECTOR
    return lambda: SlotStore(NorSlots(Rp2Flash(start, 2)))


def on_files():
    path = "/tmp/meter20-slots"
    for slot in range(2):
        try:
            os.remove("%s-%s-%d/record" % (path, _process(), slot))
        except OSError:
            pass  # there was none
    return lambda: SlotStore(FileSlots("%s-%s-" % (path, _process())))


def on_nvs():
    esp32.erase_all()
    return lambda: SlotStore(NvsSlots("meter20"))


def _process():
    """Return what keeps tests that run at the same time apart."""
    return os.getpid() if hasattr(os, "getpid") else 0


class RecordStoreContract(unittest.TestCase):
    def each_store(self, check):
        for make in (on_two_sectors, on_the_simulator, on_rp2_flash, on_files, on_nvs):
            check(make())

    def test_blank_store_has_no_record(self):
        self.each_store(lambda boot: self.assertEqual(boot().load(), None))

    def test_last_of_many_commits_outlives_restarts(self):
        def check(boot):
            for n in range(200):
                boot().commit(b"record %d" % n)
                self.assertEqual(boot().load(), b"record %d" % n)

        self.each_store(check)

    def test_rest_changes_no_record(self):
        def check(boot):
            store = boot()
            store.prepare()
            self.assertEqual(store.load(), None)
            for n in range(100):
                store.commit(b"record %d" % n)
                for _ in range(n % 4):
                    store.prepare()
                self.assertEqual((store.load(), boot().load()), (b"record %d" % n,) * 2)

        self.each_store(check)

    def test_store_in_use_returns_what_it_committed(self):
        def check(boot):
            store = boot()
            store.commit(b"one")
            store.commit(b"two")
            self.assertEqual(store.load(), b"two")

        self.each_store(check)

    def test_long_record_is_refused_and_harms_nothing(self):
        def check(boot):
            store = boot()
            store.commit(b"good")
            with self.assertRaises(ValueError):
                store.commit(b"x" * 250)
            self.assertEqual(boot().load(), b"good")

        self.each_store(check)

    def test_write_that_was_cut_leaves_the_record_before_it(self):
        def check(boot):
            boot().commit(b"good")
            store = boot()
            medium = store._medium
            if medium.whole:
                return  # it leaves no half write
            medium.write(store._next_slot(), slot_store._encoded(2, 1, b"half"))  # and no mark
            self.assertEqual(boot().load(), b"good")

        self.each_store(check)


class Rp2FlashTest(unittest.TestCase):
    def setUp(self):
        WORLD.start(chips.of("rp2_pico2"))
        self.flash = Rp2Flash(SECTOR, 3)

    def test_programming_a_part_of_a_page_leaves_the_rest(self):
        self.flash.program(SECTOR + 250, b"abcdef")
        self.flash.program(SECTOR + 5, b"xyz")
        self.assertEqual(self.flash.read(SECTOR + 4, 5), b"\xffxyz\xff")
        self.assertEqual(self.flash.read(SECTOR + 249, 8), b"\xffabcdef\xff")

    def test_programming_clears_bits_and_erasing_sets_those_of_one_sector(self):
        for sector in range(3):
            self.flash.program(sector * SECTOR, b"\x0f")
        self.flash.program(SECTOR, b"\xf1")
        self.assertEqual(self.flash.read(SECTOR, 1), b"\x01")
        self.flash.erase(SECTOR)
        self.assertEqual(
            [self.flash.read(sector * SECTOR, 1) for sector in range(3)],
            [b"\x0f", b"\xff", b"\x0f"],
        )

    def test_programming_across_a_page_is_refused(self):
        with self.assertRaises(ValueError):
            self.flash.program(250, b"1234567")

    def test_region_outside_the_storage_is_refused(self):
        with self.assertRaises(ValueError):
            Rp2Flash(chips.of("rp2_pico2").storage_bytes - SECTOR, 2)


if __name__ == "__main__":
    unittest.main()
