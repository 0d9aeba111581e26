"""A session, played on an emulated Pico: `meter20 replay --body rp2040`.

Beside the Pico an emulated meter gets each request first. It tells what happened before the
meter: which pulses came, and when. The Pico gets the same keys, pulses and requests, and never
less time between them. Then its reply is compared with the one in the file, and its state with
that of the emulated meter.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from meter20.bodies import EmulatedBody
from meter20.rp2040.bench import MOST_HZ, MeterOnPico
from meter20.session import OF_TIME, Difference, Session, fields, to_send

_KEY_MS = 200  # as in body.SimBody
_SETTLE_MS = 250  # a Pico looks at its pulses every 150 ms
_SETTLES = 5
_READ = b'{"do":"read"}'

_OF_THE_BENCH = ("advance", "live", "power_cut", "pulses")
_OF_EMULATED_ALONE = ("clock", "explain", "help")
#: A Pico as it stands in boards/ has no such parts, and stores by other steps.
_OF_NOBODY = ("arm_cut", "break", "brown_out", "tamper")


@dataclass(frozen=True)
class Played:
    """A request that was played. number: from 1. passed_s: of the session's time by then."""

    number: int
    passed_s: float
    difference: Difference | None


def unplayable(session: Session) -> str:
    """Return which request a Pico as it stands in boards/ does not know, "" if there is none."""
    for number, (sent, _got) in enumerate(session.entries, 1):
        request = fields(sent)
        if request.get("do") in _OF_NOBODY or (request.get("do") == "clock" and "utc" in request):
            return f"request {number}, {sent}: an emulated RP2040 does not know that request"
    return ""


def lasts_s(session: Session) -> float:
    """Return how much time passes in `session`, in seconds; what a start takes is left aside."""
    return sum(_lasts_ms(fields(sent)) for sent, _got in session.entries) / 1000


class Player:
    """Plays sessions on `meter`, a new bench.MeterOnPico."""

    def __init__(self, meter: MeterOnPico):
        self._meter = meter
        self._twin = EmulatedBody()
        self._boots = 1
        self._heard: object = None  # the pulse input that is listened to
        self._trains: list[tuple[int, int, int]] = []  # pulses, from when and for how long, ms

    def play(self, session: Session, key: str | None) -> Iterator[Played]:
        """Play `session`; yield each request. key: as in session.differences.

        Raises bench.BenchFault.
        """
        passed_ms = 0
        for number, (sent, got) in enumerate(session.entries, 1):
            differing = self._played(to_send(sent, key), fields(got))
            passed_ms += _lasts_ms(fields(sent))
            difference = None
            if differing:
                was = json.dumps({name: each[0] for name, each in differing.items()})
                now = json.dumps({name: each[1] for name, each in differing.items()})
                difference = Difference(number, sent, was, now)
            yield Played(number, passed_ms / 1000, difference)

    def _played(self, line, recorded):
        """Play a request; return {field: (recorded, found)} of what differs."""
        self._listen()
        sim = self._twin.sim
        began_ms, boots = sim.now_ms, sim.boots
        twins = json.loads(self._twin.exchange(line))
        passed_ms = sim.now_ms - began_ms if sim.boots == boots else 0
        reply = self._done(line, twins, began_ms, passed_ms)
        state = self._twin.request(do="read")
        differing = {}
        for _ in range(_SETTLES):
            read = self._reply(_READ)
            differing = _differing(state, read, state.keys())
            differing |= self._answered(recorded, reply, read)
            if not differing:
                break
            self._meter.wait_ms(_SETTLE_MS)
        return differing

    def _answered(self, recorded, reply, read):
        """Compare an answer in the file with `reply`, or, without one, with what is seen now."""
        if reply is not None or "ok" not in recorded:
            reply = reply or {"ok": True}
            return _differing(recorded, reply, recorded.keys() | reply.keys())
        seen = {**read, "moves": self._meter.moves, "boots": self._boots}
        return _differing(recorded, seen, recorded.keys() & seen.keys())

    def _listen(self):
        """Hear of the pulses that the emulated meter gets; after a power cut it has new parts."""
        self._trains.clear()
        pulses = self._twin.sim.ports.pulses
        if pulses is self._heard:
            return
        train = pulses.train

        def heard(count, duration_ms, ago_ms=0):
            self._trains.append((count, self._twin.sim.now_ms - ago_ms, duration_ms))
            train(count, duration_ms, ago_ms)

        self._heard, pulses.train = pulses, heard

    def _done(self, line, twins, began_ms, passed_ms):
        """Do on the Pico what was done to the emulated meter, whose reply is `twins`.

        Returns the reply, None if the bench did it; what no Pico can do keeps `twins`.
        """
        request = fields(line.decode(errors="backslashreplace"))
        what = request.get("do")
        if what in _OF_EMULATED_ALONE or (what in _OF_THE_BENCH and not twins["ok"]):
            return twins
        if what == "power_cut":
            self._boots = self._meter.cut_power()
        elif what in _OF_THE_BENCH or (what == "keys" and twins["ok"]):
            self._pass(request, began_ms, passed_ms)
        else:
            return self._reply(line)
        return None

    def _pass(self, request, began_ms, passed_ms):
        """Press the keys of `request`, and let `passed_ms` pass with the pulses in them."""
        begun_ms = self._meter.now_ms
        for number, key in enumerate(request.get("keys", ""), 1):
            self._meter.press(key)
            if request["do"] == "keys":
                self._wait_until(begun_ms + number * _KEY_MS)
        for count, from_ms, duration_ms in self._trains:
            for number in range(1, count + 1):
                moment_ms = from_ms + number * duration_ms // count
                self._wait_until(begun_ms + moment_ms - began_ms)
                self._meter.pulse()
        self._wait_until(begun_ms + passed_ms)

    def _wait_until(self, moment_ms):
        if moment_ms > self._meter.now_ms:
            self._meter.wait_ms(moment_ms - self._meter.now_ms)

    def _reply(self, line):
        reply = self._meter.ask(line)
        assert reply is not None  # no cut of the power is armed
        return reply


def _differing(recorded, found, names):
    """Return {name: (recorded, found)} of those of the fields `names` that differ."""
    return {
        name: (recorded.get(name), found.get(name))
        for name in sorted(names - OF_TIME)
        if recorded.get(name) != found.get(name)
    }


def _lasts_ms(request):
    """Return for how long a request lets time pass, as long as the meter does not refuse it."""
    what = request.get("do")
    if what == "keys":
        return _KEY_MS * len(str(request.get("keys", "")))
    if what == "pulses":
        return max(1000 * _number(request, "over_s"), 1000 * _number(request, "count") // MOST_HZ)
    if what == "advance":
        return 1000 * _number(request, "seconds")
    return _number(request, "ms") if what == "live" else 0


def _number(request, name):
    value = request.get(name, 0)
    return max(0, value) if isinstance(value, int) else 0
