import unittest

from account import requested_tests
from sts import digits, kinds, results
from sts.decoder import Token, decode

# Tests 1 to 18 of the compliance suite but 12 and 13, with a 2-digit manufacturer code of 00.
SUITE = {
    1: "00000000000150997584",
    2: "00000000000167774880",
    3: "00000000000201328896",
    4: "18446744073843772416",
    5: "36893488147553322496",
    6: "00000000000671093248",
    7: "00000000001207974400",
    8: "00000000002281728512",
    9: "00000000004429208064",
    10: "00000000008724195840",
    14: "00000000137573173770",
    15: "00000000275012127252",
    16: "00000000549890034216",
    17: "00000001099645848124",
    18: "00000002199157475960",
}


def requested(entered, drn=""):
    return requested_tests.requested(decode(digits.parse(entered), None, "11"), drn, 1)


def token(mfr, kind=kinds.TEST_2DIGIT, control=1):
    return Token(1, 0, kind, {"control": control, "mfr": mfr}, True)


class MeterTestTest(unittest.TestCase):
    def test_each_suite_token_asks_for_its_test(self):
        for number, entered in SUITE.items():
            self.assertEqual(requested(entered), (results.ACCEPT, kinds.TEST_2DIGIT, (number,)))

    def test_test_0_asks_for_all(self):
        for entered in ("56493153725450313471", "02305843005052951967"):
            self.assertEqual(requested(entered)[2], requested_tests.supported(1))

    def test_four_digit_code_is_read_too(self):
        result, kind, tests = requested("01152921509036054672")
        self.assertEqual((result, kind, tests), (results.ACCEPT, kinds.TEST_4DIGIT, (1,)))

    def test_phase_unbalance_is_no_function_of_a_single_phase_meter(self):
        self.assertEqual(requested("00000000017314105857")[0], results.FUNCTION)

    def test_mistyped_digit_is_a_crc_error(self):
        self.assertEqual(requested("00000000000150997585")[0], results.CRC)

    def test_other_manufacturers_token_is_refused_and_ones_own_taken(self):
        own, other = "12345678903", "99345678903"
        self.assertEqual(requested_tests.requested(token(12), own, 1)[0], results.ACCEPT)
        self.assertEqual(requested_tests.requested(token(12), other, 1)[0], results.MFR_CODE)
        self.assertEqual(requested_tests.requested(token(12), "", 1)[0], results.MFR_CODE)
        four = token(100, kinds.TEST_4DIGIT)
        self.assertEqual(requested_tests.requested(four, "0100000000008", 1)[0], results.ACCEPT)
        self.assertEqual(requested_tests.requested(four, own, 1)[0], results.MFR_CODE)

    def test_several_bits_ask_for_several_tests_in_order(self):
        self.assertEqual(requested_tests.requested(token(0, control=0b10101), "", 1)[2], (1, 3, 5))

    def test_only_the_flag_that_is_named_reads_the_flags(self):
        asked = token(0, kinds.READ_EXTENDED, 0xFC0000000)
        self.assertEqual(requested_tests.requested(asked, "", 1)[2], (requested_tests.FLAGS,))
        for control in (0xFC0000001, 0xFBFFFFFFF, 0, 1):
            other = token(0, kinds.READ_EXTENDED, control)
            self.assertEqual(requested_tests.requested(other, "", 1)[0], results.FUNCTION)

    def test_a_refusal_names_the_kind_if_it_is_known_and_asks_for_no_test(self):
        wrong = Token(1, 0, kinds.TEST_2DIGIT, {}, False)
        self.assertEqual(requested_tests.requested(wrong, "", 1), (results.CRC, "", ()))
        unknown = Token(1, 3, None, {}, True)
        self.assertEqual(requested_tests.requested(unknown, "", 1), (results.FUNCTION, "", ()))
        other = requested_tests.requested(token(12), "", 1)
        self.assertEqual(other, (results.MFR_CODE, kinds.TEST_2DIGIT, ()))

    def test_numbers_of_the_tests_are_those_of_the_standard(self):
        self.assertEqual(
            (
                requested_tests.LOAD_SWITCH, requested_tests.DISPLAY, requested_tests.TOTAL,
                requested_tests.KRN, requested_tests.TI, requested_tests.KEYPAD,
                requested_tests.POWER_LIMIT, requested_tests.TAMPER, requested_tests.POWER,
                requested_tests.VERSION, requested_tests.PHASE_UNBALANCE,
                requested_tests.TARIFF_RATE, requested_tests.EA, requested_tests.KCT_COUNT,
                requested_tests.SGC, requested_tests.KEN, requested_tests.DRN,
            ),
            (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18),
        )  # fmt: skip
        self.assertEqual(requested_tests.FLAGS, 0)
        self.assertEqual(requested_tests.supported(3), tuple(sorted(requested_tests.SUPPORTED)))
        self.assertEqual(len(requested_tests.supported(1)), len(requested_tests.SUPPORTED) - 1)

    def test_no_bit_or_only_unknown_ones_is_a_function_error(self):
        for control in (0, 1 << 30):
            asked = requested_tests.requested(token(0, control=control), "", 1)
            self.assertEqual(asked[0], results.FUNCTION)


if __name__ == "__main__":
    unittest.main()
