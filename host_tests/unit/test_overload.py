import unittest

from supply.overload import DEFAULT, Overload, Policy

POLICY = Policy(trip_after_s=30, retry_s=(30, 60), lock_s=1800, forget_s=3600)


class OverloadTest(unittest.TestCase):
    def setUp(self):
        self.overload = Overload(POLICY)

    def blocked(self, seconds, watts=6000, limit_w=5000):
        return self.overload.blocks(1000 * seconds, watts, limit_w)

    def trip(self, seconds):
        self.assertFalse(self.blocked(seconds))
        self.assertTrue(self.blocked(seconds + 30))
        return seconds + 30

    def test_a_meter_waits_as_the_manual_says_before_it_closes_again(self):
        self.assertEqual(DEFAULT, Policy(30, (30, 60, 120, 300), 1800, 3600))

    def test_power_above_the_limit_trips_after_its_time(self):
        self.assertFalse(self.blocked(0))
        self.assertFalse(self.blocked(29))
        self.assertTrue(self.blocked(30))

    def test_power_at_the_limit_or_a_short_peak_does_not_trip(self):
        for seconds in range(0, 600, 20):
            self.assertFalse(self.blocked(seconds, watts=5000))
        self.assertFalse(self.blocked(600))
        self.assertFalse(self.blocked(620, watts=0))
        self.assertFalse(self.blocked(640))

    def test_no_limit_never_trips_and_frees_what_was_blocked(self):
        self.trip(0)
        self.assertFalse(self.blocked(40, limit_w=0))
        self.assertEqual(self.overload.trips, 0)

    def test_switch_is_tried_again_after_each_wait_then_locked(self):
        tripped = self.trip(0)
        self.assertTrue(self.blocked(tripped + 29, watts=0))
        tripped = self.trip(tripped + 30)
        self.assertTrue(self.blocked(tripped + 59, watts=0))
        self.assertFalse(self.overload.locked)
        tripped = self.trip(tripped + 60)
        self.assertTrue(self.overload.locked)
        self.assertTrue(self.blocked(tripped + 1799, watts=0))
        self.assertFalse(self.blocked(tripped + 1800, watts=0))
        self.assertEqual(self.overload.trips, 0)

    def test_an_hour_without_a_trip_forgets_the_earlier_ones(self):
        tripped = self.trip(0)
        self.assertFalse(self.blocked(tripped + 30, watts=0))
        self.assertFalse(self.blocked(tripped + 3599, watts=0))
        self.assertEqual(self.overload.trips, 1)
        self.assertFalse(self.blocked(tripped + 3600, watts=0))
        self.assertEqual(self.overload.trips, 0)


if __name__ == "__main__":
    unittest.main()
