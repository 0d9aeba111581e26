import unittest

from meter import lockout


class LockoutTest(unittest.TestCase):
    def test_waits_are_those_of_the_policy(self):
        waits = [lockout.wait_s(failures) for failures in range(13)]
        self.assertEqual(waits, [0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280])

    def test_wait_stays_the_longest(self):
        self.assertEqual(lockout.wait_s(lockout.FAILURES_MAX), 1280)

    def test_count_stays_in_a_byte(self):
        self.assertEqual(lockout.counted(254), 255)
        self.assertEqual(lockout.counted(255), 255)


if __name__ == "__main__":
    unittest.main()
