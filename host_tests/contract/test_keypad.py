"""What every Keypad promises, asked of the simulator's part and of each driver."""

import unittest

import chips
import machine
from drivers.matrix_keypad import MatrixKeypad
from drivers.rp2_matrix_keypad import Rp2MatrixKeypad
from key_pad import KeyPad
from parts import SimKeypad
from ports.keypad import KEYS
from world import WORLD

_MS = 1_000_000
_ROWS, _COLUMNS = (2, 3, 4, 5), (6, 7, 8, 9)
_LABELS = {4: "123A456B789C*0#D", 3: "123456789*0#"}


class Simulated:
    """The simulator's keypad, played like a pad of contacts."""

    def __init__(self, _columns, _bounce_ns):
        WORLD.start(chips.of("rp2_pico"))
        self.keypad = SimKeypad()

    def press(self, keys):
        self.keypad.press(keys)

    def let_go(self, _keys):
        pass


class Polled:
    """MatrixKeypad and the pad before it."""

    def __init__(self, columns, bounce_ns):
        WORLD.start(chips.of("rp2_pico"))
        pins = _COLUMNS[:columns]
        pad = KeyPad(_ROWS, pins, _LABELS[columns], bounce_ns)
        self.press, self.let_go = pad.press, pad.let_go
        self._make(columns, pins)
        read(self, 40)

    def _make(self, columns, pins):
        pin = machine.Pin
        self.keypad = MatrixKeypad(
            [pin(row, pin.OPEN_DRAIN, value=1) for row in _ROWS],
            [pin(column, pin.IN, pin.PULL_UP) for column in pins],
            _LABELS[columns],
        )


class Pio(Polled):
    """Rp2MatrixKeypad and the pad before it."""

    def _make(self, columns, pins):
        pin = machine.Pin
        rows = [pin(row, pin.IN) for row in _ROWS]
        inputs = [pin(column, pin.IN, pin.PULL_UP) for column in _COLUMNS]
        self.keypad = Rp2MatrixKeypad(1, rows[0], inputs[0], _LABELS[columns])


ALL = (Simulated, Polled, Pio)
DRIVERS = (Polled, Pio)


def read(bench, duration_ms=60):
    """Poll for a while, as often as the keypad asks to be; return the keys reported."""
    keys = ""
    until_ns = WORLD.now_ns + duration_ms * _MS
    while WORLD.now_ns < until_ns:
        WORLD.advance_ms(min(bench.keypad.due_ms(), 20))
        key = bench.keypad.read()
        while key is not None:
            keys += key
            key = bench.keypad.read()
    return keys


def typed(bench, keys, down_ms=60, up_ms=60):
    reported = ""
    for key in keys:
        bench.press(key)
        reported += read(bench, down_ms)
        bench.let_go(key)
        reported += read(bench, up_ms)
    return reported


class KeypadContract(unittest.TestCase):
    def test_no_key_is_none(self):
        for make in ALL:
            bench = make(4, 0)
            self.assertEqual(read(bench, 200), "")
            self.assertTrue(bench.keypad.due_ms() >= 1)

    def test_every_key_is_reported_once_in_its_turn(self):
        for make in ALL:
            self.assertEqual(typed(make(4, 0), KEYS), KEYS)

    def test_pad_of_three_columns(self):
        for make in DRIVERS:
            self.assertEqual(typed(make(3, 0), "147*2580369#"), "147*2580369#")


