"""What every RecordStore promises, asked of every RecordStore."""

import unittest

import board
from drivers.nor_slots import NorSlots
from flash_chip import SECTOR, FlashChip, RamImage
from meter.slot_store import SlotStore


def on_two_sectors():
    image = RamImage(2 * SECTOR)
    return lambda: SlotStore(NorSlots(FlashChip(image)))


def on_the_simulator():
    image = RamImage(board.FLASH_SIZE)
    return lambda: SlotStore(NorSlots(FlashChip(image)))


class RecordStoreContract(unittest.TestCase):
    def each_store(self, check):
        for make in (on_two_sectors, on_the_simulator):
            check(make())

    def test_blank_store_has_no_record(self):
        self.each_store(lambda boot: self.assertEqual(boot().load(), None))

    def test_last_of_many_commits_outlives_restarts(self):
        def check(boot):
            for n in range(200):
                boot().commit(b"record %d" % n)
                self.assertEqual(boot().load(), b"record %d" % n)

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


if __name__ == "__main__":
    unittest.main()
