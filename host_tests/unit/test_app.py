"""What the application says of now, and what it does first, last and on time."""

import unittest

import board
from account import state as meter_state
from account.register import Register
from data import meters
from flash_chip import FlashChip, RamImage
from meter.app import App
from parts import Clock, SimLoadSwitch, SimPulses, SimTamper, SimWatchdog
from ports import NAMES, Ports
from supply import decision

HOUR_MS = 3_600_000


class Broken(SimPulses):
    """A pulse input that counts, but does not say when it will be due."""

    def due_ms(self):
        raise OSError(5)


class BrokenCover(SimTamper):
    def active(self):
        raise OSError(5)


class BrokenWatchdog(SimWatchdog):
    def feed(self):
        raise OSError(5)


class Stiff(SimLoadSwitch):
    """A load switch that is known not to close."""

    def close(self):
        self.faulty = True

    def open(self):
        self.faulty = False


class WatchfulStore(meters.RamStore):
    """A store that notes whether the load switch was closed when it was read."""

    def __init__(self, switch):
        super().__init__()
        self._switch, self.closed = switch, []

    def load(self):
        self.closed.append(self._switch.closed)
        return super().load()


class AppTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()

    def start(self, credit=5000, **parts):
        given = board.ports(FlashChip(RamImage(board.FLASH_SIZE)), self.clock)
        self.ports = Ports(*[parts.get(n, getattr(given, n)) for n in NAMES])
        register = Register(credit, 0, 0, 0, 0, 0)
        self.ports.store.commit(meter_state.to_bytes(meters.state(register=register)))
        self.app = App(self.ports, 0)
        self.step(0)

    def step(self, now_ms):
        self.clock.now_ms = now_ms
        self.app.step(now_ms)

    def test_waits_are_told_as_they_are_when_they_are_asked_for(self):
        self.start()
        for _ in range(3):
            self.app.front.enter("59386323472137426968", 0)
        waits = [self.app.front.view(now_ms).lockout_s for now_ms in (0, 4000, 9000, 10_000)]
        self.assertEqual(waits, [10, 6, 1, 0])
        waits = [self.app.front.lockout_s(now_ms, 0) for now_ms in (0, 4000, 9000, 10_000)]
        self.assertEqual(waits, [10, 6, 1, 0])

    def test_a_switch_that_was_left_closed_is_opened_before_anything_is_read(self):
        switch = SimLoadSwitch()
        switch.closed = True
        store = WatchfulStore(switch)
        self.start(load_switch=switch, store=store)
        self.assertFalse(store.closed[0])

    def test_a_part_that_raises_is_the_one_that_is_named(self):
        for name, part, blamed in (
            ("pulses", Broken(self.clock), "pulses"), ("tamper", BrokenCover(), "tamper"),
            ("watchdog", BrokenWatchdog(self.clock, False), "program"),
        ):  # fmt: skip
            self.start(**{name: part})
            self.assertEqual(self.app.fault, (blamed, "OSError"))

    def test_a_row_of_faults_ends_after_an_hour_and_not_before(self):
        given = meters.RamStore()
        self.start(notes=given)
        self.app.notes.add_fault("keypad", "OSError")
        self.app = App(self.ports, 0)
        rows = []
        for now_ms in (0, HOUR_MS - 1, HOUR_MS):
            self.step(now_ms)
            rows.append(self.app.notes.faults.row)
        self.assertEqual(rows, [1, 1, 0])

    def test_the_test_of_the_switch_lasts_three_seconds(self):
        self.start()
        self.app.front.enter(meters.TEST_ALL, 1000)
        closed = []
        for now_ms in (1000, 3999, 4000):
            self.step(now_ms)
            closed.append(self.app.front.relay_closed)
        self.assertEqual(closed, [False, False, True])

    def test_no_power_is_shown_once_the_switch_is_open(self):
        self.start()
        self.ports.pulses.train(60, 60_000)
        for second in range(1, 31):
            self.step(1000 * second)
        self.assertEqual(self.app.front.view(30_000).watts, 3600)
        self.app.front.enter(meters.TEST_ALL, 30_000)
        self.step(30_000)
        self.assertEqual(self.app.front.view(30_000).watts, 0)

    def test_a_switch_that_does_not_follow_is_held_and_the_meter_goes_on(self):
        self.start(load_switch=Stiff())
        self.step(1000)
        self.assertIsNone(self.app.fault)
        faults = self.app.notes.faults
        self.assertEqual((faults.part, faults.row), ("load switch", 1))
        self.assertEqual(self.app.front.view(1000).relay_reason, decision.FAULT)


if __name__ == "__main__":
    unittest.main()
