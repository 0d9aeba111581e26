"""What every Display promises, asked of the simulator's part and of each driver."""

import unittest

import chips
import machine
from drivers.char_lcd import CharLcd
from drivers.oled import Oled, Sh1106
from lcd_module import LcdModule
from oled_module import Sh1106Module, Ssd1306Module
from parts import SimDisplay
from ssd1306 import glyph
from world import WORLD

_SCREEN = ["12.345 kWh", "Supply on", "1234567890123456", ""]


class Simulated:
    def __init__(self):
        WORLD.start(chips.of("rp2_pico"))
        self.display = SimDisplay(20, 4)

    def read(self):
        return self.display.lines


class _OnBus:
    freq = 400_000

    def __init__(self):
        WORLD.start(chips.of("rp2_pico"))
        pins = [machine.Pin(number) for number in (17, 16)]
        self.i2c = machine.I2C(0, scl=pins[0], sda=pins[1], freq=self.freq)
        self.plug_in()
        self.make()

    def pull_out(self):
        WORLD.devices.clear()

    def plug_in(self):
        self.module = self.new_module()
        WORLD.devices[self.address] = self.module


class Lcd(_OnBus):
    freq = 100_000
    address = 0x27
    columns, rows = 20, 4

    def new_module(self):
        return LcdModule(self.columns, self.rows)

    def make(self):
        self.display = CharLcd(self.i2c, self.columns, self.rows)

    def read(self):
        return self.module.lines


class SmallLcd(Lcd):
    columns, rows = 16, 2


class Ssd1306(_OnBus):
    address = 0x3C
    new_module = Ssd1306Module

    def make(self):
        self.display = Oled(self.i2c)

    def read(self):
        return self.module.lines(glyph)


class Sh1106Bench(Ssd1306):
    new_module = Sh1106Module

    def make(self):
        self.display = Oled(self.i2c, Sh1106)


DRIVERS = (Lcd, SmallLcd, Ssd1306, Sh1106Bench)
ALL = (Simulated,) + DRIVERS


class DisplayContract(unittest.TestCase):
    def test_size_is_enough_for_a_screen(self):
        for make in ALL:
            display = make().display
            self.assertTrue(display.columns >= 16)
            self.assertTrue(display.rows >= 2)

    def test_lines_are_shown_and_replaced(self):
        for make in ALL:
            bench = make()
            rows = bench.display.rows
            for screen in (_SCREEN, ["", "x", "Supply on", "y"], _SCREEN, [""] * 4):
                bench.display.show(screen[:rows])
                self.assertEqual(bench.read(), screen[:rows])


class DriverContract(unittest.TestCase):
    def test_display_missing_at_boot_raises_oserror_and_works_once_it_is_there(self):
        for make in DRIVERS:
            bench = make()
            bench.pull_out()
            bench.make()  # does not touch the bus
            for _ in range(2):
                with self.assertRaises(OSError):
                    bench.display.show(_SCREEN[: bench.display.rows])
            bench.plug_in()
            bench.display.show(_SCREEN[: bench.display.rows])
            self.assertEqual(bench.read(), _SCREEN[: bench.display.rows])

    def test_display_that_came_loose_is_set_up_again(self):
        for make in DRIVERS:
            bench = make()
            rows = bench.display.rows
            bench.display.show(_SCREEN[:rows])
            bench.pull_out()
            with self.assertRaises(OSError):
                bench.display.show(["gone"] * rows)
            bench.plug_in()  # it has lost all it knew
            bench.display.show(_SCREEN[:rows])
            self.assertEqual(bench.read(), _SCREEN[:rows])

    def test_screen_takes_50_ms_at_most(self):
        for make in DRIVERS:
            bench = make()
            rows = bench.display.rows
            bench.display.show(["#" * 16] * rows)
            before_ns = WORLD.now_ns
            bench.display.show(["abcdefghijklmnop"] * rows)
            self.assertTrue(WORLD.now_ns - before_ns <= 50_000_000)


class CharLcdTest(unittest.TestCase):
    def test_display_is_set_up_50_ms_after_power_and_not_later(self):
        for asked_ms in (0, 20, 49, 50, 51, 900):
            bench = Lcd()
            WORLD.advance_ms(asked_ms)
            bench.display.show([""] * 4)
            took_ns = WORLD.now_ns - max(50, asked_ms) * 1_000_000
            self.assertTrue(9_000_000 < took_ns < 12_000_000, (asked_ms, took_ns))

    def test_only_characters_that_changed_are_sent(self):
        bench = Lcd()
        bench.display.show(["12.345 kWh", "Supply on", "", ""])
        sent = bench.module.bytes_taken
        bench.display.show(["12.345 kWh", "Supply on", "", ""])
        self.assertEqual(bench.module.bytes_taken, sent)
        bench.display.show(["12.344 kWh", "Supply on", "", ""])
        self.assertEqual(bench.module.bytes_taken, sent + 8)  # where, and one digit
        self.assertEqual(bench.read(), ["12.344 kWh", "Supply on", "", ""])

    def test_full_change_of_20x4_takes_less_than_35_ms(self):
        bench = Lcd()
        bench.display.show(["a" * 20] * 4)
        before_ns = WORLD.now_ns
        bench.display.show(["b" * 20] * 4)
        self.assertTrue(WORLD.now_ns - before_ns < 35_000_000)

    def test_any_state_of_the_controller_is_brought_to_order(self):
        for nibbles in range(4):  # a reset of the board in the middle of a byte
            bench = Lcd()
            bench.display.show(_SCREEN)
            for _ in range(nibbles):
                bench.i2c.writeto(bench.address, b"\x4d\x49")
                WORLD.advance_ms(3)
            bench.make()
            bench.display.show(_SCREEN)
            self.assertEqual(bench.read(), _SCREEN)


if __name__ == "__main__":
    unittest.main()
