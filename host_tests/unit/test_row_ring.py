"""Rows in a ring of sectors: none lost but the oldest, none made up, whenever the power goes."""

import os
import unittest

from flash_chip import SECTOR, FlashChip, PowerCut, RamImage
from store.row_ring import FileRows, NorRows, RowRing

_SIZE = 8


def row(number):
    return number.to_bytes(_SIZE, "big")


class Case(unittest.TestCase):
    def setUp(self):
        self.image = RamImage(3 * SECTOR)
        self.chip = FlashChip(self.image)

    def ring(self):
        """The ring as it is found when power comes."""
        return RowRing(NorRows(self.chip), _SIZE)

    def rows(self, ring):
        return [int.from_bytes(ring.row(place), "big") for place in range(ring.count())]


class RowRingTest(Case):
    def test_rows_stay_in_order_over_a_restart(self):
        ring = self.ring()
        self.assertEqual(ring.count(), 0)
        for number in range(70):
            ring.append(row(number))
        self.assertEqual(self.rows(ring), list(range(70)))
        self.assertEqual(self.rows(self.ring()), list(range(70)))
        self.assertRaises(IndexError, ring.row, 70)

    def test_capacity_is_kept_and_the_oldest_go(self):
        ring = self.ring()
        self.assertEqual(ring.capacity, 2 * 399)
        for number in range(5 * ring.capacity + 3):
            ring.append(row(number))
        expected = list(range(4 * ring.capacity + 3, 5 * ring.capacity + 3))
        self.assertEqual(self.rows(ring), expected)
        self.assertEqual(self.rows(self.ring()), expected)
        self.assertTrue(max(self.chip.erases) - min(self.chip.erases) <= 1)

    def test_cleared_ring_is_empty_and_takes_rows_again(self):
        ring = self.ring()
        for number in range(500):
            ring.append(row(number))
        ring.clear()
        self.assertEqual((ring.count(), self.ring().count()), (0, 0))
        ring.append(row(7))
        self.assertEqual(self.rows(self.ring()), [7])

    def test_worn_place_is_refused_and_passed_over(self):
        ring = self.ring()
        ring.append(row(1))
        self.image.write(20, b"\x00" * 4)  # where the next row will lie
        self.assertRaises(OSError, ring.append, row(1 << 60))
        ring.append(row(3))
        self.assertEqual(self.rows(ring), [1, 3])
        self.assertEqual(self.rows(self.ring()), [1, 3])

    def test_row_of_ones_throughout_is_no_empty_place(self):
        numbers = [(1 << 64) - 1, 5, ((1 << 32) - 1) << 32]
        for number in numbers:
            self.ring().append(row(number))
        self.assertEqual(self.rows(self.ring()), numbers)

    def test_row_of_another_size_is_a_mistake(self):
        self.assertRaises(ValueError, self.ring().append, b"short")


class PowerCutTest(Case):
    def test_cut_at_any_operation_loses_no_row_and_makes_none_up(self):
        for torn in (False, True):
            for first in (0, 395, 397, 398, 399, 1195):
                self.setUp()
                ring = self.ring()
                for number in range(first):
                    ring.append(row(number))
                safe, number = first, first
                for after in (0, 1, 2, 0, 1, 0, 0, 3):
                    self.chip.arm_cut(after, torn)
                    try:
                        for _ in range(4):
                            ring.append(row(number))
                            number += 1
                            safe = number
                    except PowerCut:
                        pass
                    self.chip.disarm()
                    ring = self.ring()
                    found = self.rows(ring)
                    last = found[-1] + 1 if found else 0
                    self.assertTrue(last in (safe, safe + 1))
                    self.assertEqual(found, list(range(last - len(found), last)))
                    self.assertTrue(len(found) >= min(last, 2 * 399 - 8))
                    number = safe = last


class FileRowsTest(unittest.TestCase):
    PATH = "row_ring_test"

    def tearDown(self):
        for number in range(3):
            try:
                os.remove("%s.%d" % (self.PATH, number))
            except OSError:
                pass

    def test_files_keep_rows_like_flash(self):
        ring = RowRing(FileRows(self.PATH, 3), _SIZE)
        for number in range(1300):
            ring.append(row(number))
        again = RowRing(FileRows(self.PATH, 3), _SIZE)
        self.assertEqual(again.count(), 798)
        self.assertEqual([again.row(0), again.row(797)], [row(502), row(1299)])


if __name__ == "__main__":
    unittest.main()
