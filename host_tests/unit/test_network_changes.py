"""10 000 changed messages, frames and packets do nothing, show no key, and disturb nobody.

On CPython only: on the 32-bit unix port the emulated chip's `time` would import itself.
"""

import unittest

import pytest  # noqa: F401 - what imports it is not run by MicroPython
from data import meters
from rigs import mqtt_changes
from rigs.dlms_changes import Throw

from meter20.host_crypto import HostCrypto

_MESSAGES, _PACKETS = 9000, 1000
_SEED = 1


class NetworkChangesTest(unittest.TestCase):
    def test_changed_messages_of_dlms_do_nothing_and_the_keypad_is_served(self):
        thrown = Throw(_MESSAGES, _SEED, HostCrypto())
        self.assertTrue(thrown.said > 5 * _MESSAGES)
        rig = thrown.rig
        for key in meters.TOKEN_100_WH:
            rig.app.front.press(key, rig.clock.now_ms)
        self.assertEqual(rig.credit, 100)

    def test_changed_packets_of_mqtt_do_nothing_and_the_keypad_is_served(self):
        self.assertTrue(mqtt_changes.throw(_PACKETS, _SEED) >= _PACKETS)


if __name__ == "__main__":
    unittest.main()
