import unittest

from meter.supervisor import PERIOD_MS, Supervisor


class CountingWatchdog:
    fed = 0

    def feed(self):
        self.fed += 1


class SupervisorTest(unittest.TestCase):
    def setUp(self):
        self.watchdog = CountingWatchdog()
        self.supervisor = Supervisor(self.watchdog, ("keypad", "metering"), 0)
        self.supervisor.step(0)
        self.watchdog.fed = 0

    def period(self, number, *alive):
        for name in alive:
            self.supervisor.report(name)
        return self.supervisor.step(number * PERIOD_MS)

    def test_watchdog_is_fed_when_all_parts_reported(self):
        self.period(1, "keypad", "metering")
        self.assertEqual(self.watchdog.fed, 1)

    def test_one_silent_part_starves_the_watchdog(self):
        self.period(1, "keypad")
        self.assertEqual(self.watchdog.fed, 0)

    def test_a_report_counts_for_one_period_only(self):
        self.period(1, "keypad", "metering")
        self.period(2, "keypad")
        self.assertEqual(self.watchdog.fed, 1)

    def test_next_check_is_a_period_away(self):
        self.assertEqual(self.period(1, "keypad", "metering"), PERIOD_MS)
        self.assertEqual(self.supervisor.step(PERIOD_MS + 500), PERIOD_MS - 500)

    def test_unknown_part_is_a_bug(self):
        self.supervisor.report("keypad")
        self.assertEqual(sorted(self.supervisor._reported), ["keypad", "metering"])


if __name__ == "__main__":
    unittest.main()
