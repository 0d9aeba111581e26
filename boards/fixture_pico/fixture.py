"""The fixture's program: lines of JSON over USB, and hands that do what they say.

The README beside this file lists the requests. Every one is answered at once; what takes
time goes on by itself, and `read` tells how far it is.
"""

import loop
from micropython import const
from service_port.lines import (
    Lines,
    Refused,
    accepted,
    boolean,
    handler,
    integer,
    keys,
    listed,
    parse,
    refusal,
    text,
)

VERSION = "1"
_IDLE_MS = const(20)
_US_MAX = const(0x3FFF_FFFF)  # 30 bits, a small int on the board: 17 minutes
_COUNT_MAX = const(10_000_000)
_LONGEST_MS = const(60_000)


def run():
    """Answer requests until somebody stops it. Then no key is down, and the supply is on."""
    from board import Board  # pyright: ignore[reportAttributeAccessIssue]  the fixture's

    uptime = loop.Uptime()
    fixture = Fixture(Board())
    port = loop.UsbLines()
    lines = Lines()
    try:
        while True:
            due_ms = fixture.step(uptime.now_ms)
            for line in lines.feed(port.wait(due_ms)):
                port.write(fixture.reply(line, uptime.now_ms) + "\n")
    finally:
        fixture.stop()


class Fixture:
    """Answers requests with the hands on `board`, a board.Board."""

    def __init__(self, board):
        self._supply = board.supply()
        self._keypad = board.keypad()
        self._pulses = board.pulses()
        self._contact = board.contact()
        self._pulse_led, self._status_led = board.lamps()
        self._handlers = {
            "help": self._help,
            "read": self._read,
            "keys": self._keys,
            "pulses": self._make_pulses,
            "cut": self._cut,
            "supply": self._switch,
            "stop": self._stop,
        }

    def step(self, now_ms: int) -> int:
        """Do what is due; return in how many milliseconds to come again, 1 or more."""
        self._supply.on_ms(now_ms)
        due_ms = self._keypad.step(now_ms)
        return _IDLE_MS if due_ms < 0 else max(1, min(due_ms, _IDLE_MS))

    def reply(self, line, now_ms: int) -> str:
        """Return the reply, without a newline, to `line`, bytes or None for one too long."""
        request = {}
        try:
            request = parse(line)
            answers = handler(self._handlers, request)
            return accepted(request, answers(request, now_ms))
        except ValueError as wrong:
            return refusal(request, Refused("bad_request", str(wrong)))
        except Refused as refused:
            return refusal(request, refused)

    def stop(self):
        """Let go of everything; the meter has its supply."""
        self._keypad.stop()
        self._pulses.stop()
        self._supply.restore()

    def _help(self, _request, _now_ms):
        return listed(self._handlers)

    def _read(self, _request, now_ms):
        return [
            ("fixture", VERSION),
            ("uptime_ms", now_ms),
            ("supply", "on" if self._supply.on else "off"),
            ("on_ms", self._supply.on_ms(now_ms)),
            ("cut_armed", self._supply.armed),
            ("relay", "open" if self._contact.high else "closed"),
            ("relay_closings", self._contact.falls),
            ("pulse_led", self._pulse_led.high),
            ("pulse_led_falls", self._pulse_led.falls),
            ("status_led", self._status_led.high),
            ("status_led_falls", self._status_led.falls),
            ("keys_left", self._keypad.left),
            ("pulses_running", self._pulses.running),
            ("pulses_made", self._pulses.made),
        ]

    def _keys(self, request, now_ms):
        pressed = keys(request)
        hold_ms = integer(request, "hold_ms", 1, _LONGEST_MS, default=80)
        gap_ms = integer(request, "gap_ms", 1, _LONGEST_MS, default=80)
        if self._keypad.left:
            raise Refused("busy", "keys: there are keys still to be pressed")
        self._keypad.press(pressed, hold_ms, gap_ms, now_ms)
        self._keypad.step(now_ms)
        return [("takes_ms", len(pressed) * (hold_ms + gap_ms))]

    def _make_pulses(self, request, _now_ms):
        count = integer(request, "count", 1, _COUNT_MAX)
        low_us = integer(request, "low_us", 1, _US_MAX, default=30_000)
        period_us = integer(request, "period_us", 1, _US_MAX, default=100_000)
        bounces = integer(request, "bounces", 0, 1000, default=0)
        bounce_us = integer(request, "bounce_us", 0, _US_MAX, default=0)
        if self._pulses.running:
            raise Refused("busy", "pulses: there are pulses still to be made")
        self._pulses.make(count, low_us, period_us - low_us, bounces, bounce_us)
        return [("takes_ms", -(-count * period_us // 1000))]

    def _cut(self, request, _now_ms):
        watched = {"": None, "pulse": self._pulses.clean, "key": self._keypad.off}
        after = text(request, "after") if "after" in request else ""
        if after not in watched:
            raise Refused("bad_request", "after: pulse or key, or left out")
        count = integer(request, "count", 1, _COUNT_MAX, default=1) if after else 0
        delay_us = integer(request, "delay_us", 0, _US_MAX, default=0)
        dark_us = None
        if "dark_ms" in request:
            dark_us = 1000 * integer(request, "dark_ms", 1, _US_MAX // 1000)
        if not self._supply.on:
            raise Refused("supply_off", "the supply is off already")
        self._supply.arm(count, delay_us, dark_us, watched[after])
        return []

    def _switch(self, request, _now_ms):
        if "on" not in request:
            raise Refused("bad_request", "on: true or false is needed")
        if boolean(request, "on"):
            self._supply.restore()
        elif self._supply.on:
            self._supply.arm(0, 0)
        return []

    def _stop(self, _request, _now_ms):
        self.stop()
        return []
