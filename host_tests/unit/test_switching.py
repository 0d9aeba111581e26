import unittest

from ports.load_switch import LoadSwitch
from supply.switching import Switching


class Relay(LoadSwitch):
    """orders: what it was told. welded: it no longer opens. torn: it no longer closes."""

    def __init__(self):
        self.orders = []
        self.welded = self.torn = self.faulty = False

    def close(self):
        self.orders.append("close")
        self.faulty = self.torn

    def open(self):
        self.orders.append("open")
        self.faulty = self.welded


class SwitchingTest(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.switching = Switching(self.relay)

    def test_order_is_given_when_it_is_new_and_every_ten_seconds(self):
        for second in range(25):
            self.switching.order(second >= 3, 1000 * second)
        self.assertEqual(self.relay.orders, ["open", "close", "close", "close"])
        self.assertTrue(self.switching.closed)

    def test_switch_that_does_not_follow_is_told_once(self):
        self.relay.torn = True
        told = [self.switching.order(True, 1000 * second) for second in range(30)]
        self.assertEqual(told, [True] + [False] * 29)
        self.assertTrue(self.switching.faulty)

    def test_switch_that_follows_again_can_fail_again(self):
        self.relay.torn = True
        self.assertTrue(self.switching.order(True, 0))
        self.assertFalse(self.switching.order(False, 1000))
        self.assertFalse(self.switching.faulty)
        self.assertTrue(self.switching.order(True, 2000))

    def test_meter_without_a_switch(self):
        switching = Switching(None)
        self.assertFalse(switching.order(True, 0))
        self.assertEqual((switching.closed, switching.faulty), (True, False))


if __name__ == "__main__":
    unittest.main()