class DriverContract(unittest.TestCase):
    def test_bouncing_contact_is_one_press(self):
        for make in DRIVERS:
            for bounce_ms in (3, 8, 15):
                self.assertEqual(typed(make(4, bounce_ms * _MS), "5*0#D"), "5*0#D")

    def test_ghost_is_not_reported(self):
        for make in DRIVERS:
            bench = make(4, 0)
            bench.press("1")
            self.assertEqual(read(bench), "1")
            bench.press("2")
            self.assertEqual(read(bench), "2")
            bench.press("5")  # closes the circuit of 4
            self.assertEqual(read(bench, 200), "")
            bench.let_go("125")
            self.assertEqual(read(bench, 100), "")
            self.assertEqual(typed(bench, "4"), "4")

    def test_key_down_when_power_comes_is_stuck(self):
        for make in DRIVERS:
            bench = _HeldAtBoot(make, "8")
            self.assertEqual(read(bench, 200), "")
            self.assertEqual(bench.keypad.stuck, "8")
            self.assertEqual(typed(bench, "15"), "15")
            bench.let_go("8")
            self.assertEqual(read(bench, 100), "")
            self.assertEqual(bench.keypad.stuck, "")

    def test_key_held_for_10_s_is_stuck(self):
        for make in DRIVERS:
            bench = make(4, 0)
            bench.press("6")
            self.assertEqual(read(bench, 10_200), "6")
            self.assertEqual(bench.keypad.stuck, "6")
            self.assertEqual(typed(bench, "12"), "12")

    def test_star_held_is_c_on_three_columns(self):
        for make in DRIVERS:
            bench = make(3, 0)
            bench.press("*")
            self.assertEqual(read(bench, 1500), "*C")


class FlashEraseTest(unittest.TestCase):
    """400 ms during which the processor stands still."""

    def test_key_still_down_afterwards_is_reported(self):
        for make in DRIVERS:
            bench = make(4, 0)
            read(bench)
            bench.press("7")
            WORLD.stall_ms(400)
            self.assertEqual(read(bench), "7")

    def test_pio_keeps_keys_pressed_and_let_go_meanwhile(self):
        bench = Pio(4, 3 * _MS)
        read(bench)
        for key in "80#5":
            bench.press(key)
            WORLD.stall_ms(50)
            bench.let_go(key)
            WORLD.stall_ms(50)
        self.assertEqual(read(bench), "80#5")

    def test_pio_keeps_the_first_keys_when_there_are_too_many(self):
        bench = Pio(4, 0)
        read(bench)
        for key in "123456":
            bench.press(key)
            WORLD.stall_ms(40)
            bench.let_go(key)
            WORLD.stall_ms(40)
        self.assertEqual(read(bench), "1234")
        self.assertEqual(typed(bench, "9"), "9")

    def test_pio_is_asked_seldom_while_nobody_types_and_loses_nothing(self):
        bench = Pio(4, 0)
        self.assertEqual((read(bench, 4900), bench.keypad.due_ms()), ("", 15))
        self.assertEqual((read(bench, 200), bench.keypad.due_ms()), ("", 75))
        bench.press("7")
        WORLD.advance_ms(25)
        bench.let_go("7")
        WORLD.advance_ms(50)
        self.assertEqual(bench.keypad.read(), "7")
        self.assertEqual(bench.keypad.read(), None)
        self.assertEqual(bench.keypad.due_ms(), 15)
        bench.press("8")
        self.assertEqual((read(bench, 80), bench.keypad.due_ms()), ("8", 15))

    def test_polled_pad_loses_what_was_let_go_meanwhile(self):
        # Not wished for: it is why an RP2040 scans by PIO.
        bench = Polled(4, 0)
        read(bench)
        bench.press("7")
        WORLD.stall_ms(100)
        bench.let_go("7")
        WORLD.stall_ms(300)
        self.assertEqual(read(bench), "")


class _HeldAtBoot:
    """A bench on which `key` is down before the driver is made."""

    def __init__(self, make, key):
        bench = make(4, 0)
        bench.press(key)
        WORLD.owners.clear()
        for machine_ in list(WORLD.machines):
            machine_.active(0)
        bench._make(4, _COLUMNS)
        self.keypad, self.press, self.let_go = bench.keypad, bench.press, bench.let_go


if __name__ == "__main__":
    unittest.main()
