import unittest

from sts import results


class ResultsTest(unittest.TestCase):
    def test_every_result_has_a_number(self):
        named = [value for name, value in results.__dict__.items() if name.isupper()]
        named.remove(results.CODES)
        named.remove(results.NAMES)
        self.assertEqual(sorted(named), sorted(results.NAMES))
        self.assertEqual(sorted(named), sorted(results.CODES))

    def test_numbers_are_those_that_a_status_register_shows(self):
        self.assertEqual(
            [results.CODES[name] for name in results.NAMES],
            [1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        )

    def test_places_are_those_that_older_records_hold(self):
        self.assertEqual(
            results.NAMES,
            (
                "Accept", "1stKCT", "2ndKCT", "3rdKCT", "4thKCT", "OverflowError", "KeyTypeError",
                "FormatError", "RangeError", "FunctionError", "OldError", "UsedError",
                "KeyExpiredError", "DDTKError", "CRCError", "MfrCodeError", "LockedOut",
            ),
        )  # fmt: skip


if __name__ == "__main__":
    unittest.main()
