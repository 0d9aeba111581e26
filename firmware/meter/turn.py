"""The turn: what the parts of the application share in a step.

A part gets the turn in `step(turn)`, does what is due, and returns the milliseconds until it
is due again. A part's `name` is its word in journal.faults; a fault that it raises is noted under
it.
"""

from account import carrier
from micropython import const
from panel.view import View
from supply import decision
from supply.power import PowerMeter

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from account.meter import Meter
    from journal.notes import Notes
    from ports.clock import Clock

    from meter.supervisor import Supervisor

_MEAN_AFTER_MS = const(600_000)  # of running, before a mean power means something
_MS_PER_H = const(3_600_000)


class Turn:
    """A step at `now_ms` of the application that runs `meter` and keeps `notes`.

    One object serves all steps, so that a step at rest makes no garbage. power: the PowerMeter.
    closed, relay_reason: what the contactor decided. news: something
    changed, so that every part after this one has its turn, due or not. clock: a
    ports.clock.Clock or None.
    """

    def __init__(
        self,
        meter: "Meter",
        notes: "Notes",
        clock: "Clock | None",
        supervisor: "Supervisor",
        now_ms: int,
    ):
        self.meter = meter
        self.notes = notes
        self.supervisor = supervisor
        self.power = PowerMeter(now_ms)
        self.now_ms = now_ms
        self.closed, self.relay_reason = False, decision.NOT_PROVISIONED
        self.news = True
        self._clock = clock
        self._began_ms, self._began_wh = now_ms, self.state.register.total_wh
        self._view = None

    @property
    def state(self):
        """The MeterState of now."""
        return self.meter.kept.state

    @property
    def settings(self):
        """The Settings of now."""
        return self.notes.settings

    def lockout_s(self, by: int = carrier.MANUAL) -> int:
        """Return for how many seconds no token is taken from `by`, of account.carrier."""
        return (self.meter.lockout_ms(self.now_ms, by) + 999) // 1000

    def time(self):
        """Return the time in UTC as ports.clock.Clock.now does, None without a clock, too."""
        if self._clock is None:
            return None
        supervisor = self.supervisor
        before, supervisor.at = supervisor.at, "clock"
        time = self._clock.now()
        supervisor.at = before
        return time

    def measure(self):
        """Bring the power up to date; another one is news."""
        power = self.power
        before_w = power.watts
        if power.measure(self.now_ms, self.state.identity.imp_per_kwh) != before_w:
            self.news = True

    def log(self, code: int):
        """Put the event `code`, of journal.events, into the log."""
        self.news = True
        self.notes.log([code], self.state.register.total_wh, not self.meter.lost)

    def view(self, fresh: bool = False):
        """Return the View of this turn: the last one, if nothing that it shows has changed.

        Its mean power is then of the time when it was made. fresh: make a new one in any case.
        """
        if fresh or self._view is None or not self._shows_now(self._view):
            self._view = self._made()
        return self._view

    def _made(self):
        notes = self.notes
        return View(
            self.state,
            notes.settings,
            notes.history,
            self.power.watts,
            self._mean_w(),
            self.relay_reason,
            self.lockout_s(),
            notes.events,
            notes.faults,
        )

    def _shows_now(self, view):
        notes = self.notes
        return (
            view.state is self.state
            and view.watts == self.power.watts
            and view.relay_reason == self.relay_reason
            and view.lockout_s == self.lockout_s()
            and view.settings is notes.settings
            and view.history is notes.history
            and view.events is notes.events
            and view.faults is notes.faults
        )

    def _mean_w(self):
        elapsed_ms = self.now_ms - self._began_ms
        if elapsed_ms < _MEAN_AFTER_MS:
            return 0
        return (self.state.register.total_wh - self._began_wh) * _MS_PER_H // elapsed_ms
