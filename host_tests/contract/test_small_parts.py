"""What the ports of single parts promise, asked of the simulator's part and of each driver."""

import unittest

import chips
import machine
from drivers.brown_out import BrownOutAdc, BrownOutPin
from drivers.demo_load import DemoLoad
from drivers.hw_watchdog import HwWatchdog
from drivers.latching_switch import LatchingSwitch
from drivers.leds import StatusLed
from drivers.pwm_buzzer import PwmBuzzer
from drivers.relay_switch import RelaySwitch
from drivers.rtc_clock import Ds3231, Pcf8563
from drivers.tamper_switch import TamperSwitch
from drivers.tm1637_display import Tm1637Display
from latch_relay import LatchRelay
from parts import (
    Clock,
    SimBrownOut,
    SimBuzzer,
    SimClock,
    SimCreditDisplay,
    SimLoadSwitch,
    SimTamper,
    SimWatchdog,
)
from rtc_chip import RtcChip
from tm1637_chip import Tm1637Chip
from world import WORLD, Level, WatchdogReset

_IN, _OUT, _DRAIN = machine.Pin.IN, machine.Pin.OUT, machine.Pin.OPEN_DRAIN
_UP = machine.Pin.PULL_UP
_MS = 1_000_000


def took_ms(call, *arguments):
    """Return (what `call` returns, the milliseconds it blocked)."""
    began_ns = WORLD.now_ns
    returned = call(*arguments)
    return returned, (WORLD.now_ns - began_ns) / _MS


class _Bench:
    def __init__(self):
        WORLD.start(chips.of("rp2_pico"))
        self.part = self.made()


class _SimSwitch(_Bench):
    def made(self):
        return SimLoadSwitch()

    def connected(self):
        return self.part.closed


class _Relay(_Bench):
    active = 1

    def made(self):
        return RelaySwitch(machine.Pin(10, _OUT, value=1 - self.active), self.active)

    def connected(self):
        return WORLD.level(10) == self.active


class _LowRelay(_Relay):
    active = 0


class _Latching(_Bench):
    feedback = False

    def made(self):
        coils = [machine.Pin(pin, _OUT, value=0) for pin in (10, 11)]
        contact = machine.Pin(12, _IN, _UP)
        self.relay = LatchRelay(10, 11, 12)
        self.relay.closed = True  # as it was left
        return LatchingSwitch(coils[0], coils[1], feedback=contact if self.feedback else None)

    def connected(self):
        return self.relay.closed


class _LatchingWithFeedback(_Latching):
    feedback = True


class _Demo(_Relay):
    def made(self):
        output = machine.Pin(19, _OUT, value=1)
        return DemoLoad(super().made(), output, machine.Timer(-1), 1000)


class LoadSwitchContract(unittest.TestCase):
    def test_load_is_connected_as_told_however_often(self):
        for make in (_SimSwitch, _Relay, _LowRelay, _Latching, _LatchingWithFeedback, _Demo):
            bench = make()
            for order in "oocco":
                (bench.part.close if order == "c" else bench.part.open)()
                self.assertEqual(bench.connected(), order == "c", make)

    def test_order_that_changes_nothing_moves_nothing(self):
        for make in (_Latching, _LatchingWithFeedback):
            bench = make()
            bench.part.open()
            moved = len(bench.relay.pulses)
            _, blocked_ms = took_ms(bench.part.open)
            self.assertEqual((len(bench.relay.pulses), blocked_ms), (moved, 0))

    def test_order_takes_50_ms_at_most(self):
        for make in (_SimSwitch, _Relay, _LowRelay, _Latching, _LatchingWithFeedback, _Demo):
            bench = make()
            bench.part.open()
            _, blocked_ms = took_ms(bench.part.close)
            self.assertTrue(blocked_ms <= 50, make)


class _SimTone(_Bench):
    def made(self):
        return SimBuzzer()

    def hz(self):
        return self.part.hz


class _Pwm(_Bench):
    def made(self):
        self.pwm = machine.PWM(machine.Pin(15), freq=500, duty_u16=9)
        return PwmBuzzer(self.pwm)

    def hz(self):
        return self.pwm.hz if self.pwm.duty else 0


class BuzzerContract(unittest.TestCase):
    def test_one_tone_until_told_otherwise_and_silent_before(self):
        for make in (_SimTone, _Pwm):
            bench = make()
            heard = [bench.hz()]
            for hz in (2000, 2000, 400, 0, 0, 3000):
                _, blocked_ms = took_ms(bench.part.tone, hz)
                heard.append(bench.hz())
                self.assertEqual(blocked_ms, 0)
            self.assertEqual(heard, [0, 2000, 2000, 400, 0, 0, 3000])


class _SimCover(_Bench):
    def made(self):
        return SimTamper()

    def set(self, opened):
        self.part.open = opened


class _Cover(_Bench):
    def made(self):
        self.contact = Level(0)
        WORLD.connect(13, self.contact)
        return TamperSwitch(machine.Pin(13, _IN, _UP))

    def set(self, opened):
        self.contact.level = int(opened)


class TamperContract(unittest.TestCase):
    def test_open_cover_is_seen_within_100_ms_and_so_is_a_shut_one(self):
        for make in (_SimCover, _Cover):
            bench = make()
            for opened in (False, True, True, False):
                bench.set(opened)
                for _ in range(10):
                    bench.part.active()
                    WORLD.advance_ms(10)
                self.assertEqual(took_ms(bench.part.active), (opened, 0), make)


class _SimSupply(_Bench):
    def made(self):
        return SimBrownOut()

    def set(self, failing):
        self.part.sags = failing


