"""Drivers of single parts: buzzer, relays, lights, clocks, switches, watchdog, extra display."""

import unittest

import chips
import machine
from drivers.brown_out import BrownOutAdc, BrownOutPin
from drivers.demo_load import LOADS_W, DemoLoad
from drivers.hw_watchdog import HwWatchdog
from drivers.irq_pulse_counter import IrqPulseCounter
from drivers.latching_switch import LatchingSwitch
from drivers.leds import PulseLed, StatusLed
from drivers.pwm_buzzer import PwmBuzzer
from drivers.relay_switch import RelaySwitch
from drivers.rp2_matrix_keypad import CLEAR_X
from drivers.rp2_pulse_counter import READ_COUNT
from drivers.rtc_clock import Ds3231, Pcf8563
from drivers.tamper_switch import TamperSwitch
from drivers.tm1637_display import Tm1637Display
from latch_relay import LatchRelay
from parts import Clock, DemoPulses, SimLoadSwitch, SimPulses
from rp2 import asm_pio_encode
from rtc_chip import RtcChip
from tm1637_chip import Tm1637Chip
from world import WORLD, Level, WatchdogReset

_IN, _OUT, _DRAIN = machine.Pin.IN, machine.Pin.OUT, machine.Pin.OPEN_DRAIN
_UP = machine.Pin.PULL_UP


class _OnPico(unittest.TestCase):
    def setUp(self):
        WORLD.start(chips.of("rp2_pico"))


class BuzzerTest(_OnPico):
    def test_tone_sounds_until_told_otherwise(self):
        pwm = machine.PWM(machine.Pin(15), duty_u16=1)
        buzzer = PwmBuzzer(pwm)
        self.assertEqual(pwm.duty, 0)
        buzzer.tone(2000)
        self.assertEqual((pwm.hz, pwm.duty), (2000, 32768))
        buzzer.tone(0)
        self.assertEqual(pwm.duty, 0)


class RelayTest(_OnPico):
    def test_relay_is_open_until_told_otherwise(self):
        for pin, active in ((10, 1), (11, 0)):
            relay = RelaySwitch(machine.Pin(pin, _OUT, value=1 - active), active)
            self.assertEqual(WORLD.level(pin), 1 - active)
            relay.close()
            self.assertEqual(WORLD.level(pin), active)
            relay.close()
            self.assertEqual(WORLD.level(pin), active)
            relay.open()
            self.assertEqual(WORLD.level(pin), 1 - active)


class LatchingTest(_OnPico):
    def setUp(self):
        super().setUp()
        self.coils = [machine.Pin(pin, _OUT, value=0) for pin in (10, 11)]
        self.contact = machine.Pin(12, _IN, _UP)
        self.latch = LatchRelay(10, 11, 12)

    def test_first_order_moves_a_relay_whose_place_is_not_known(self):
        relay = LatchingSwitch(self.coils[0], self.coils[1])
        self.latch.closed = True
        relay.open()
        self.assertEqual(self.latch.closed, False)

    def test_order_that_changes_nothing_sends_no_pulse(self):
        relay = LatchingSwitch(self.coils[0], self.coils[1])
        relay.open()
        relay.open()
        relay.close()
        relay.close()
        self.assertEqual(self.latch.pulses, [(False, 30), (True, 30)])
        self.assertEqual([WORLD.level(10), WORLD.level(11)], [0, 0])

    def test_contact_spares_a_pulse_that_is_not_needed(self):
        relay = LatchingSwitch(self.coils[0], self.coils[1], 30, self.contact)
        relay.open()
        self.assertEqual(self.latch.pulses, [])

    def test_relay_moved_by_a_blow_is_moved_back(self):
        relay = LatchingSwitch(self.coils[0], self.coils[1], 30, self.contact)
        relay.open()
        self.latch.closed = True
        relay.open()
        self.assertEqual(self.latch.closed, False)

    def test_welded_relay_is_tried_twice_and_called_faulty(self):
        relay = LatchingSwitch(self.coils[0], self.coils[1], 30, self.contact)
        relay.close()
        self.latch.welded = True
        relay.open()
        self.assertTrue(relay.faulty)
        self.assertEqual(self.latch.pulses[1:], [(False, 30), (False, 30)])
        self.latch.welded = False
        relay.open()
        self.assertFalse(relay.faulty)


class AssembledTest(unittest.TestCase):
    def test_instructions_that_are_kept_assembled_are_what_the_assembler_makes(self):
        self.assertEqual(READ_COUNT, asm_pio_encode("in_(y, 30)", 0))
        self.assertEqual(CLEAR_X, asm_pio_encode("set(x, 0)", 0))


