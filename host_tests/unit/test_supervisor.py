import unittest

from meter.supervisor import PERIOD_MS, Faulted, Supervisor, Watch


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

    def fail(self, error, part="program", at=None, ordinary=()):
        """Raise `error` while `part` is at work, in the port `at`."""
        with Watch(self.supervisor, part, ordinary):
            if at is not None:
                self.supervisor.at = at
            raise error

    def test_what_a_part_raises_stops_the_meter_once(self):
        for error in (ZeroDivisionError(), MemoryError()):
            with self.assertRaises(Faulted):
                self.fail(error)
        self.assertEqual(self.stops, [("program", "ZeroDivisionError")])
        self.assertEqual(self.supervisor.fault, ("program", "ZeroDivisionError"))

    def test_the_port_at_work_is_blamed(self):
        with self.assertRaises(Faulted):
            self.fail(ValueError(), "metering", at="tamper")
        self.assertEqual(self.stops, [("tamper", "ValueError")])

    def test_a_medium_that_refuses_is_the_store(self):
        with self.assertRaises(Faulted):
            self.fail(OSError(5), "token")
        self.assertEqual(self.stops, [("store", "OSError")])

    def test_ordinary_exceptions_are_none_of_its_business(self):
        with self.assertRaises(ValueError):
            self.fail(ValueError(), ordinary=(ValueError,))
        self.assertEqual(self.supervisor.fault, None)

    def test_who_was_at_work_before_is_at_work_again(self):
        with Watch(self.supervisor, "keypad"):
            with Watch(self.supervisor, "token"):
                self.assertEqual(self.supervisor.at, "token")
            self.assertEqual(self.supervisor.at, "keypad")
        with self.assertRaises(ValueError):
            self.fail(ValueError(), at="clock", ordinary=(ValueError,))
        self.assertEqual(self.supervisor.at, "start")

    def test_a_fault_inside_a_job_is_not_blamed_on_the_job_around_it(self):
        with self.assertRaises(Faulted), Watch(self.supervisor, "keypad"):
            self.fail(ValueError(), "token")
        self.assertEqual(self.stops, [("token", "ValueError")])

    def test_what_stops_the_program_itself_passes(self):
        with self.assertRaises(KeyboardInterrupt):
            self.fail(KeyboardInterrupt())
        self.assertEqual(self.supervisor.fault, None)


if __name__ == "__main__":
    unittest.main()
