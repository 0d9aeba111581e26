"""What is used up is counted at once and stored when it must be."""

import unittest

import board
from account import state as meter_state
from account.register import Register
from data import meters
from flash_chip import FlashChip, RamImage
from journal import events
from meter.app import App
from parts import Clock
from ports import NAMES, Ports


class MeteringTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        given = board.ports(FlashChip(RamImage(board.FLASH_SIZE)), self.clock)
        self.ports = Ports(*[getattr(given, n) if n != "brown_out" else None for n in NAMES])
        register = Register(5000, 0, 0, 0, 0, 0)
        self.ports.store.commit(meter_state.to_bytes(meters.state(register=register)))
        self.app = App(self.ports, 0)

    def step(self):
        self.clock.now_ms += 1000
        self.app.step(self.clock.now_ms)

    def stored_wh(self):
        return meter_state.from_bytes(self.ports.store.load()).register.total_wh

    def test_without_a_warning_of_the_supply_a_wh_is_counted_and_not_yet_stored(self):
        self.ports.pulses.train(3, 0)
        self.step()
        self.assertEqual((self.app.meter.state.register.total_wh, self.stored_wh()), (3, 0))

    def test_end_in_good_order_stores_pulses_that_no_step_has_counted_yet(self):
        self.ports.pulses.train(3, 0)
        self.app.save()
        self.assertEqual(self.stored_wh(), 3)


class StoreOfMetering(unittest.TestCase):
    """A meter whose store of credit takes nothing for a while."""

    def setUp(self):
        self.clock = Clock()
        given = board.ports(FlashChip(RamImage(board.FLASH_SIZE)), self.clock)
        self.store = meters.RamStore()
        register = Register(5000, 0, 0, 0, 0, 0)
        self.store.record = meter_state.to_bytes(meters.state(register=register))
        self.ports = Ports(*[self.store if n == "store" else getattr(given, n) for n in NAMES])
        self.app = App(self.ports, 0)
        self.run_s(1)

    def run_s(self, seconds):
        for _ in range(seconds):
            self.clock.now_ms += 1000
            self.app.step(self.clock.now_ms)

    def logged(self):
        return [event.code for event in self.app.notes.events]

    def test_store_that_fails_is_logged_once_and_tried_each_minute_until_it_takes_all(self):
        self.assertEqual(self.logged(), [events.RESTART])
        self.store.fails = True
        self.ports.pulses.train(90, 0)
        self.run_s(50)
        self.assertEqual(self.logged(), [events.STORE_FAULT, events.RESTART])
        self.store.fails = False
        self.run_s(15)
        self.assertEqual(meter_state.from_bytes(self.store.record).register.total_wh, 90)
        self.assertEqual(self.logged(), [events.STORE_FAULT, events.RESTART])

    def test_store_that_fails_from_the_start_is_logged(self):
        self.store.fails = True
        self.app = App(self.ports, 0)
        self.run_s(2)
        self.assertEqual(self.logged()[0], events.STORE_FAULT)

    def test_a_key_change_that_is_not_completed_in_time_ends_on_the_screen(self):
        meter = self.app.meter
        meter.kept.state = meter_state.changed(meter.state, key_change=True)
        sections = meter.reader.expect_section()
        sections._held = {1: {}}
        sections._until_ms = self.clock.now_ms + 1500
        self.app.front.press("C", self.clock.now_ms)  # whoever enters them is at the meter
        self.run_s(1)
        self.assertTrue(self.app.front.lines[0] != "Key change ended")
        self.run_s(1)
        self.assertEqual(self.app.front.lines[0], "Key change ended")


if __name__ == "__main__":
    unittest.main()
