import unittest

from account import lockout
from account.carrier import ALL, LOCAL, MANUAL, REMOTE

_DAY_S = 86_400


class LockoutTest(unittest.TestCase):
    def test_waits_are_those_of_the_policy(self):
        doubled = [0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480]
        for by, longest in ((MANUAL, 1280), (LOCAL, 10_240), (REMOTE, 20_480)):
            waits = [lockout.wait_s(failures, by) for failures in range(15)]
            self.assertEqual(waits, [min(wait, longest) for wait in doubled])

    def test_wait_stays_the_longest(self):
        longest = [lockout.wait_s(lockout.FAILURES_MAX, by) for by in ALL]
        self.assertEqual(longest, [1280, 10_240, 20_480])

    def test_all_carriers_together_give_no_more_guesses_than_is_published(self):
        hundredths = [100 * _DAY_S // lockout.wait_s(lockout.FAILURES_MAX, by) for by in ALL]
        self.assertEqual(hundredths, [6750, 843, 421])
        self.assertTrue(sum(hundredths) <= 8020)
        first = [
            [lockout.wait_s(n, by) for n in range(256)].index(lockout.wait_s(255, by))
            for by in ALL
        ]
        self.assertEqual(first, [10, 13, 14])

    def test_one_more_counts_for_its_carrier_alone_and_stays_in_a_byte(self):
        self.assertEqual(lockout.counted((254, 255, 0), MANUAL), (255, 255, 0))
        self.assertEqual(lockout.counted((254, 255, 0), LOCAL), (254, 255, 0))
        self.assertEqual(lockout.counted((254, 255, 0), REMOTE), (254, 255, 1))

    def test_clearing_clears_one_carrier(self):
        self.assertEqual(lockout.cleared((1, 2, 3), LOCAL), (1, 0, 3))


if __name__ == "__main__":
    unittest.main()
