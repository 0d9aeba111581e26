import unittest

from sts import drn


class DrnTest(unittest.TestCase):
    def test_check_digits_of_the_compliance_suite(self):
        for payload, digit in (
            ("1234567890", "3"),
            ("1111111111", "5"),
            ("0000000000", "0"),
            ("010000000000", "8"),
            ("60072712345678903", "0"),
        ):
            self.assertEqual(drn.check_digit(payload), digit)

    def test_drn_with_its_check_digit_is_a_drn(self):
        for number in ("12345678903", "11111111115", "00000000000", "0100000000008"):
            self.assertTrue(drn.drn_ok(number))

    def test_every_single_mistyped_digit_is_noticed(self):
        number = "12345678903"
        for at in range(len(number)):
            for digit in "0123456789":
                mistyped = number[:at] + digit + number[at + 1 :]
                self.assertEqual(drn.drn_ok(mistyped), mistyped == number)

    def test_what_is_no_number_of_11_or_13_digits_is_no_drn(self):
        for number in ("", "0", "0000000000", "000000000000", "1234567890x", "1234567890\u0663"):
            self.assertFalse(drn.drn_ok(number))

    def test_pan_of_a_short_and_a_long_drn(self):
        self.assertEqual(drn.pan("600727", "12345678903"), "600727123456789030")
        self.assertEqual(drn.pan("600727", "11111111115"), "600727111111111153")
        self.assertEqual(drn.pan("600727", "00000000000"), "600727000000000009")
        self.assertEqual(drn.pan("0000", "0100000000008"), "000001000000000082")

    def test_pan_refuses_what_does_not_belong_together(self):
        for iin, number in (
            ("600727", "0100000000008"),
            ("0000", "12345678903"),
            ("123456", "12345678903"),
            ("600727", "12345678904"),
        ):
            with self.assertRaises(ValueError):
                drn.pan(iin, number)

    def test_pan_is_split_into_what_it_was_made_of(self):
        self.assertEqual(drn.split_pan("600727123456789030"), ("600727", "12345678903"))
        self.assertEqual(drn.split_pan("000001000000000082"), ("0000", "0100000000008"))

    def test_pan_with_any_wrong_part_is_refused(self):
        for pan in (
            "600727123456789031",  # its own check digit
            "600727123456789048",  # right, but around a DRN whose check digit is wrong
            "500727123456789030",  # no IIN that is known
            "60072712345678903",
            "6007271234567890300",
            "60072712345678903x",
            "",
        ):
            self.assertFalse(drn.pan_ok(pan))
            with self.assertRaises(ValueError):
                drn.split_pan(pan)


if __name__ == "__main__":
    unittest.main()
