import unittest

from sts import results


class ResultsTest(unittest.TestCase):
    def test_every_result_has_a_place(self):
        named = [value for name, value in results.__dict__.items() if name.isupper()]
        named.remove(results.NAMES)
        self.assertEqual(sorted(named), sorted(results.NAMES))

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
