import unittest

from sts import amount


class AmountTest(unittest.TestCase):
    def test_edges_of_every_exponent(self):
        for field, value in (
            (0x0000, 0),
            (0x0001, 1),
            (0x3FFF, 16383),
            (0x4000, 16384),
            (0x4001, 16394),
            (0x7FFF, 180214),
            (0x8000, 180224),
            (0x8001, 180324),
            (0xBFFF, 1818524),
            (0xC000, 1818624),
            (0xC001, 1819624),
            (0xFFFF, 18201624),
        ):
            self.assertEqual(amount.from_field(field), value)

    def test_a_larger_field_is_a_larger_amount(self):
        last = -1
        for field in range(0, 0x10000, 7):
            self.assertTrue(amount.from_field(field) > last)
            last = amount.from_field(field)

    def test_one_currency_unit_rounds_up_to_the_next_that_can_be_written(self):
        self.assertEqual(amount.from_currency_field(0x060AA), 100004)

    def test_a_debit_of_one_unit_rounds_up_towards_zero(self):
        self.assertEqual(amount.from_currency_field(0x860A9), -99994)

    def test_exponent_continues_into_the_sign_and_exponent_nibble(self):
        offset = 16384 * 1111  # four exponents lie below
        self.assertEqual(amount.from_currency_field(4 << 14), offset)
        self.assertEqual(amount.from_currency_field(4 << 14 | 1), offset + 10000)

    def test_zero_has_two_signs_and_one_value(self):
        self.assertEqual(amount.from_currency_field(0), 0)
        self.assertEqual(amount.from_currency_field(0x80000), 0)

    def test_largest_exponent_is_exact(self):
        # (10**31 - 1) / 9 is thirty-one ones
        expected = 16383 * 10**31 + 16384 * int("1" * 31)
        self.assertEqual(amount.from_currency_field(0x7FFFF), expected)


if __name__ == "__main__":
    unittest.main()
