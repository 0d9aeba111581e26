"""The meter, its house and the vending desk, as the page's worker asks for them.

All crosses to JavaScript as text: integers would be cut to 32 bits on the way, in silence.

| call | takes | returns |
| --- | --- | --- |
| `port` | octets of the service port, in hexadecimal | replies, None: then `resume` |
| `ask` | a request of the page, JSON | its reply, JSON |
| `run` | milliseconds | nothing |
| `kept` | whether the session ends here | the lines that are new in it |
| `frame` | | what is to be drawn, JSON |
"""

import json
from binascii import unhexlify

from body import SimBody
from desk import DRN, OFFERED, Desk
from glass import looked
from house import APPLIANCES, House
from keeping import Kept
from lessons import ALL, Seen
from panel import view as views
from panel.screens import FIRMWARE
from sts import results, tid
from telling import below

_BASE_YEAR = 2014
_SPENT = (results.ACCEPT, results.USED, results.OLD)  # what gives nothing from then on
_HEARD_MAX = 20  # as many slips as the page shows


class Page:
    """A meter with all that surrounds it, as new. bare: not registered yet, nothing behind it."""

    def __init__(self, bare=False):
        self.sim = SimBody()
        self.house = House(self.sim)
        self.kept = Kept(self.sim)
        self.desk = Desk()
        self._lesson = 0
        self._app = None
        self._requests = {
            "key": self._key,
            "switch": self._switch,
            "buy": self._buy,
            "hand_out": self._hand_out,
            "look": self._look,
            "power_cut": self._power_cut,
            "lesson": self._begin,
        }
        if not bare:
            self._reply(self.desk.register(self.house.minute))
        self.seen = Seen(self._state.key.krn)
        self._all_seen = {0: self.seen}  # by lesson
        self._heard = []  # (digits, whether spent, result, time), for the next frame
        self._outcome = None  # of the last token

    @property
    def _state(self):
        return self.sim.app.meter.state

    def ask(self, request: dict) -> dict:
        """Return the reply to a request of the page; {"error": ...} to one that cannot be."""
        try:
            return self._requests[request["do"]](request) or {}
        except (KeyError, ValueError) as error:
            return {"error": str(error)}

    def run(self, quantum_ms: int):
        """Let `quantum_ms` pass."""
        self._listen()
        self.kept.passes(self.house.watts, quantum_ms)
        self.house.run(quantum_ms)

    def frame(self) -> dict:
        """Return what is to be drawn now, with the points that are new in the chart."""
        sim, buzzer = self.sim, self.sim.ports.buzzer
        view = sim.app.front.view(sim.now_ms)
        samples, self.house.samples = self.house.samples, []
        heard, self._heard = self._heard, []
        self.seen.krn = self._state.key.krn
        self.seen.credit = views.credit_wh(view)
        lines, is_faulty = sim.ports.display.lines, sim.app.fault is not None
        meaning, notice = below(lines, view, self._outcome, is_faulty)
        return {
            "lines": lines,
            "meaning": meaning,
            "notice": notice,
            "wait_s": view.lockout_s,
            "closed": sim.ports.load_switch.closed,
            "moves": sim.ports.load_switch.operations,
            "reason": view.relay_reason,
            "hz": buzzer.hz,
            "tones": buzzer.tones,
            "tone_hz": buzzer.last_hz,
            "pulses": sim.load.pulses,
            "watts": sim.load.drawn_w,
            "credit_wh": self.seen.credit,
            "days_left": views.days_left(view),
            "krn": self.seen.krn,
            "heard": heard,
            "time": self._time(),
            "minute": self.house.minute,
            "on": self.house.on,
            "samples": samples,
            "boots": sim.boots,
            "lesson": self._lesson,
            "tasks": list(ALL[self._lesson][2](self.seen)),
        }

    def _time(self):
        return "%04d-%02d-%02d %02d:%02d" % tid.date(self.house.minute, _BASE_YEAR)

    def _listen(self):
        """Hear of each token that the meter takes; a power cut makes a new application."""
        app = self.sim.app
        if app is self._app or app.fault:
            return
        self._app, enter = app, app.inbox.enter

        def heard(digits, *rest):
            outcome = self._outcome = enter(digits, *rest)
            is_locked = app.meter.lockout_ms(self.sim.now_ms) > 0
            self.seen.token(digits, outcome, self.desk.what(digits), is_locked)
            spent = outcome.result in _SPENT
            self._heard.append((digits, spent, outcome.result, self._time()[-5:]))
            del self._heard[:-_HEARD_MAX]
            return outcome

        app.inbox.enter = heard

    def _reply(self, fields):
        """Send a request to the service port; return the reply."""
        self.kept.before()
        request = json.dumps(fields)
        reply = self.sim.feed(request.encode() + b"\n")
        while reply is None:
            reply = self.sim.resume()
        self.kept.answered(request, reply.decode()[:-1])
        return json.loads(reply)

    def _key(self, request):
        """Press a key: the meter has its turn at once."""
        self._listen()
        self.kept.before()
        for _ in self.sim.live(request["key"], self.house.watts, 0, 1):
            pass
        self.kept.pressed(self.house.watts, request["key"])

    def _switch(self, request):
        self.house.switch(request["name"], request["on"])

    def _buy(self, request):
        return self.desk.buy(request["cents"], self.house.minute)

    def _hand_out(self, request):
        return self.desk.hand_out(request["what"], self.house.minute)

    def _look(self, request):
        found = looked(self.sim.app.meter, request["digits"], self.sim.now_ms)
        self.seen.look(found["digits"])
        return found

    def _power_cut(self, _request):
        self.seen.cuts += 1
        self._reply({"do": "power_cut"})

    def _begin(self, request):
        """Begin a lesson, or go on with it: what others saw does not count for it."""
        self._lesson = request["number"]
        name, tasks, _ = ALL[self._lesson]
        krn = self._state.key.krn
        self.seen = self._all_seen.setdefault(self._lesson, Seen(krn))
        if self.seen.krn == self.seen.krn_before:
            self.seen.krn = self.seen.krn_before = krn
        return {"name": name, "tasks": tasks}


_pages = []


def start(bare: bool) -> str:
    """Begin with a new meter; return what the page has to know of it, JSON."""
    _pages[:] = [Page(bare)]
    return json.dumps(
        {
            "drn": DRN,
            "firmware": FIRMWARE,
            "appliances": APPLIANCES,
            "offered": OFFERED,
            "lessons": [(name, tasks) for name, tasks, _ in ALL],
        }
    )


def ask(request: str) -> str:
    """Return the reply to a request of the page."""
    return json.dumps(_pages[0].ask(json.loads(request)))


def port(octets: str):
    """Give the service port octets, in hexadecimal; return its replies, None: `resume`."""
    return _text(_pages[0].sim.feed(unhexlify(octets)))


def resume():
    """Let the service port go on; return as `port` does."""
    return _text(_pages[0].sim.resume())


def run(quantum_ms: int):
    """Let time pass."""
    _pages[0].run(quantum_ms)


def frame() -> str:
    """Return what is to be drawn."""
    return json.dumps(_pages[0].frame())


def kept(ends: bool) -> str:
    """Return the lines that are new in the session. ends: the time that passes now is an entry."""
    of_page = _pages[0].kept
    if ends:
        of_page.before()
    return of_page.take()


def _text(reply):
    return None if reply is None else reply.decode()