class _SupplyPin(_Bench):
    def made(self):
        self.warning = Level(1)
        WORLD.connect(14, self.warning)
        return BrownOutPin(machine.Pin(14, _IN, _UP))

    def set(self, failing):
        self.warning.level = int(not failing)


class _SupplyVoltage(_Bench):
    def made(self):
        self.adc = machine.ADC(machine.Pin(28))
        return BrownOutAdc(self.adc, 30_000)

    def set(self, failing):
        self.adc.level_u16 = 29_999 if failing else 30_000


class BrownOutContract(unittest.TestCase):
    def test_failing_supply_is_told_at_once(self):
        for make in (_SimSupply, _SupplyPin, _SupplyVoltage):
            bench = make()
            self.assertTrue(bench.part.poll_ms >= 1)
            for failing in (False, True, True, False):
                bench.set(failing)
                self.assertEqual(took_ms(bench.part.failing), (failing, 0), make)


#: Times, and their weekdays.
_TIMES = (
    ((2000, 1, 1, 0, 0, 0), 5),
    ((2014, 1, 1, 0, 0, 0), 2),
    ((2024, 2, 29, 12, 34, 56), 3),
    ((2026, 11, 22, 23, 59, 59), 6),
    ((2099, 12, 31, 23, 59, 59), 3),
)


class _SimTime(_Bench):
    def made(self):
        return SimClock(Clock())


class _Rtc(_Bench):
    kind, flag = Ds3231, (0x0F, 0x88)

    def made(self):
        pins = [machine.Pin(number) for number in (17, 16)]
        bus = machine.I2C(0, scl=pins[0], sda=pins[1], freq=100_000)
        WORLD.devices[self.kind.address] = RtcChip(self.flag)
        return self.kind(bus)


class _OtherRtc(_Rtc):
    kind, flag = Pcf8563, (0x02, 0x80)


class ClockContract(unittest.TestCase):
    def test_no_time_until_it_is_set_then_time_and_weekday_each_within_5_ms(self):
        for make in (_SimTime, _Rtc, _OtherRtc):
            bench = make()
            self.assertIsNone(bench.part.now())
            for time, weekday in _TIMES + tuple(reversed(_TIMES)):
                _, blocked_ms = took_ms(bench.part.set, *time)
                self.assertTrue(blocked_ms <= 5, make)
                told, blocked_ms = took_ms(bench.part.now)
                self.assertEqual(told, time[:3] + (weekday,) + time[3:], make)
                self.assertTrue(blocked_ms <= 5, make)

    def test_a_clock_that_does_not_answer_tells_no_time_and_raises_oserror_when_it_is_set(self):
        for make in (_Rtc, _OtherRtc):
            bench = make()
            bench.part.set(*_TIMES[0][0])
            WORLD.devices.clear()
            self.assertIsNone(bench.part.now())
            with self.assertRaises(OSError):
                bench.part.set(*_TIMES[0][0])


class _SimNumber(_Bench):
    def made(self):
        return SimCreditDisplay()

    def loose(self, is_loose):
        self.part.loose = is_loose

    def shown(self):
        return self.part.wh


class _Tm1637(_Bench):
    digits = 4

    def made(self):
        pins = [machine.Pin(number, _DRAIN, _UP, value=1) for number in (0, 1)]
        self.chip = Tm1637Chip(0, 1)
        return Tm1637Display(pins[0], pins[1], self.digits)

    def loose(self, is_loose):
        self.chip.attached = not is_loose

    def shown(self):
        return bytes(self.chip.memory)


class _SixDigits(_Tm1637):
    digits = 6


class CreditDisplayContract(unittest.TestCase):
    def test_each_credit_is_shown_and_within_10_ms(self):
        for make in (_SimNumber, _Tm1637, _SixDigits):
            bench = make()
            shown = []
            for credit_wh in (0, 5_000, 123_400, 999_900, 0):
                _, blocked_ms = took_ms(bench.part.show_wh, credit_wh)
                shown.append(bench.shown())
                self.assertTrue(blocked_ms <= 10, make)
            self.assertEqual(shown[0], shown[4])
            self.assertEqual(len(set(shown)), 4)

    def test_display_that_came_loose_raises_oserror_and_is_shown_to_again(self):
        for make in (_SimNumber, _Tm1637, _SixDigits):
            bench = make()
            bench.part.show_wh(5_000)
            shown = bench.shown()
            bench.part.show_wh(0)
            bench.loose(True)
            with self.assertRaises(OSError):
                bench.part.show_wh(5_000)
            bench.loose(False)
            bench.part.show_wh(5_000)
            self.assertEqual(bench.shown(), shown)


class _SimDog(_Bench):
    def made(self):
        self.clock = Clock()
        return SimWatchdog(self.clock, False)

    def resets_within(self, duration_ms):
        self.clock.now_ms += duration_ms
        return self.part.expired


class _Dog(_Bench):
    def made(self):
        return HwWatchdog(-1)

    def resets_within(self, duration_ms):
        try:
            WORLD.advance_ms(duration_ms)
        except WatchdogReset:
            return True
        return False


class _DogWithLight(_Dog):
    def made(self):
        return StatusLed(super().made(), machine.Pin(20, _OUT, value=0))


class WatchdogContract(unittest.TestCase):
    def test_fed_board_lives_and_a_hung_one_is_reset(self):
        for make in (_SimDog, _Dog, _DogWithLight):
            bench = make()
            self.assertFalse(bench.part.ran_out)
            for _ in range(3):
                self.assertFalse(bench.resets_within(7_900), make)
                bench.part.feed()
            self.assertTrue(bench.resets_within(60_000), make)


if __name__ == "__main__":
    unittest.main()
