import unittest

from meter.power import PowerMeter


class PowerTest(unittest.TestCase):
    def setUp(self):
        self.power = PowerMeter(0)

    def run_load(self, watts, seconds, start_ms=0):
        """Add the pulses of a steady load at 1000 imp/kWh, each quarter of a second."""
        given = 0
        for ms in range(start_ms, start_ms + 1000 * seconds, 250):
            due = watts * (ms - start_ms) // 3_600_000
            self.power.add(due - given, ms, 1000)
            given = due
        return start_ms + 1000 * seconds

    def test_no_pulses_no_power(self):
        self.assertEqual(self.power.watts(60_000, 1000), 0)

    def test_steady_load_is_seen_within_a_few_percent(self):
        for watts in (2000, 7200, 18_000):
            self.power = PowerMeter(0)
            now_ms = self.run_load(watts, 60)
            self.assertTrue(abs(self.power.watts(now_ms, 1000) - watts) <= watts // 5)

    def test_power_falls_when_pulses_stay_away(self):
        now_ms = self.run_load(7200, 60)
        self.assertTrue(self.power.watts(now_ms + 10_000, 1000) < 3600)
        self.assertEqual(self.power.watts(now_ms + 130_000, 1000), 0)

    def test_more_than_a_display_has_room_for_is_the_most_it_has(self):
        self.power.add(1_000_000_000, 5000, 1)
        self.assertEqual(self.power.watts(5000, 1), 99_999_999)


if __name__ == "__main__":
    unittest.main()
