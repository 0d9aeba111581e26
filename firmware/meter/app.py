"""The application: parts that a turn passes through.

`step(now_ms)` is all there is to call; time moves only when the caller moves
it. now_ms: milliseconds since power came, never wrapping.
"""

from account.meter import Meter
from journal.notes import Notes
from micropython import const
from panel.answers import Answers
from panel.beeper import Beeper
from panel.keys import Keys
from panel.panel import Panel
from panel.token_entry import TokenEntry
from supply import overload
from supply.contactor import Contactor

from meter import restart
from meter.front import Front
from meter.inbox import Inbox
from meter.metering import Metering
from meter.rounds import Rounds
from meter.stopping import Stopping
from meter.supervisor import Faulted, Supervisor, Watch
from meter.turn import Turn

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports import Ports

_FAR_MS = const(10_000)


class App:
    """The meter application on `ports`, ports.Ports. Made when power comes, at `now_ms`.

    tables: see account.meter.Meter. policy: overload.Policy. The load switch is opened
    before anything else.

    Nothing here raises because a part is broken: at a fault, also at the start, the load
    switch opens, the display says so and the watchdog is no longer fed, so that it
    restarts the meter. What a fault may find half made is only in RAM.

    clock: the ports.clock.Clock of the board, None if it has none. meter: the account.meter.Meter
    that this runs. notes: its journal.notes.Notes.
    """

    def __init__(self, ports: "Ports", now_ms: int, tables=None, policy=overload.DEFAULT):
        self._ports, self.clock = ports, ports.clock
        self._stopping = Stopping(ports)
        self.supervisor = Supervisor(ports.watchdog, now_ms, self._stopping.stop)
        self._step_watch = Watch(self.supervisor, "program")
        self.rounds = Rounds(self.supervisor, now_ms)
        self.front = Front(self.supervisor, self._stopping)
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
        notes = self.notes = self._stopping.notes = Notes(ports.notes)
        notes.restarted(ports.watchdog is not None and ports.watchdog.ran_out)
        meter = self.meter = Meter(ports.store, tables, ports.phases)
        meter.kept.steps = notes.settings.steps
        self._turn = Turn(meter, notes, ports.clock, self.supervisor, now_ms)
        self._stopping.turn = self._turn
        entry = TokenEntry()
        panel = Panel(ports.display, entry)
        answers = Answers(panel, Beeper(ports.buzzer), self.supervisor, now_ms)
        contactor = Contactor(ports.load_switch, answers, policy, notes.faults, now_ms)
        self.inbox = Inbox(contactor, answers)
        keys = Keys(
            ports.keypad, entry, panel, self.inbox, answers,
            lambda turn: answers.parts_found(ports, turn),
        )  # fmt: skip
        found = restart.noted(self._turn, ports.store.health)
        if found:
            panel.call_up(found, now_ms)
        elif not meter.provisioned and not meter.lost:
            answers.parts_found(ports, self._turn)
        metering = self._stopping.metering = Metering(ports, answers, now_ms)
        parts = [metering, contactor, keys, self.inbox, panel, answers]
        if ports.credit_display is not None:
            from panel.credit_screen import CreditScreen  # few boards have such a display

            parts.append(CreditScreen(ports.credit_display, now_ms))
        for part in parts:
            self.rounds.add(part, now_ms)
        self.front.open(self._turn, panel, self.inbox, keys)

    def add_part(self, part, now_ms: int):
        """Let `part`, see meter.turn, have its turn at each step. It is how networks join.

        It comes before the inbox, which then takes in the same step what it brought.
        """
        self.rounds.add(part, now_ms, self.inbox)

    @property
    def fault(self):
        """The (part, kind) of journal.faults that stopped the meter, None while it works."""
        return self.supervisor.fault

    def step(self, now_ms: int) -> int:
        """Give each part that is due its turn; return the milliseconds until the next one is.

        All parts have their turn when this is called earlier than that: the caller knows of
        something that happened. Blocks 50 ms as a rule, longer while a token or a checkpoint
        is committed. Raises nothing; after a fault it does nothing.
        """
        if self.supervisor.fault:
            return _FAR_MS
        try:
            with self._step_watch:
                self._turn.now_ms = now_ms
                return self.rounds.step(self._turn)
        except Faulted:
            return _FAR_MS

    def save(self):
        """Make what was used up so far safe: the meter is about to end. Raises nothing.

        May come between any two statements of `step` and `enter`: the state is replaced as a
        whole, so what it says is right.
        """
        if self.fault:
            return  # it was saved then
        try:
            with Watch(self.supervisor, "program"):
                self._stopping.save()
        except Faulted:
            pass
