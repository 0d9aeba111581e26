import unittest

from sts import results


class ResultsTest(unittest.TestCase):
    def test_every_result_has_a_number(self):
        named = [value for name, value in results.__dict__.items() if name.isupper()]
        named.remove(results.CODES)
        named.remove(results.NAMES)
        self.assertEqual(sorted(named), sorted(results.NAMES))
        self.assertEqual(sorted(named), sorted(results.CODES))

    def test_accept_is_one(self):
        self.assertEqual(results.CODES[results.ACCEPT], 1)


if __name__ == "__main__":
    unittest.main()