class LightsTest(_OnPico):
    def test_pulse_light_changes_with_energy_and_loses_no_pulse(self):
        clock = Clock()
        source = SimPulses(clock)
        light = PulseLed(source, machine.Pin(20, _OUT, value=0))
        self.assertEqual(light.take(), 0)
        self.assertEqual(WORLD.level(20), 0)
        source.train(3, 0)
        self.assertEqual(light.take(), 3)
        self.assertEqual(WORLD.level(20), 1)

    def test_status_light_blinks_with_or_without_a_watchdog(self):
        for pin, watchdog in ((20, None), (21, HwWatchdog(-1))):
            light = StatusLed(watchdog, machine.Pin(pin, _OUT, value=0))
            light.feed()
            self.assertEqual(WORLD.level(pin), 1)
            light.feed()
            self.assertEqual(WORLD.level(pin), 0)
            light.rest()


class WatchdogTest(_OnPico):
    def test_it_waits_longer_than_the_longest_erase_and_not_for_ever(self):
        watchdog = HwWatchdog(-1)
        WORLD.stall_ms(843)
        watchdog.feed()
        WORLD.advance_ms(7_900)
        watchdog.feed()
        with self.assertRaises(WatchdogReset):
            WORLD.advance_ms(8_100)

    def test_at_rest_it_feeds_itself(self):
        HwWatchdog(-1).rest()
        WORLD.advance_ms(60_000)

    def test_every_chip_takes_its_timeout(self):
        for chip in chips.every():
            WORLD.start(chip)
            HwWatchdog(chip.timers[-1]).feed()


class TamperTest(_OnPico):
    def test_cover_is_open_when_the_contact_opens_for_50_ms(self):
        cover = Level(0)
        WORLD.connect(13, cover)
        switch = TamperSwitch(machine.Pin(13, _IN, _UP))
        self.assertFalse(switch.active())
        cover.level = 1
        self.assertFalse(switch.active())
        WORLD.advance_ms(60)
        self.assertTrue(switch.active())
        cover.level = 0
        self.assertTrue(switch.active())
        WORLD.advance_ms(60)
        self.assertFalse(switch.active())

    def test_cut_wire_is_an_open_cover(self):
        self.assertTrue(TamperSwitch(machine.Pin(13, _IN, _UP)).active())

    def test_knock_of_20_ms_is_no_tampering(self):
        cover = Level(0)
        WORLD.connect(13, cover)
        switch = TamperSwitch(machine.Pin(13, _IN, _UP))
        for _ in range(5):
            cover.level = 1 - cover.level
            self.assertFalse(switch.active())
            WORLD.advance_ms(20)
        cover.level = 0
        WORLD.advance_ms(100)
        self.assertFalse(switch.active())


class BrownOutTest(_OnPico):
    def test_signal(self):
        WORLD.connect(14, Level(1))
        supply = BrownOutPin(machine.Pin(14, _IN))
        self.assertFalse(supply.failing())
        WORLD.connect(14, Level(0))
        self.assertTrue(supply.failing())

    def test_voltage(self):
        adc = machine.ADC(machine.Pin(28))
        supply = BrownOutAdc(adc, 30_000)
        self.assertFalse(supply.failing())
        adc.level_u16 = 29_999
        self.assertTrue(supply.failing())


#: Registers of second, minute, hour, day, month and year.
_DS3231, _PCF8563 = (0, 1, 2, 4, 5, 6), (2, 3, 4, 5, 7, 8)
#: Bits of each that are digits of a 24-hour clock, and bits that no time of ours has set.
_DS3231_BITS, _DS3231_ZEROS = (255, 255, 255, 255, 0x1F, 255), (128, 128, 128, 192, 0xE0, 0)
_PCF8563_BITS, _PCF8563_ZEROS = (127, 127, 63, 63, 31, 255), (128, 0, 0, 0, 128, 0)
_LIMITS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 99))


def _plain(field, octet):
    """Return the value of a BCD register, None if it is none that `field` can have."""
    digits = "%02x" % octet
    least, most = _LIMITS[field]
    return int(digits) if digits.isdigit() and least <= int(digits) <= most else None


def _afternoon(octet):
    """Return the hour of a register in 12-hour mode, of which bit 5 says afternoon."""
    digits = "%02x" % (octet & 0x1F)
    if not digits.isdigit() or not 1 <= int(digits) <= 12:
        return None
    return int(digits) % 12 + (12 if octet & 0x20 else 0)


