"""The meter on an emulated Pico, and the bench around it: fingers, pulses, time, power.

Requests of the outside world are carried out on pins and power; all others go to the
meter over the emulated USB line, as they stand. What the meter says is compared with
what a person would see: the characters on the display, the level of the relay's pin.
"""

import json

from service_port import lines

from meter20.board import wiring
from meter20.rp2040.parts import Bus, KeyPad, PulseOutput
from meter20.rp2040.pico import MS, Pico

#: As it stands in boards/: a person who wires it changes nothing.
BOARD = wiring.load("rp2_pico").Board

from lcd_module import LcdModule  # noqa: E402  # pyright: ignore[reportMissingImports]  beside it

#: Pulses a second that the input counts for certain, see drivers/rp2_pulse_counter.py.
MOST_HZ = 50

_BOOT_MS = 60_000  # the first time it makes and settles its files
_REPLY_MS = 20_000
_KEY_MS = 40  # down, and as long up
_PULSE_MS = 20  # low for half of it
_SETTLE_MS = 500
_LONGEST_WAIT_S = 15  # an emulated second takes some seconds
_LONGEST_TRAIN_S = 60


class BenchFault(Exception):
    """What the meter says and what is seen differ, or it says nothing; no result of a case."""


class MeterOnPico:
    """A meter as it leaves the mould, on `flash`; power has come and it answers.

    moves: how often the load switch moved since power came.
    """

    def __init__(self, flash: bytes):
        self._pico = Pico(flash)
        mcu, pins = self._pico.mcu, BOARD.pins
        self.glass = LcdModule()
        Bus(mcu.i2c[pins["sda"] // 2 % 2], self._pico.clock, {BOARD.lcd_address: self.glass})
        self._pad = KeyPad(mcu.gpio, pins["keypad_rows"], pins["keypad_columns"], BOARD.keys)
        self._pulses = PulseOutput(self._pico.clock, mcu.gpio[pins["pulse_in"]])
        self._relay = mcu.gpio[pins["relay"]]
        self._relay.add_listener(lambda _now, _before: self._watch_relay())
        self._was_closed = False
        self.moves = 0
        self._pico.on_power_on.append(self.glass.power_up)
        self._outside = {
            "keys": self._keys,
            "pulses": self._make_pulses,
            "begin_pulses": self._begin_pulses,
            "end_pulses": self._end_pulses,
            "advance": self._advance,
            "power_cut": self._power_cut,
            "arm_cut": self._arm_cut,
            "arm_reset": self._arm_reset,
            "restart": self._restart,
        }
        self._power_on()

    def exchange(self, line: bytes) -> bytes:
        """Return the reply to `line`, both without their ends. Raises BenchFault."""
        request = _request(line)
        outside = self._outside.get(request.get("do", "")) if request else None
        reply = outside(request) if outside else None
        if reply is None:
            reply = self.ask(line)
        if self._pico.power_lost:
            self._power_on()
            reply = _refusal("power_cut", "the power went; the meter restarted")
        return json.dumps(_carrying_id(reply, request)).encode()

    @property
    def now_ms(self) -> int:
        """Milliseconds since the emulation began; a cut does not set it back."""
        return self._pico.now_ns // MS

    @property
    def keys(self) -> set[str]:
        """The labels on the pad."""
        return self._pad.keys

    def wait_ms(self, duration_ms: int) -> None:
        """Let time pass, until the power goes if it does."""
        self._pico.wait_ms(duration_ms)

    def press(self, key: str) -> None:
        """Press a key with a finger and let go of it; 80 ms pass."""
        self._pad.press(key)
        self._pico.wait_ms(_KEY_MS)
        self._pad.let_go(key)
        self._pico.wait_ms(_KEY_MS)

    def pulse(self) -> None:
        """Make one pulse, 20 ms long."""
        self._pulses.train(1, _PULSE_MS)
        self._pico.wait_ms(_PULSE_MS)

    def cut_power(self) -> int:
        """Take the power away and let it come again; return how often it came by now."""
        self._power_on()
        return self._pico.boots

    def ask(self, line: bytes) -> dict | None:
        """Return the meter's reply to `line`; None if the power went. Raises BenchFault."""
        found = []

        def answered():
            found[:] = _replies(self._pico.received)
            return bool(found)

        self._pico.received.clear()
        self._pico.send(line + b"\n")
        if not self._pico.run_until(answered, _REPLY_MS) and not self._pico.power_lost:
            raise BenchFault(f"no reply in {_REPLY_MS} ms: {bytes(self._pico.received)!r}")
        if self._pico.power_lost:
            return None
        reply = found[0]
        if "relay" in reply and (reply["relay"] == "closed") != self._closed():
            raise BenchFault(f"the meter says {reply['relay']}, its pin is {self._closed()}")
        return reply

    def _closed(self):
        return bool(self._relay.output_enable and self._relay.output_value)

    def _watch_relay(self):
        self.moves += self._closed() != self._was_closed
        self._was_closed = self._closed()

    def _power_on(self):
        self._was_closed, self.moves = False, 0
        self._pico.power_on()
        self._await_meter()

    def _await_meter(self):
        """Wait until the meter answers. The request waits in the USB line until it does."""
        if not self._pico.run_until(lambda: self._pico.ready, _BOOT_MS):
            raise BenchFault("no USB device came up")
        self._pico.send(b'{"do":"read"}\n')
        if not self._pico.run_until(lambda: _replies(self._pico.received), _BOOT_MS):
            raise BenchFault(f"the meter did not start: {bytes(self._pico.received)!r}")

    def _read(self):
        return self.ask(b'{"do":"read"}')

    def _keys(self, request):
        """Press keys with a finger; return what is on the glass once the meter has it there."""
        keys = request.get("keys")
        if not isinstance(keys, str) or set(keys) - self._pad.keys:
            return None  # the meter says so itself
        for key in keys:
            self.press(key)
        read = self._read()
        if read is None:
            return None
        expected = [text.rstrip() for text in read["display"]]
        if not self._pico.run_until(lambda: self.glass.lines == expected, _SETTLE_MS):
            raise BenchFault(f"{self.glass.lines} is shown, {expected} should be")
        return {"ok": True, "display": self.glass.lines, "last_result": read["last_result"]}

    def _make_pulses(self, request):
        begun = self._begin_pulses(request)
        return self._end_pulses(request) if begun["ok"] else begun

    def _begin_pulses(self, request):
        """Begin a train; other requests may come while it goes on."""
        count, over_s = request["count"], request["over_s"]
        if count > over_s * MOST_HZ:
            return _refusal("too_fast", f"at most {MOST_HZ} pulses a second")
        self._pulses.train(count, 1000 * over_s)
        return {"ok": True, "erases": sum(self._pico.flash.erases)}

    def _end_pulses(self, _request):
        """Wait until the train has passed and the meter has seen all of it."""
        self._pico.run_until(lambda: not self._pulses.busy, 1000 * _LONGEST_TRAIN_S)
        self._pico.wait_ms(_SETTLE_MS)
        read = self._read()
        if read is None:
            return None
        shown = {name: read[name] for name in ("credit_wh", "total_wh", "relay")}
        return {"ok": True, **shown, "erases": sum(self._pico.flash.erases)}

    def _advance(self, request):
        if request["seconds"] > _LONGEST_WAIT_S:
            return _refusal("too_long", f"at most {_LONGEST_WAIT_S} s")
        self._pico.wait_ms(1000 * request["seconds"])
        read = self._read()
        return read and {"ok": True, "uptime_s": read["uptime_s"], "display": read["display"]}

    def _power_cut(self, _request):
        return {"ok": True, "boots": self.cut_power()}

    def _arm_cut(self, request):
        self._pico.arm_cut(request["after_ops"], request["torn"])
        return {"ok": True}

    def _arm_reset(self, request):
        self._pico.arm_reset(request["after_us"])
        return {"ok": True}

    def _restart(self, _request):
        """Let the meter restart itself, as a tester's `power_cut` over a serial port does."""
        boots = self._pico.boots
        self.ask(b'{"do":"power_cut"}')
        if not self._pico.run_until(lambda: self._pico.boots > boots, _REPLY_MS):
            raise BenchFault("the meter did not restart itself")
        self._await_meter()
        return {"ok": True, "boots": self._pico.boots}


def _replies(received):
    """Return the replies among the whole lines of `received`."""
    found = [_request(line) for line in bytes(received).split(b"\n")[:-1]]
    return [reply for reply in found if reply and "ok" in reply]


def _request(line):
    """Return the object in a line of JSON, or None."""
    try:
        return lines.parse(line)
    except lines.Refused:
        return None


def _refusal(code, message):
    return {"ok": False, "error": code, "message": message}


def _carrying_id(reply, request):
    if request and "id" in request and "id" not in reply:
        return {"id": request["id"], **reply}
    return reply
