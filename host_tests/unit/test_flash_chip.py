import unittest

from flash_chip import PAGE, SECTOR, FlashChip, PowerCut, RamImage


class FlashChipTest(unittest.TestCase):
    def setUp(self):
        self.chip = FlashChip(RamImage(2 * SECTOR))

    def cut(self, operation, *arguments):
        try:
            operation(*arguments)
        except PowerCut:
            return True
        return False

    def test_new_chip_is_blank(self):
        self.assertEqual(self.chip.read(0, SECTOR), b"\xff" * SECTOR)

    def test_programming_only_clears_bits(self):
        self.chip.program(10, b"\xf0")
        self.chip.program(10, b"\x3c")
        self.assertEqual(self.chip.read(10, 1), b"\x30")

    def test_erase_sets_the_whole_sector_and_no_other(self):
        self.chip.program(0, b"a")
        self.chip.program(SECTOR, b"b")
        self.chip.erase(5)
        self.assertEqual(self.chip.read(0, 1), b"\xff")
        self.assertEqual(self.chip.read(SECTOR, 1), b"b")

    def test_programming_across_a_page_is_a_bug(self):
        with self.assertRaises(ValueError):
            self.chip.program(PAGE - 1, b"ab")

    def test_cut_comes_after_as_many_operations_as_armed(self):
        self.chip.arm_cut(2, False)
        self.assertFalse(self.cut(self.chip.program, 0, b"a"))
        self.assertFalse(self.cut(self.chip.program, 1, b"b"))
        self.assertTrue(self.cut(self.chip.program, 2, b"c"))
        self.assertEqual(self.chip.read(0, 3), b"ab\xff")
        self.assertFalse(self.cut(self.chip.program, 2, b"c"))

    def test_torn_program_does_a_part(self):
        self.chip.arm_cut(0, True)
        self.assertTrue(self.cut(self.chip.program, 0, bytes(8)))
        torn = self.chip.read(0, 8)
        self.assertEqual((torn[:4], torn[5:]), (bytes(4), b"\xff\xff\xff"))

    def test_torn_erase_does_a_part(self):
        self.chip.program(0, bytes(8))
        self.chip.program(SECTOR - 8, bytes(8))
        self.chip.arm_cut(0, True)
        self.assertTrue(self.cut(self.chip.erase, 0))
        self.assertEqual(self.chip.read(0, 8), b"\xff" * 8)
        self.assertEqual(self.chip.read(SECTOR - 8, 8), bytes(8))

    def test_wear_and_time_are_added_up(self):
        self.chip.erase(0)
        self.chip.erase(SECTOR)
        self.chip.erase(SECTOR + 5)
        self.chip.program(0, b"a")
        self.assertEqual((self.chip.erases, self.chip.busy_ms), ([1, 2], 3 * 45 + 1))

    def test_worn_sector_no_longer_comes_clean(self):
        self.chip.endurance = 1
        self.chip.erase(0)
        self.assertEqual(self.chip.read(0, 2), b"\xff\xff")
        self.chip.erase(0)
        self.assertEqual(self.chip.read(0, 2), b"\xfe\xfe")
        self.assertEqual(self.chip.read(SECTOR, 2), b"\xff\xff")


if __name__ == "__main__":
    unittest.main()