def _with(field, value):
    """Return the date and time of the test with one `field` of it replaced."""
    told = [2026, 12, 28, 21, 58, 57]
    told[(5, 4, 3, 2, 1, 0)[field]] = value + 2000 if field == 5 else value
    return tuple(told)


class ClockTest(_OnPico):
    def clocks(self):
        self.setUp()
        pins = [machine.Pin(number) for number in (17, 16)]
        i2c = machine.I2C(0, scl=pins[0], sda=pins[1], freq=100_000)
        WORLD.devices[0x68] = RtcChip((0x0F, 0x88))
        WORLD.devices[0x51] = RtcChip((0x02, 0x80))
        return Ds3231(i2c), Pcf8563(i2c)

    def test_clock_that_was_never_set_is_not_trusted(self):
        for clock in self.clocks():
            self.assertIsNone(clock.now())

    def test_clock_tells_what_it_was_set_to(self):
        for clock in self.clocks():
            for date, weekday in (
                ((2026, 11, 22, 23, 59, 58), 6),
                ((2024, 2, 29, 0, 0, 0), 3),
                ((2000, 1, 1, 12, 30, 45), 5),
                ((2099, 12, 31, 1, 2, 3), 3),
            ):
                clock.set(*date)
                self.assertEqual(clock.now(), date[:3] + (weekday,) + date[3:])

    def test_registers_that_hold_no_time_are_not_trusted(self):
        for clock, month in zip(self.clocks(), (5, 7)):
            clock.set(2026, 11, 22, 12, 0, 0)
            WORLD.devices[clock.address].registers[month] = 0x13
            self.assertIsNone(clock.now())

    def test_each_value_of_each_register_is_read_rightly_or_not_at_all(self):
        """Against the data sheets, told in another way: digits, and which bits count."""
        for clock, places, bits, zeros in zip(
            self.clocks(), (_DS3231, _PCF8563), (_DS3231_BITS, _PCF8563_BITS),
            (_DS3231_ZEROS, _PCF8563_ZEROS),
        ):  # fmt: skip
            registers = WORLD.devices[clock.address].registers
            for field, place in enumerate(places):
                for octet in range(256):
                    clock.set(2026, 12, 28, 21, 58, 57)
                    registers[place] = octet
                    told = clock.now()
                    value = _plain(field, octet & bits[field])
                    if field == 2 and clock.address == 0x68 and octet & 0x40:
                        value = _afternoon(octet & 0x3F)
                    if octet & zeros[field] or value is None:
                        self.assertIsNone(told, (place, octet))
                    else:
                        self.assertEqual(told[:3] + told[4:], _with(field, value), (place, octet))

    def test_a_clock_that_is_halted_tells_no_time_until_it_is_set(self):
        clock = self.clocks()[1]
        for octet in range(256):
            clock.set(2026, 12, 28, 21, 58, 57)
            WORLD.devices[0x51].registers[0] = octet
            self.assertEqual(clock.now() is None, bool(octet & 0xA0), octet)
        clock.set(2026, 12, 28, 21, 58, 57)
        self.assertEqual(clock.now(), (2026, 12, 28, 0, 21, 58, 57))

    def test_twelve_hour_mode_is_read_as_the_hour_that_it_is(self):
        clock = self.clocks()[0]
        clock.set(2026, 11, 29, 0, 15, 0)
        for octet, hour in ((0x52, 0), (0x41, 1), (0x51, 11), (0x72, 12), (0x61, 13), (0x71, 23)):
            WORLD.devices[0x68].registers[2] = octet
            self.assertEqual(clock.now()[4], hour)

    def test_a_day_that_its_month_lacks_is_no_time(self):
        for clock, places in zip(self.clocks(), (_DS3231, _PCF8563)):
            registers = WORLD.devices[clock.address].registers
            for year, leap in ((24, True), (26, False), (0, True), (99, False)):
                lengths = (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
                for month, days in enumerate(lengths):
                    for day in (28, 29, 30, 31):
                        clock.set(2000 + year, month + 1, 1, 12, 0, 0)
                        registers[places[3]] = day // 10 << 4 | day % 10
                        told = clock.now()
                        self.assertEqual(told and told[2], day if day <= days else None)

    def test_missing_clock_is_not_trusted(self):
        for clock in self.clocks():
            WORLD.devices.clear()
            self.assertIsNone(clock.now())


class Tm1637Test(_OnPico):
    SHAPES = {0x3F: "0", 0x06: "1", 0x5B: "2", 0x4F: "3", 0x66: "4", 0x6D: "5", 0x7D: "6",
              0x07: "7", 0x7F: "8", 0x6F: "9", 0x40: "-", 0x00: " "}  # fmt: skip

    def bench(self, digits):
        self.setUp()
        pins = [machine.Pin(number, _DRAIN, _UP, value=1) for number in (0, 1)]
        self.chip = Tm1637Chip(0, 1)
        return Tm1637Display(pins[0], pins[1], digits)

    def read(self, places):
        text = ""
        for place in places:
            segments = self.chip.memory[place]
            text += self.SHAPES[segments & 0x7F] + ("." if segments & 0x80 else "")
        return text

    def test_credit_with_as_many_decimals_as_there_is_room_for(self):
        display = self.bench(4)
        for wh, text in (
            (12_345, "12.34"), (0, " 0.00"), (999_999, "999.9"), (9_999_999, "9999."),
            (10_000_000, "----"), (-1_500, "-1.50"), (-123_456, "-123."), (70, " 0.07"),
        ):  # fmt: skip
            display.show_wh(wh)
            self.assertEqual(self.read(range(4)), text)
        self.assertTrue(self.chip.on)

    def test_six_digits_in_the_order_of_their_module(self):
        display = self.bench(6)
        display.show_wh(1_234_567)
        self.assertEqual(self.read((2, 1, 0, 5, 4, 3)), "1234.56")

    def test_display_that_came_loose_raises_and_is_shown_to_again(self):
        display = self.bench(4)
        self.chip.attached = False
        for _ in range(2):
            with self.assertRaises(OSError):
                display.show_wh(5_000)
        self.chip.attached = True
        display.show_wh(5_000)
        self.assertEqual(self.read(range(4)), " 5.00")


class DemoLoadTest(_OnPico):
    def setUp(self):
        super().setUp()
        self.relay = SimLoadSwitch()
        self.button = Level(1)
        WORLD.connect(18, self.button)
        self.load = DemoLoad(
            self.relay,
            machine.Pin(19, _OUT, value=1),
            machine.Timer(-1),
            1000,
            machine.Pin(18, _IN, _UP),
        )
        self.fell_ns = []
        WORLD.wire(19).listeners.append(self._changed)

    def _changed(self, _pin, output, time_ns):
        self.fell_ns += [time_ns] if output == 0 else []

    def test_no_pulses_while_the_load_is_disconnected(self):
        WORLD.advance_ms(10_000)
        self.assertEqual(self.fell_ns, [])
        self.assertFalse(self.relay.closed)

    def test_two_kilowatts_are_two_thousand_pulses_an_hour(self):
        self.load.close()
        self.assertTrue(self.relay.closed)
        WORLD.advance_ms(36_100)
        self.assertEqual(len(self.fell_ns), 20)
        self.load.open()
        self.assertFalse(self.relay.closed)
        WORLD.advance_ms(36_000)
        self.assertEqual(len(self.fell_ns), 20)

    def test_button_goes_through_the_loads(self):
        seen = [self.load.watts]
        for _ in range(len(LOADS_W)):
            self.button.level = 0
            WORLD.advance_ms(100)
            self.button.level = 1
            WORLD.advance_ms(100)
            seen.append(self.load.watts)
        self.assertEqual(seen, list(LOADS_W) + [LOADS_W[0]])

    def test_wire_to_the_pulse_input_is_a_meter_of_one_board(self):
        class Jumper:
            def level_at(self, _pin, _time_ns):
                return WORLD.wire(19).output

        WORLD.connect(22, Jumper())
        counter = IrqPulseCounter(machine.Pin(22, _IN, _UP), hard=True)
        pin = WORLD.wire(22)
        WORLD.wire(19).listeners.append(lambda _pin, _output, _time: pin.handler())
        self.load.close()
        WORLD.advance_ms(36_100)
        self.assertEqual(counter.take(), 20)

    def test_load_of_a_board_without_pins_is_the_same(self):
        clock, relay = Clock(), SimLoadSwitch()
        pulses = DemoPulses(clock, relay, 1000)
        counted = []
        for close in (False, True, False):
            (relay.close if close else relay.open)()
            clock.now_ms += 9_000  # at once, and bit by bit
            counted.append(pulses.take())
            for _ in range(271):
                clock.now_ms += 100
                counted[-1] += pulses.take()
        self.assertEqual(counted, [0, 20, 0])


if __name__ == "__main__":
    unittest.main()
