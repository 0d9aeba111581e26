import unittest

from meter.rounds import Rounds
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
            0,
            lambda part, kind: self.stops.append((part, kind)),
        )

    def test_watchdog_is_fed_at_the_end_of_a_round_once_a_period(self):
        for now_ms, fed in ((0, 1), (PERIOD_MS - 1, 1), (PERIOD_MS, 2), (2 * PERIOD_MS + 7, 3)):
            self.supervisor.round_ended(now_ms)
            self.assertEqual(self.watchdog.fed, fed)

    def test_next_food_is_a_period_away(self):
        self.assertEqual(self.supervisor.round_ended(0), PERIOD_MS)
        self.assertEqual(self.supervisor.round_ended(500), PERIOD_MS - 500)

    def test_a_part_that_never_comes_back_starves_the_watchdog(self):
        class Hang(BaseException):
            pass

        class Part:
            name = "keypad"

            def step(self, _turn):
                raise Hang

        class Turn:
            news, now_ms = True, 0

        rounds = Rounds(self.supervisor, 0)
        rounds.add(Part(), 0)
        with self.assertRaises(Hang):
            rounds.step(Turn())
        self.assertEqual((self.watchdog.fed, self.supervisor.at), (0, "keypad"))

    def raised(self, error, part="program", at=None, ordinary=()):
        """Raise `error` while `part` is at work, in the port `at`."""
        with Watch(self.supervisor, part, ordinary):
            if at is not None:
                self.supervisor.at = at
            raise error

    def test_what_a_part_raises_stops_the_meter_once(self):
        for error in (ZeroDivisionError(), MemoryError()):
            with self.assertRaises(Faulted):
                self.raised(error)
        self.assertEqual(self.stops, [("program", "ZeroDivisionError")])
        self.assertEqual(self.supervisor.fault, ("program", "ZeroDivisionError"))

    def test_the_port_at_work_is_blamed(self):
        with self.assertRaises(Faulted):
            self.raised(ValueError(), "metering", at="tamper")
        self.assertEqual(self.stops, [("tamper", "ValueError")])

    def test_a_medium_that_refuses_is_the_store(self):
        with self.assertRaises(Faulted):
            self.raised(OSError(5), "token")
        self.assertEqual(self.stops, [("store", "OSError")])

    def test_ordinary_exceptions_are_none_of_its_business(self):
        with self.assertRaises(ValueError):
            self.raised(ValueError(), ordinary=(ValueError,))
        self.assertEqual(self.supervisor.fault, None)

    def test_who_was_at_work_before_is_at_work_again(self):
        with Watch(self.supervisor, "keypad"):
            with Watch(self.supervisor, "token"):
                self.assertEqual(self.supervisor.at, "token")
            self.assertEqual(self.supervisor.at, "keypad")
        with self.assertRaises(ValueError):
            self.raised(ValueError(), at="clock", ordinary=(ValueError,))
        self.assertEqual(self.supervisor.at, "start")

    def test_a_fault_inside_a_job_is_not_blamed_on_the_job_around_it(self):
        with self.assertRaises(Faulted), Watch(self.supervisor, "keypad"):
            self.raised(ValueError(), "token")
        self.assertEqual(self.stops, [("token", "ValueError")])

    def test_what_stops_the_program_itself_passes(self):
        with self.assertRaises(KeyboardInterrupt):
            self.raised(KeyboardInterrupt())
        self.assertEqual(self.supervisor.fault, None)


if __name__ == "__main__":
    unittest.main()
