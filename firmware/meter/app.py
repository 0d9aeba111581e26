"""The application: parts that a turn passes through.

`step(now_ms)` is all there is to call; time moves only when the caller moves
it. now_ms: milliseconds since power came, never wrapping.
"""

from account import carrier
from account import meter as meters
from account import state as meter_state
from journal.notes import Notes
from micropython import const
from panel.answers import Answers
from panel.beeper import Beeper
from panel.keys import Keys
from panel.panel import Panel
from panel.token_entry import TokenEntry
from ports.record_store import StoreFailed
from supply import overload
from supply.contactor import Contactor

from meter import restart
from meter.inbox import Inbox
from meter.metering import Metering
from meter.stopping import Stopping
from meter.supervisor import Faulted, Supervisor, Watch
from meter.turn import Turn

_REST_MS = const(10_000)  # no part rests longer
_HEARD_MS = const(1000)  # by then a part has its turn that came before the one with news
_FAR_MS = const(10_000)


class App:
    """The meter application on `ports`, ports.Ports. Made when power comes, at `now_ms`.

    tables: see account.meter.Meter. policy: overload.Policy. The load switch is opened
    before anything else.

    Nothing here raises because a part is broken: at a fault, also at the start, the load
    switch opens, the display says so and the watchdog is no longer fed, so that it
    restarts the meter. What a fault may find half made is only in RAM.
    """

    def __init__(self, ports, now_ms: int, tables=None, policy=overload.DEFAULT):
        self._ports = ports
        self._stopping = Stopping(ports)
        names = ("metering", "contactor", "keypad", "display")
        self.supervisor = Supervisor(ports.watchdog, names, now_ms, self._stopping.stop)
        self._step_watch = Watch(self.supervisor, "program")
        self.parts, self._due_ms = (), []
        self._parts_ms = self._next_ms = now_ms  # when a part is due, and when anything is
        try:
            with Watch(self.supervisor, "start"):
                self._start(now_ms, tables, policy)
        except Faulted:
            pass  # shown and noted, as far as it could be

    def _start(self, now_ms, tables, policy):
        ports = self._ports
        if ports.load_switch is not None:
            self.supervisor.at = "load switch"
            ports.load_switch.open()
            self.supervisor.at = "start"
        notes = self._stopping.notes = Notes(ports.notes)
        notes.restarted(ports.watchdog is not None and ports.watchdog.ran_out)
        meter = meters.Meter(ports.store, tables, ports.phases)
        meter.steps = notes.settings.steps
        self._turn = Turn(meter, notes, ports.clock, self.supervisor, now_ms)
        self._stopping.turn = self._turn
        entry = TokenEntry()
        self._panel = Panel(ports.display, entry)
        answers = Answers(self._panel, Beeper(ports.buzzer), self.supervisor, now_ms)
        contactor = Contactor(ports.load_switch, answers, policy, notes.faults, now_ms)
        self.inbox = Inbox(contactor, answers)
        self._keys = Keys(
            ports.keypad, entry, self._panel, self.inbox, answers,
            lambda turn: answers.parts_found(ports, turn),
        )  # fmt: skip
        told = restart.noted(self._turn, ports.store.health)
        if told:
            self._panel.call_up(told, now_ms)
        elif not meter.provisioned and not meter.lost:
            answers.parts_found(ports, self._turn)
        metering = Metering(ports, answers, now_ms)
        parts = [metering, contactor, self._keys, self.inbox, self._panel, answers]
        if ports.credit_display is not None:
            from panel.credit_screen import CreditScreen  # few boards have such a display

            parts.append(CreditScreen(ports.credit_display, now_ms))
        self.parts, self._due_ms = tuple(parts), [now_ms] * len(parts)

    def add_part(self, part, now_ms: int):
        """Let `part`, see meter.turn, have its turn at each step; networks come so.

        It comes before the inbox, which then takes in the same step what it brought.
        """
        at = self.parts.index(self.inbox)
        self.parts = self.parts[:at] + (part,) + self.parts[at:]
        self._due_ms.insert(at, now_ms)
        self._parts_ms = now_ms

    @property
    def fault(self):
        """The (part, kind) of journal.faults that stopped the meter, None while it works."""
        return self.supervisor.fault

    @property
    def clock(self):
        """The ports.clock.Clock of the board, None if it has none."""
        return self._ports.clock

    @property
    def meter(self):
        """The account.meter.Meter that this application runs."""
        return self._turn.meter

    @property
    def notes(self):
        """The journal.notes.Notes of the meter."""
        return self._turn.notes

    @property
    def lines(self):
        """What the display shows: a list of strings."""
        return self._stopping.lines if self.fault else self._panel.lines

    @property
    def relay_closed(self) -> bool:
        """Whether the load switch is closed, as far as it follows."""
        return bool(self.parts) and self._turn.closed

    def lockout_s(self, now_ms: int, by: int) -> int:
        """Return for how many seconds no token is taken from `by`, of account.carrier."""
        self._turn.now_ms = now_ms
        return self._turn.lockout_s(by)

    def view(self, now_ms: int):
        """Return the panel.view.View at `now_ms`. Raises Faulted if the meter never started."""
        if not self.parts:
            raise Faulted
        self._turn.now_ms = now_ms
        self._turn.measure()
        return self._turn.fresh_view()

    def step(self, now_ms: int) -> int:
        """Give each part that is due its turn; return the milliseconds until the next one is.

        All parts have their turn when this is called earlier than that: the caller knows of
        something that happened. Blocks 50 ms as a rule, longer while a token or a checkpoint
        is committed. Raises nothing; after a fault it does nothing.
        """
        if self.fault:
            return _FAR_MS
        try:
            with self._step_watch:
                return self._step(now_ms)
        except Faulted:
            return _FAR_MS

    def _step(self, now_ms):
        turn, supervisor = self._turn, self.supervisor
        turn.now_ms = now_ms
        turn.news = turn.news or now_ms < self._next_ms
        at_rest = not turn.news and now_ms < self._parts_ms
        if not at_rest:
            self._pass_through(turn, now_ms)
        supervisor.at = "program"
        self._next_ms = min(self._parts_ms, now_ms + supervisor.step(now_ms, at_rest))
        return self._next_ms - now_ms

    def _pass_through(self, turn, now_ms):
        """Give each part that is due its turn, and after news every part."""
        supervisor, due_ms = self.supervisor, self._due_ms
        for at, part in enumerate(self.parts):
            if turn.news or now_ms >= due_ms[at]:
                supervisor.at = part.name
                heard, turn.news = turn.news, turn.news and at == 0
                due_ms[at] = now_ms + min(_REST_MS, part.step(turn))
                if turn.news:
                    self._hear(at, now_ms + _HEARD_MS)
                turn.news = turn.news or heard
            supervisor.report(part.name)
        turn.news = False
        self._parts_ms = min(due_ms)

    def _hear(self, news_at, by_ms):
        """Let the parts before the one with news have a turn by `by_ms`; the others are next."""
        for at in range(news_at):
            self._due_ms[at] = min(self._due_ms[at], by_ms)

    def save(self):
        """Make what was used up so far safe: the meter is about to end. Raises nothing.

        May come between any two statements of `step` and `enter`: the state is replaced as a
        whole, so what it says is right.
        """
        if self.fault:
            return  # it was saved then
        try:
            with Watch(self.supervisor, "program"):
                metering = self.parts[0]  # pyright: ignore[reportGeneralTypeIssues]  made above
                metering.take_pulses(self._turn)
                self.meter.checkpoint()
        except Faulted:
            pass

    def enter(self, digits: str, now_ms: int, by: int = carrier.MANUAL):
        """Take a token from the carrier `by`, see meter.inbox.Inbox.enter; return its Outcome.

        Raises NotProvisioned, StoreLost or StoreFailed, after showing it, and Faulted.
        """
        turn = self._asked(now_ms)
        with Watch(self.supervisor, "token", (meters.NotProvisioned, StoreFailed)):
            return self.inbox.enter(digits, turn, by)

    def press(self, key: str, now_ms: int):
        """Take one key, of ports.keypad.KEYS. Raises Faulted."""
        turn = self._asked(now_ms)
        with Watch(self.supervisor, "keypad"):
            self._keys.press(key, turn)

    def provision(
        self, identity, key, manufactured: int, power_limit_w: int, new_settings, again=False
    ):
        """Provision the meter, see account.meter.Meter.provision; `new_settings`: its Settings.

        The settings are safe before the number that makes them count. Raises ValueError, in
        words, StoreLost, StoreFailed and Faulted.
        """
        self._asked(self._turn.now_ms)
        meter = self.meter
        with Watch(self.supervisor, "token", (ValueError, meters.StoreLost, StoreFailed)):
            if meter.lost and not again:
                raise meters.StoreLost
            if meter.lost or not meter.provisioned:
                meter_state.check_identity(identity)
                meter_state.check_key(key)
                self.notes.begin(new_settings)
                meter.forget()
                meter.steps = new_settings.steps
            meter.provision(identity, key, manufactured, power_limit_w, again)
        self._panel.dismiss()

    def _asked(self, now_ms):
        """Return the turn for something that comes from outside. Raises Faulted after a fault."""
        if self.fault:
            raise Faulted
        turn = self._turn
        turn.now_ms, turn.news = now_ms, True
        turn.measure()
        return turn
