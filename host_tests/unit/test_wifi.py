"""The link of a board with Wi-Fi, on the emulated radio."""

import unittest

import chips
import machine  # noqa: F401  gives CPython's time its ticks
import network
from drivers.wifi import Wifi
from world import WORLD


class WifiTest(unittest.TestCase):
    def setUp(self):
        WORLD.start(chips.of("rp2_pico_w"))
        network.around.clear()
        network.told.clear()
        network.busy = False
        network.around["shop"] = "a secret"
        self.link = Wifi()

    def up_within(self, seconds):
        """Ask for the link each 100 ms; return whether there was one in the end."""
        for _ in range(10 * seconds):
            self.link.up()
            WORLD.advance_ms(100)
        return self.link.up()

    def test_a_board_that_was_told_no_network_leaves_the_radio_alone(self):
        self.link.join("", "")
        self.assertFalse(self.up_within(60))
        self.assertEqual(network.told, [])

    def test_the_network_named_is_joined(self):
        self.link.join("shop", "a secret")
        self.assertTrue(self.up_within(1))
        self.assertEqual(network.told, ["shop"])

    def test_a_link_that_is_lost_comes_back_when_its_network_does(self):
        self.link.join("shop", "a secret")
        self.up_within(1)
        password = network.around.pop("shop")
        self.assertFalse(self.up_within(600))
        network.around["shop"] = password
        self.assertTrue(self.up_within(240))

    def test_a_network_that_is_not_there_is_looked_for_less_and_less_often(self):
        self.link.join("elsewhere", "")
        self.assertFalse(self.up_within(3600))
        self.assertTrue(15 < len(network.told) < 25, len(network.told))

    def test_a_wrong_password_is_no_link_and_the_right_one_told_later_is(self):
        self.link.join("shop", "wrong")
        self.assertFalse(self.up_within(60))
        self.link.join("shop", "a secret")
        self.assertTrue(self.up_within(1))

    def test_another_network_takes_the_place_of_the_first(self):
        network.around["other"] = "word"
        self.link.join("shop", "a secret")
        self.up_within(1)
        self.link.join("other", "word")
        self.assertTrue(self.up_within(1))
        self.assertEqual(network.told, ["shop", "other"])

    def test_a_radio_that_refuses_is_told_again(self):
        network.busy = True
        self.link.join("shop", "a secret")
        self.assertFalse(self.up_within(10))
        network.busy = False
        self.assertTrue(self.up_within(60))


if __name__ == "__main__":
    unittest.main()
