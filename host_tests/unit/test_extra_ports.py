"""What the application does with an extra credit display and with a warning of the supply."""

import unittest

import board
from account import state as meter_state
from account.register import Register
from data import meters
from flash_chip import FlashChip, RamImage
from meter.app import App
from parts import Clock


class ExtraPortsTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.image = RamImage(board.FLASH_SIZE)
        self.start()
        state = meters.state(register=Register(5_000, 0, 0, 0, 0, 0))
        self.ports.store.commit(meter_state.to_bytes(state))
        self.start()

    def start(self):
        self.clock.now_ms = 0
        self.ports = board.ports(FlashChip(self.image), self.clock)
        self.app = App(self.ports, 0)

    def advance(self, duration_ms):
        for _ in range(duration_ms // 100):
            self.clock.now_ms += 100
            self.app.step(self.clock.now_ms)

    def test_credit_is_shown_and_follows(self):
        self.advance(100)
        self.assertEqual(self.ports.credit_display.wh, 5_000)
        self.ports.pulses.train(7, 0)
        self.advance(1_100)
        self.assertEqual(self.ports.credit_display.wh, 4_993)

    def test_display_that_comes_loose_stops_nothing_and_is_shown_to_again(self):
        self.advance(100)
        self.ports.credit_display.loose = True
        self.ports.pulses.train(7, 0)
        self.advance(3_000)
        self.assertEqual(self.app.meter.state.register.total_wh, 7)
        self.ports.credit_display.loose = False
        self.advance(2_000)
        self.assertEqual(self.ports.credit_display.wh, 4_993)

    def test_supply_that_fails_costs_no_energy_counted(self):
        self.advance(100)
        self.ports.pulses.train(7, 0)
        self.ports.brown_out.sags = True
        self.advance(100)
        self.start()
        self.assertEqual(self.app.meter.state.register.total_wh, 7)

    def test_board_without_them_runs(self):
        fields = list(self.ports)
        self.app = App(type(self.ports)(*(fields[:-2] + [None, None])), 0)
        self.advance(1_000)


if __name__ == "__main__":
    unittest.main()
