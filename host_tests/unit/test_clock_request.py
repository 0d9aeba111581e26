import json
import unittest

import board
import chips
import machine
from drivers.rtc_clock import Ds3231, Pcf8563
from flash_chip import FlashChip, RamImage
from meter.app import App
from parts import Clock, SimClock
from ports import Ports
from rtc_chip import RtcChip
from service_port import clock_request
from service_port.service import Service
from world import WORLD

TIME = "2026-11-29T10:00:00Z"
MALFORMED = (
    "", "now", "2026-11-29", "2026-11-29T10:00:00", "2026-11-29 10:00:00Z",
    "2026-11-29T10:00:00z", "2026-11-29T10:00:00Z ", " 2026-11-29T10:00:00Z",
    "2026-11-29T10:00:00.5Z", "2026-11-29T10:00:00+02:00", "26-11-29T10:00:00Z",
    "2026-1-29T10:00:00Z", "+026-11-29T10:00:00Z", "2026-11-29T1_:00:00Z",
    "\u0662\u0660\u0662\u0666-11-29T10:00:00Z", "2026.11.29T10:00:00Z", "....-..-..T..:..:..Z",
    "dddd-dd-ddTdd:dd:ddZ",
)  # fmt: skip
OTHER_YEARS = ("1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "0000-01-01T00:00:00Z")
NO_TIMES = (
    "2026-02-29T10:00:00Z", "2026-11-31T10:00:00Z", "2026-00-29T10:00:00Z",
    "2026-13-29T10:00:00Z", "2026-11-00T10:00:00Z", "2026-11-29T24:00:00Z",
    "2026-11-29T10:60:00Z", "2026-12-31T23:59:60Z", "2099-12-32T00:00:00Z",
)  # fmt: skip


def chip(kind, flag):
    WORLD.start(chips.of("rp2_pico"))
    pins = [machine.Pin(number) for number in (17, 16)]
    WORLD.devices[kind.address] = RtcChip(flag)
    return kind(machine.I2C(0, scl=pins[0], sda=pins[1], freq=100_000))


def clocks():
    """Yield each clock that a meter may have, never set."""
    yield SimClock(Clock())
    yield chip(Ds3231, (0x0F, 0x88))
    yield chip(Pcf8563, (0x02, 0x80))


class Deaf(SimClock):
    """A clock that takes no time, but raises as a bus does on which nobody answers."""

    def set(self, *_time):
        raise OSError(5)


class Forgetful(SimClock):
    """A clock that takes each time and tells another. keeps: which."""

    keeps = (2026, 11, 29, 10, 0, 2)

    def set(self, *_time):
        super().set(*self.keeps)


class Stopped(SimClock):
    """A clock that takes each time, and of which none is to be trusted."""

    def now(self):
        return None


class Broken(SimClock):
    """A clock whose driver has a bug in one of its two methods."""

    def __init__(self, broken):
        super().__init__(Clock())
        self._broken = broken
        if broken == "now":
            self.now = self._raise

    def set(self, *_time):
        if self._broken == "set":
            self._raise()

    def _raise(self):
        raise ZeroDivisionError


class ClockRequestTest(unittest.TestCase):
    def port(self, clock):
        self.time = Clock()
        ports = board.ports(FlashChip(RamImage(board.FLASH_SIZE)), self.time)
        parts = [clock if part is ports.clock else part for part in ports]
        self.app = App(Ports(*parts), 0)
        self.service = Service(self.app)

    def ask(self, **fields):
        line = json.dumps(dict(fields, do="clock")).encode()
        return json.loads(self.service.reply(line, self.time.now_ms))

    def refused(self, **fields):
        reply = self.ask(**fields)
        self.assertFalse(reply["ok"])
        self.assertIsNone(self.app.fault)
        return reply["error"], reply["message"]

    def test_a_clock_that_nobody_set_tells_no_time(self):
        for clock in clocks():
            self.port(clock)
            self.assertEqual(self.ask(), {"ok": True, "utc": None})

    def test_a_clock_tells_what_it_was_set_to_and_by_how_much_that_moved_it(self):
        for clock in clocks():
            self.port(clock)
            was = None
            for utc, moved_s in (
                (TIME, None), ("2026-11-29T09:59:57Z", -3), ("2024-02-29T23:59:59Z", -86_695_198),
                ("2000-01-01T00:00:00Z", -762_566_399), ("2099-12-31T23:59:59Z", 3_155_759_999),
                ("2099-12-31T23:59:59Z", 0),
            ):  # fmt: skip
                told = {"ok": True, "utc": utc, "was": was, "moved_s": moved_s}
                self.assertEqual(self.ask(utc=utc), told)
                self.assertEqual(self.ask(), {"ok": True, "utc": utc})
                was = utc

    def test_what_is_no_time_is_refused_and_the_clock_stays_as_it_was(self):
        for clock in clocks():
            self.port(clock)
            self.ask(utc=TIME)
            for texts, words in (
                (MALFORMED, "utc: a time such as 2026-11-29T10:00:00Z is needed"),
                (OTHER_YEARS, "utc: the clock holds the years 2000 to 2099"),
                (NO_TIMES, "utc: the calendar has no such time"),
                ((None, 7, True, [], {}), "utc: a string is needed"),
            ):
                for utc in texts:
                    self.assertEqual(self.refused(utc=utc), ("bad_request", words), utc)
            self.assertEqual(self.ask(), {"ok": True, "utc": TIME})

    def test_a_meter_without_a_clock_says_so_whatever_is_asked(self):
        self.port(None)
        for fields in ({}, {"utc": TIME}, {"utc": "now"}):
            self.assertEqual(self.refused(**fields), ("no_clock", "this meter has no clock"))

    def test_a_fault_of_the_clock_is_blamed_on_it_and_what_follows_on_the_port(self):
        self.port(SimClock(Clock()))
        supervisor = self.app.supervisor
        for request in ({}, {"utc": TIME}):
            supervisor.at = "display"
            clock_request.answer(self.app.clock, supervisor, request)
            self.assertEqual(supervisor.at, "service port")
        for name in ("now", "set"):
            self.port(Broken(name))
            self.assertEqual(self.ask(utc=TIME)["error"], "fault")
            self.assertEqual(self.app.fault, ("clock", "ZeroDivisionError"))

    def test_what_was_not_set_is_not_called_set(self):
        self.port(Deaf(Clock()))
        deaf = ("clock_failed", "the clock did not answer while it was set")
        self.assertEqual(self.refused(utc=TIME), deaf)
        for kind, utc in (
            (Forgetful, TIME), (Forgetful, "2026-11-29T10:00:03Z"), (Stopped, TIME),
        ):  # fmt: skip
            self.port(kind(Clock()))
            kept = ("clock_failed", "the clock did not keep the time that it was set to")
            self.assertEqual(self.refused(utc=utc), kept)
        self.port(Forgetful(Clock()))  # a second may begin meanwhile
        self.assertTrue(self.ask(utc="2026-11-29T10:00:01Z")["ok"])

    def test_a_chip_that_came_off_its_bus_is_refused_in_words(self):
        for kind, flag in ((Ds3231, (0x0F, 0x88)), (Pcf8563, (0x02, 0x80))):
            self.port(chip(kind, flag))
            self.ask(utc=TIME)
            WORLD.devices.clear()
            self.assertEqual(self.ask(), {"ok": True, "utc": None})
            self.assertEqual(self.refused(utc=TIME)[0], "clock_failed")

    def test_time_goes_on_with_the_meter_up_to_the_last_second_that_the_clock_holds(self):
        self.time = Clock()
        clock = SimClock(self.time)
        clock.set(2099, 12, 31, 23, 59, 58)
        self.time.now_ms = 1000
        self.assertEqual(clock.now(), (2099, 12, 31, 3, 23, 59, 59))
        self.time.now_ms = 2000
        self.assertIsNone(clock.now())


if __name__ == "__main__":
    unittest.main()
