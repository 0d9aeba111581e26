"""The emulated state machine leaves out rounds that change nothing, and nobody can tell."""

import unittest

import chips
import machine
from drivers.rp2_matrix_keypad import Rp2MatrixKeypad
from key_pad import KeyPad
from models.pulses import MS, Noise
from world import WORLD

_LABELS = "123A456B789C*0#D"


class Restless(KeyPad):
    """A pad of which nobody knows when a level changes, so that every round is executed."""

    def steady_since_ns(self):
        return 1 << 62


def played(kind):
    """Return what a keypad on a pad of `kind` saw after each of many changes, and its steps."""
    WORLD.start(chips.of("rp2_pico"))
    pad = kind((2, 3, 4, 5), (6, 7, 8, 9), _LABELS, 3 * MS)
    rows = [machine.Pin(row, machine.Pin.IN) for row in (2, 3, 4, 5)]
    columns = [machine.Pin(column, machine.Pin.IN, machine.Pin.PULL_UP) for column in (6, 7, 8, 9)]
    keypad = Rp2MatrixKeypad(1, rows[0], columns[0], _LABELS)
    noise, down, seen = Noise(7), "", []
    for _ in range(60):
        WORLD.advance_ns(noise.upto(997) * 211_111)
        if down and noise.upto(3):
            pad.let_go(down[0])
            down = down[1:]
        else:
            key = _LABELS[noise.upto(16)]
            if key not in down:
                pad.press(key)
                down += key
        if noise.upto(2):
            seen.append(keypad.read())
        seen.append((WORLD.machines[0].rx_fifo(), WORLD.machines[0].steps))
    return seen


class SkippedRoundsTest(unittest.TestCase):
    def test_keys_changes_and_steps_are_those_of_executing_all(self):
        self.assertEqual(played(KeyPad), played(Restless))

    def test_keys_are_seen_at_all(self):
        self.assertTrue(len([key for key in played(KeyPad) if isinstance(key, str)]) > 10)


if __name__ == "__main__":
    unittest.main()
