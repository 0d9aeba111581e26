import unittest

from supply.power import PowerMeter


class PowerTest(unittest.TestCase):
    def setUp(self):
        self.power = PowerMeter(0)

    def run_load(self, watts, seconds, start_ms=0, poll_ms=250):
        """Add the pulses of a steady load at 1000 imp/kWh; return (end, all that was read)."""
        given, seen = 0, []
        for ms in range(start_ms, start_ms + 1000 * seconds + 1, poll_ms):
            due = watts * (ms - start_ms) // 3_600_000
            self.power.add(due - given, ms, 1000)
            seen.append(self.power.measure(ms, 1000))
            given = due
        return start_ms + 1000 * seconds, seen

    def one_each(self, *seconds):
        """Add a pulse at each of `seconds`; return the power seen at that moment."""
        seen = []
        for second in seconds:
            self.power.add(1, 1000 * second, 1000)
            seen.append(self.power.measure(1000 * second, 1000))
        return seen

    def test_no_pulses_no_power(self):
        self.assertEqual(self.power.measure(60_000, 1000), 0)
        self.assertEqual(self.one_each(100), [0])
        self.assertEqual(self.power.measure(100_000_000, 1000), 0)

    def test_steady_load_reads_the_same_at_every_poll_within_what_polling_costs(self):
        for poll_ms, part in ((250, 7), (50, 30)):
            for watts in (100, 450, 2000, 3600, 7200, 14_400, 18_300):
                self.power = PowerMeter(0)
                _, seen = self.run_load(watts, 180, poll_ms=poll_ms)
                settled = seen[90_000 // poll_ms :]
                self.assertTrue(max(settled) - watts <= watts // part, (watts, max(settled)))
                self.assertTrue(watts - min(settled) <= watts // part, (watts, min(settled)))

    def test_power_after_a_pause_is_right_with_the_second_pulse(self):
        self.assertEqual(self.one_each(20, 21, 22), [0, 3600, 3600])
        self.assertEqual(self.one_each(42, 43, 44), [180, 3600, 3600])
        self.run_load(18_000, 10, 50_000)
        self.assertEqual(self.one_each(80, 81), [180, 3600])

    def test_each_of_few_pulses_after_many_tells_the_new_power(self):
        now_ms, _ = self.run_load(18_000, 10)
        second = now_ms // 1000
        self.assertEqual(self.one_each(second + 1, second + 2, second + 3), [3600] * 3)

    def test_a_change_of_the_load_is_seen_whole_within_four_seconds(self):
        for before, after in ((1800, 18_000), (18_000, 3600), (100, 14_400), (14_400, 7200)):
            self.power = PowerMeter(0)
            now_ms, _ = self.run_load(before, 90)
            _, seen = self.run_load(after, 5, now_ms)
            self.assertTrue(abs(seen[-1] - after) <= after // 7, (before, after, seen))

    def test_power_falls_when_pulses_stay_away(self):
        now_ms, _ = self.run_load(7200, 60)
        last = self.power.measure(now_ms, 1000)
        for after_ms in range(0, 130_000, 500):
            seen = self.power.measure(now_ms + after_ms, 1000)
            self.assertTrue(seen <= last)
            self.assertTrue(after_ms < 5000 or seen <= 3_600_000 // (after_ms - 250))
            last = seen
        self.assertEqual(last, 0)

    def test_a_load_of_few_watts_is_seen_though_its_pulses_are_rare(self):
        self.assertEqual(self.one_each(0, 360, 720), [0, 10, 10])
        self.assertEqual(self.power.measure(1_000_000, 1000), 10)
        self.assertEqual(self.power.measure(1_441_000, 1000), 0)

    def test_pulses_of_one_moment_count_together(self):
        for _ in range(5):
            self.power.add(1, 1000, 1000)
        self.assertEqual(self.power.measure(1000, 1000), 0)
        for _ in range(5):
            self.power.add(1, 2000, 1000)
        self.assertEqual(self.power.measure(2000, 1000), 18_000)

    def test_more_than_a_display_has_room_for_is_the_most_it_has(self):
        self.power.add(1, 4999, 1)
        self.power.add(1_000_000_000, 5000, 1)
        self.assertEqual(self.power.measure(5000, 1), 99_999_999)


if __name__ == "__main__":
    unittest.main()
