import unittest

from flash_chip import PAGE, SECTOR, FlashChip, PowerCut, RamImage
from models import tears


class TearsTest(unittest.TestCase):
    def setUp(self):
        self.image = RamImage(2 * SECTOR)
        self.chip = FlashChip(self.image)

    def cut(self, tear, operation, *arguments):
        self.chip.arm_cut(0, tear)
        with self.assertRaises(PowerCut):
            operation(*arguments)

    def test_torn_program_clears_only_bits_that_it_was_to_clear(self):
        for tear in tears.WITHIN:
            self.cut(tear, self.chip.program, 0, b"\x5a" * PAGE)
            for cell in self.chip.read(0, PAGE):
                self.assertEqual(cell & 0x5A, 0x5A)
            self.chip.erase(0)

    def test_torn_erase_sets_bits_and_clears_none(self):
        for tear in tears.WITHIN:
            self.chip.erase(0)
            for page in range(0, SECTOR, PAGE):
                self.chip.program(page, b"\x5a" * PAGE)
            self.cut(tear, self.chip.erase, 0)
            for cell in self.chip.read(0, SECTOR):
                self.assertEqual(cell & 0x5A, 0x5A)

    def test_each_way_leaves_its_own_ruin(self):
        left = []
        for tear in tears.WITHIN:
            self.chip = FlashChip(RamImage(SECTOR))
            self.cut(tear, self.chip.program, 0, bytes(PAGE))
            left.append(self.chip.read(0, PAGE))
        self.assertEqual(len(set(left)), len(tears.WITHIN))

    def test_beside_it_clears_bits_in_the_pages_beside_it_in_the_sector(self):
        for offset, spoiled in ((PAGE, [0, 1, 2]), (SECTOR - PAGE, [14, 15]), (SECTOR, [16, 17])):
            self.image.write(0, b"\xff" * (2 * SECTOR))
            self.cut(tears.beside_it, self.chip.program, offset, bytes(PAGE))
            found = [
                page
                for page in range(2 * SECTOR // PAGE)
                if self.chip.read(page * PAGE, PAGE) != b"\xff" * PAGE
            ]
            self.assertEqual(found, spoiled)


if __name__ == "__main__":
    unittest.main()
