"""Changed messages and frames of DLMS do nothing, show no key, and disturb nobody.

On CPython only: on the 32-bit unix port the emulated chip's `time` would import itself.
"""

import sys
import unittest

import pytest  # noqa: F401 - what imports it is not run by MicroPython
from fakes import meters
from fakes.dlms_changes import Throw

_COUNT = 3000 if sys.implementation.name == "cpython" else 900  # a slower AES, too


class DlmsChangesTest(unittest.TestCase):
    def test_changed_messages_do_nothing_and_the_keypad_is_served(self):
        thrown = Throw(_COUNT)
        self.assertTrue(thrown.said > 5 * _COUNT)
        rig = thrown.rig
        for key in meters.TOKEN_100_WH:
            rig.app.press(key, rig.clock.now_ms)
        self.assertEqual(rig.credit, 100)


if __name__ == "__main__":
    unittest.main()
