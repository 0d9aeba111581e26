"""The emulated non-volatile store of an ESP32: values, wear, and what power finds."""

import unittest

import esp32
from drivers.esp32_nvs_slots import NvsSlots
from flash_chip import SECTOR, FlashChip, RamImage
from nvs_flash import NO_FREE_PAGES, NvsFlash

_RECORD = 240  # bytes, as long as that of the state


class NvsFlashTest(unittest.TestCase):
    def setUp(self):
        self.image = RamImage(6 * SECTOR)
        self.chip = FlashChip(self.image)
        self.store = NvsFlash(self.chip)
        self.credit = self.store.namespace("credit")

    def restarted(self):
        return NvsFlash(FlashChip(self.image))

    def spoil(self, at, bit=0):
        self.image.write(at, bytes([self.image.read(at, 1)[0] ^ 1 << bit]))

    def test_values_outlive_restarts_through_many_pages(self):
        notes = self.store.namespace("notes")
        self.store.set(notes, "seldom", b"stays")
        for n in range(200):
            self.store.set(self.credit, "slot%d" % (n % 2), bytes([n]) * _RECORD)
            if n % 7 == 0:
                self.store = self.restarted()
            self.assertEqual(self.store.get(self.credit, "slot%d" % (n % 2)), bytes([n]) * _RECORD)
        self.assertEqual(self.store.get(notes, "seldom"), b"stays")
        self.assertEqual(self.store.get(notes, "slot0"), None)

    def test_namespaces_are_found_again(self):
        notes = self.store.namespace("notes")
        again = self.restarted()
        self.assertEqual(
            (again.namespace("notes"), again.namespace("credit")), (notes, self.credit)
        )
        self.assertEqual(again.namespace("third"), 3)

    def test_twelve_records_cost_an_erase_and_five_sectors_wear_alike(self):
        """The sixth keeps the name of the namespace, which nothing ever replaces."""
        for n in range(1200):
            self.store.set(self.credit, "slot%d" % (n % 2), bytes([n & 0xFF]) * _RECORD)
        self.assertTrue(94 <= sum(self.chip.erases) <= 100)
        erases = sorted(self.chip.erases)
        self.assertEqual(erases[0], 0)
        self.assertTrue(erases[5] - erases[1] <= 1)

    def test_value_that_is_there_already_costs_nothing(self):
        self.store.set(self.credit, "slot0", b"same")
        before = self.chip.operations
        self.store.set(self.credit, "slot0", b"same")
        self.assertEqual(self.chip.operations, before)

    def test_long_value_lies_on_two_pages(self):
        for value in (b"long" * 1500, b"other" * 1200):
            self.store.set(self.credit, "slot0", value)
            self.assertEqual(self.restarted().get(self.credit, "slot0"), value)

    def test_spoiled_value_is_gone_and_the_others_stand(self):
        self.store.set(self.credit, "slot0", bytes(_RECORD))
        self.store.set(self.credit, "slot1", bytes(_RECORD))
        self.spoil(64 + 2 * 32)  # behind the namespace and the entry that leads the value
        again = self.restarted()
        self.assertEqual(again.get(self.credit, "slot0"), None)
        self.assertEqual(again.get(self.credit, "slot1"), bytes(_RECORD))

    def test_spoiled_header_takes_the_whole_page(self):
        self.store.set(self.credit, "slot0", bytes(_RECORD))
        self.spoil(5)
        again = self.restarted()
        self.assertEqual(again.get(again.namespace("credit"), "slot0"), None)

    def test_store_without_a_free_page_does_not_start_and_micropython_erases_it(self):
        for n in range(70):
            self.store.set(self.credit, "slot%d" % (n % 2), bytes([n]) * _RECORD)
        free = [page for page in range(6) if self.image.read(page * SECTOR, 4) == b"\xff" * 4]
        other = (free[0] + 1) % 6 * SECTOR
        self.image.write(free[0] * SECTOR, self.image.read(other, SECTOR))
        with self.assertRaises(OSError) as raised:
            self.restarted()
        self.assertEqual(raised.exception.args[0], NO_FREE_PAGES)
        chip = FlashChip(self.image)
        esp32.start(chip)
        self.assertEqual(chip.erases, [1] * 6)
        self.assertEqual(NvsSlots("credit").read(0), b"")

    def test_refused_write_is_the_last_until_power_comes_again(self):
        self.store.set(self.credit, "slot0", b"good")

        def refuse(*_arguments):
            raise OSError(5)

        kept, self.chip.program = self.chip.program, refuse
        with self.assertRaises(OSError):
            self.store.set(self.credit, "slot1", b"never")
        self.chip.program = kept
        with self.assertRaises(OSError):
            self.store.set(self.credit, "slot1", b"never")
        self.assertEqual(self.restarted().get(self.credit, "slot0"), b"good")

    def test_what_is_set_and_not_committed_is_lost_with_the_power(self):
        esp32.start(FlashChip(self.image))
        esp32.NVS("credit").set_blob("slot0", b"set")
        esp32.start(FlashChip(self.image))
        self.assertEqual(NvsSlots("credit").read(0), b"")

    def test_a_chip_without_power_keeps_no_store_that_failed(self):
        esp32.start(self.chip)

        def refuse(*_arguments):
            raise OSError(5)

        slots = NvsSlots("credit")
        self.chip.program = refuse
        with self.assertRaises(OSError):
            slots.write(0, b"never")
        esp32.stop()
        slots = NvsSlots("credit")
        slots.write(0, b"another chip")
        self.assertEqual(slots.read(0), b"another chip")


if __name__ == "__main__":
    unittest.main()
