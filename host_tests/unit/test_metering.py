"""What is used up is counted at once and stored when it must be."""

import unittest

import board
from account import state as meter_state
from account.register import Register
from data import meters
from flash_chip import FlashChip, RamImage
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
