import unittest

from meter.supervisor import PERIOD_MS, Faulted, Supervisor


class CountingWatchdog:
    fed = 0

    def feed(self):
        self.fed += 1


class SupervisorTest(unittest.TestCase):
    def setUp(self):
        self.watchdog = CountingWatchdog()
        self.stops = []
        self.supervisor = Supervisor(
            self.watchdog,
            ("keypad", "metering"),
            0,
            lambda part, kind: self.stops.append((part, kind)),
        )
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

    def run_failing(self, error, part="program", **named):
        def fail():
            raise error

        self.supervisor.run(part, fail, **named)

    def test_what_a_part_raises_stops_the_meter_once(self):
        for error in (ZeroDivisionError(), MemoryError()):
            with self.assertRaises(Faulted):
                self.run_failing(error)
        self.assertEqual(self.stops, [("program", "ZeroDivisionError")])
        self.assertEqual(self.supervisor.fault, ("program", "ZeroDivisionError"))

    def test_the_part_that_was_asked_is_blamed(self):
        def job():
            self.assertEqual(self.supervisor.ask("clock", lambda: 7), 7)
            return self.supervisor.ask("tamper", int, "not a number")

        with self.assertRaises(Faulted):
            self.supervisor.run("metering", job)
        self.assertEqual(self.stops, [("tamper", "ValueError")])

    def test_a_medium_that_refuses_is_the_store(self):
        with self.assertRaises(Faulted):
            self.run_failing(OSError(5), "token")
        self.assertEqual(self.stops, [("store", "OSError")])

    def test_ordinary_exceptions_are_none_of_its_business(self):
        with self.assertRaises(ValueError):
            self.run_failing(ValueError(), ordinary=(ValueError,))
        self.assertEqual(self.supervisor.run("keypad", lambda: 7), 7)
        self.assertEqual(self.supervisor.fault, None)

    def test_a_fault_inside_a_job_is_not_blamed_on_the_job_around_it(self):
        with self.assertRaises(Faulted):
            self.supervisor.run("keypad", self.run_failing, ValueError(), "token")
        self.assertEqual(self.stops, [("token", "ValueError")])


if __name__ == "__main__":
    unittest.main()
