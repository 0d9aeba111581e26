import unittest

from sts import digits

LARGEST = "73786976294838206463"


class DigitsTest(unittest.TestCase):
    def test_digits_become_a_number_and_back(self):
        token = digits.parse("59386323472137426967")
        self.assertEqual(token, 59386323472137426967)
        self.assertEqual(digits.text(token), "59386323472137426967")

    def test_leading_zeros_are_kept(self):
        self.assertEqual(digits.parse("00000000000150997584"), 150997584)
        self.assertEqual(digits.text(150997584), "00000000000150997584")
        self.assertEqual(digits.text(0), "0" * 20)

    def test_largest_token_is_66_ones(self):
        self.assertEqual(digits.parse(LARGEST), (1 << 66) - 1)
        self.assertEqual(digits.text((1 << 66) - 1), LARGEST)

    def test_twenty_digits_beyond_66_bits_are_no_token(self):
        self.assertIsNone(digits.parse("73786976294838206464"))
        self.assertIsNone(digits.parse("9" * 20))

    def test_other_lengths_are_no_token(self):
        for length in (0, 1, 19, 21, 40):
            self.assertIsNone(digits.parse("1" * length))

    def test_signs_spaces_and_foreign_digits_are_no_token(self):
        for first in ("+", "-", " ", "_", "a", "/", ":", "\u0663", "\u00b2", "\n"):
            self.assertIsNone(digits.parse(first + "1" * 19))
            self.assertIsNone(digits.parse("1" * 19 + first))

    def test_spaces_and_dashes_are_cleaned_away(self):
        self.assertEqual(digits.clean(" 5938 6323-4721 3742-6967 "), "59386323472137426967")

    def test_digits_are_grouped_in_fours(self):
        self.assertEqual(digits.grouped("12345678901234567890"), "1234 5678 9012 3456 7890")
        self.assertEqual(digits.grouped("123456"), "1234 56")
        self.assertEqual(digits.grouped(""), "")

    def test_class_bits_change_places_with_bits_28_and_27(self):
        # worked example: the cipher block's bits 28..27 are 11, the class is 0
        class_, block = digits.split(59386323472137426967)
        self.assertEqual(class_, 0)
        self.assertEqual(block, bytes((0x38, 0x26, 0x9A, 0x8E, 0x59, 0x31, 0x98, 0x17)))
        self.assertEqual(digits.join(0, block), 59386323472137426967)

    def test_split_and_join_undo_each_other_for_every_class_and_pair_of_bits(self):
        for class_ in range(4):
            for pair in range(4):
                block = bytes((0x81, 2, 3, 4, pair << 3, 6, 7, 0x18))
                token = digits.join(class_, block)
                self.assertEqual(token >> 64, pair)
                self.assertEqual(token >> 27 & 3, class_)
                self.assertEqual(digits.split(token), (class_, block))


if __name__ == "__main__":
    unittest.main()
