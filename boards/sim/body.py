"""Emulated meter: the firmware on the parts of the simulator, and a bench around it.

The bench plays the outside world: it moves the clock, presses keys, makes
pulses and cuts the power. It runs on CPython and on MicroPython alike.
"""

import board
from account.explain import BASE_DATE, explained
from breakage import PARTS, WAYS, Breakage, Stuck
from flash_chip import FlashChip, PowerCut, RamImage
from load import Load
from meter.app import App
from micropython import const
from parts import Clock
from service_port.lines import (
    Lines,
    Refused,
    accepted,
    boolean,
    integer,
    keys,
    parse,
    refusal,
    text,
)
from service_port.service import Service, credit_fields, keys_fields
from sts import digits, tid

_CALM_MS = const(10_000)  # the program that lets time pass gives networks their turns
_KEY_MS = const(200)  # a finger goes down and up again
_STEPS_A_TURN = const(500)
_PULSES_MAX = const(1_000_000_000)
_SECONDS_MAX = const(366 * 86_400)
_LIVE_MS_MAX = const(86_400_000)
_WATTS_MAX = const(1_000_000)


class SimBody:
    """A meter on the flash `image`; without one it is new, and forgotten at the end.

    columns, rows: size of the display. phases: 1 or 3. ports: the emulated parts now in use, a
    ports.Ports. boots: how often power came, 1 for the first time. outside: what the meter is
    connected to, parts of ports.Ports by name: network, crypto, serial. dlms: TCP port of DLMS,
    None for the one its keys came with. load: what is switched on behind it, a load.Load.
    """

    def __init__(
        self,
        image=None,
        columns=board.COLUMNS,
        rows=board.ROWS,
        phases=1,
        outside=None,
        dlms=None,
    ):
        self._chip = FlashChip(image or RamImage(board.FLASH_SIZE))
        self._parts = (columns, rows, phases)
        self._outside, self._dlms_port = outside or {}, dlms
        self.office = None
        self._lines = Lines()
        self._waiting = []
        self._job = None
        self._breakage = Breakage(Clock())
        self.load = Load(self)
        self.boots = 0
        self._start()
        self._turn()

    @property
    def now_ms(self) -> int:
        """Milliseconds since power came."""
        return self._clock.now_ms

    def feed(self, data: bytes):
        """Take bytes of the service port; return the replies, or None if there is more to do.

        After None call `resume` until it returns bytes; *why*: MicroPython in a
        browser collects garbage only when a call returns.
        """
        self._waiting += self._lines.feed(data)
        self._replies = b""
        return self.resume()

    def resume(self):
        """Go on with what `feed` began; return as it does."""
        while self._waiting or self._job:
            if self._job is None:
                self._job = self._answer(self._waiting.pop(0))
            reply = next(self._job)
            if reply is None:
                return None
            self._job = None
            self._replies += reply.encode() + b"\n"
        return self._replies

    def end(self):
        """The meter ends in good order: what was used up is stored."""
        self._chip.disarm()
        self.app.save()

    def advance(self, duration_ms: int):
        """Let time pass. A generator: it yields None now and then until it is over."""
        left_ms = duration_ms
        steps = 0
        while True:
            began_ms = self._clock.now_ms
            due_ms = self._turn()
            left_ms -= self._clock.now_ms - began_ms
            if self.ports.watchdog.expired:
                self._start(ran_out=True)
                due_ms = self._turn()
                left_ms -= self._clock.now_ms
            if left_ms <= 0:
                return
            passed_ms = min(due_ms, left_ms)
            self._clock.now_ms += passed_ms
            left_ms -= passed_ms
            steps += 1
            if steps % _STEPS_A_TURN == 0:
                yield None

    def live(self, key: str, watts: int, duration_ms: int, slice_ms: int):
        """Press `key`, "" for none, and let time pass with `watts` switched on behind the meter.

        The load looks at the load switch every `slice_ms`. A generator, like `advance`.
        """
        self.load.watts = watts
        if key:
            self.ports.keypad.press(key)
            yield from self.advance(0)
        yield from self.load.run(duration_ms, slice_ms)

    def live_fields(self) -> list:
        """Return what somebody who stands before the meter sees and hears, as (field, value)."""
        buzzer = self.ports.buzzer
        return [
            ("display", self.app.front.lines),
            ("relay", "closed" if self.ports.load_switch.closed else "open"),
            ("moves", self.ports.load_switch.operations),
            ("pulses", self.load.pulses),
            ("tones", buzzer.tones),
            ("tone_hz", buzzer.last_hz),
            ("uptime_ms", self._clock.now_ms),
        ]

    def press(self, pressed: str):
        """Press keys as a finger would. A generator, like `advance`."""
        for key in pressed:
            self.ports.keypad.press(key)
            yield from self.advance(_KEY_MS)

    def _start(self, ran_out=False):
        """Power comes, or the watchdog `ran_out`: RAM is new, flash and clock are as they were."""
        time = self.ports.clock.now() if self.boots else None
        self._chip.disarm()
        self._clock = self._breakage.clock = Clock()
        self.ports = board.ports(
            self._chip, self._clock, *self._parts, ran_out=ran_out, **self._outside
        )
        if time is not None:  # its battery is not the meter's supply
            self.ports.clock.set(*time[:3], *time[4:])
        self.boots += 1
        self._breakage.started = False
        self.app = App(self._breakage.breakable(self.ports), self._clock.now_ms)
        self._breakage.started = True
        requests = {
            "keys": self._keys,
            "pulses": self._pulses,
            "advance": self._advance,
            "live": self._live,
            "power_cut": self._power_cut,
            "arm_cut": self._arm_cut,
            "explain": self._explain,
            "tamper": self._tamper,
            "brown_out": self._brown_out,
            "break": self._break,
        }
        requests.update(self._carriers())
        self._service = Service(self.app, requests)

    @property
    def dlms_port(self) -> int:
        """The TCP port that serves DLMS, 0 for none."""
        carrier = None if self.office is None else self.office.dlms
        return 0 if carrier is None else carrier.port

    def _carriers(self):
        """Add what carries tokens from networks; return the requests that set it up, by name."""
        if self.office is not None:
            self.office.end()
            self.office = None
        if not self._outside or self.app.fault:
            return {}
        from carriers.office import Office

        self.office = Office(
            self.app, self.ports, False, self.now_ms, self._dlms_port, calm_ms=_CALM_MS
        )
        return self.office.requests

    def pass_time(self, duration_ms: int) -> int:
        """Let time pass between two requests; return the milliseconds until the next turn is due.

        For a meter on a network, which nobody asks to `advance`.
        """
        try:
            for _ in self.advance(duration_ms):
                pass
            return self._turn()
        except Stuck:
            self._start(ran_out=True)
        except PowerCut:
            self._start()
        return self._turn()

    def _turn(self) -> int:
        """Let the application take its turn; return the milliseconds until the next is due."""
        try:
            return self.app.step(self._clock.now_ms)
        except Stuck:
            return 1

    def _answer(self, line):
        """Generator of one reply: yields None while there is more to do, then the reply."""
        request = {}
        try:
            request = parse(line)
            fields = self._service.answer(request, self._clock.now_ms)
            if not isinstance(fields, list):
                fields = yield from fields
            self._turn()
            reply = accepted(request, fields)
        except Refused as refused:
            reply = refusal(request, refused)
        except Stuck:
            self._start(ran_out=True)
            self._turn()
            reply = refusal(request, Refused("watchdog", "the meter hung and restarted"))
        except PowerCut:
            self._start()
            self._turn()
            reply = refusal(request, Refused("power_cut", "the power went; the meter restarted"))
        yield reply

    def _keys(self, request, _now_ms):
        yield from self.press(keys(request))
        self._check_fault()
        return keys_fields(self.app)

    def _pulses(self, request, _now_ms):
        count = integer(request, "count", 0, _PULSES_MAX)
        over_ms = 1000 * integer(request, "over_s", 0, _SECONDS_MAX, default=0)
        self.ports.pulses.train(count, over_ms)
        yield from self.advance(over_ms)
        self._check_fault()
        view = self.app.front.view(self._clock.now_ms)
        return credit_fields(view) + [
            ("total_wh", view.state.register.total_wh),
            ("relay", "closed" if self.app.front.relay_closed else "open"),
        ]

    def _advance(self, request, _now_ms):
        yield from self.advance(1000 * integer(request, "seconds", 0, _SECONDS_MAX))
        return [("uptime_s", self._clock.now_ms // 1000), ("display", self.app.front.lines)]

    def _live(self, request, _now_ms):
        key = keys(request) if "keys" in request else ""
        if len(key) > 1:
            raise Refused("bad_request", "keys: one key at most")
        watts = integer(request, "watts", 0, _WATTS_MAX, default=0)
        duration_ms = integer(request, "ms", 0, _LIVE_MS_MAX, default=0)
        slice_ms = integer(request, "slice_ms", 1, _LIVE_MS_MAX, default=250)
        yield from self.live(key, watts, duration_ms, slice_ms)
        return self.live_fields()

    def _power_cut(self, _request, _now_ms):
        self._start()
        return [("boots", self.boots)]

    def _arm_cut(self, request, _now_ms):
        torn = boolean(request, "torn")
        self._chip.arm_cut(integer(request, "after_ops", 0, 1_000_000), torn)
        return []

    def _brown_out(self, request, _now_ms):
        """Let the supply sag, or recover: {"do":"brown_out","failing":true}."""
        self.ports.brown_out.sags = boolean(request, "failing")
        return []

    def _tamper(self, request, _now_ms):
        """Open or close the cover: {"do":"tamper","open":true}."""
        self.ports.tamper.open = boolean(request, "open")
        return []

    def _break(self, request, _now_ms):
        """Break a part, until it is mended by "how":"": see breakage."""
        part, call, how = [text(request, name) for name in ("part", "call", "how")]
        if part not in PARTS or how not in WAYS + ("",):
            raise Refused("bad_request", "part or how: no such thing")
        self._breakage.set(part, call, how)
        return []

    def _check_fault(self):
        if self.app.fault:
            raise self._service.refused_for_fault()

    def _explain(self, request, now_ms):
        base = integer(request, "base_date", 1993, 2035, default=BASE_DATE)
        if base not in tid.BASE_YEARS:
            raise Refused("bad_request", "base_date: 1993, 2014 or 2035 is needed")
        entered = digits.clean(text(request, "digits"))
        return [("steps", explained(self.app.meter, entered, now_ms, base))]
