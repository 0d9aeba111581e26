"""The part contactor: decides whether the load switch is closed, and orders that."""

from account import tariff
from journal import events, faults, settings
from micropython import const

from supply import decision
from supply.overload import Overload
from supply.power import PowerMeter
from supply.switching import Switching

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.load_switch import LoadSwitch

    from supply.contracts import Answers, Turn
    from supply.overload import Policy

_TEST_MS = const(3000)
_REST_MS = const(1000)


class Contactor:
    """Decides for `load_switch`, a ports.load_switch.LoadSwitch or None.

    answers: shows people what they must know. policy: overload.Policy. noted: faults.Faults so
    far, after which the switch stays open for a while.
    """

    name = "contactor"

    def __init__(
        self,
        load_switch: "LoadSwitch | None",
        answers: "Answers",
        policy: "Policy",
        noted: "faults.Faults",
        now_ms: int,
    ):
        self._switching = Switching(load_switch)
        self._answers = answers
        self._overload = Overload(policy)
        self._hold_until_ms = now_ms + faults.hold_ms(noted)
        self._calm_ms = now_ms + faults.CALM_MS
        self._test_until_ms = None

    def step(self, turn: "Turn") -> int:
        """Bring the load switch to where it must be now."""
        closed, reason = self._decision(turn)
        if closed and self._is_tested(turn.now_ms):
            closed, reason = False, decision.TEST
        if reason != turn.relay_reason:
            turn.news = True
            if reason in (decision.OVERLOAD, decision.OVERLOAD_LOCK):
                turn.log(events.OVERLOAD)
        turn.relay_reason = reason
        if turn.closed and not closed:
            self._opened(turn)
        turn.closed = closed
        self._order(turn)
        if turn.now_ms >= self._calm_ms:
            turn.notes.calm()
        return self._due_ms(turn)

    def begin_test(self, now_ms: int):
        """Open the switch for some seconds, from the next step on."""
        self._test_until_ms = now_ms + _TEST_MS

    @property
    def faulty(self) -> bool:
        """Whether the load switch is known not to follow."""
        return self._switching.faulty

    def _due_ms(self, turn: "Turn"):
        """Return the milliseconds until something changes by itself."""
        now_ms, limit_w = turn.now_ms, turn.state.power_limit_w
        watching = limit_w and (turn.power.watts > limit_w or self._overload.trips)
        if watching or self.faulty or self._friendly_hours_count(turn):
            return _REST_MS
        due_ms = self._switching.due_ms(now_ms)
        for until_ms in (self._test_until_ms or 0, self._hold_until_ms, self._calm_ms):
            if now_ms < until_ms:
                due_ms = min(due_ms, until_ms - now_ms)
        return due_ms

    def _is_tested(self, now_ms):
        if self._test_until_ms is not None and now_ms >= self._test_until_ms:
            self._test_until_ms = None
        return self._test_until_ms is not None

    def _decision(self, turn: "Turn"):
        meter, now_ms = turn.meter, turn.now_ms
        if meter.lost or meter.kept.unsafe:
            return False, decision.STORE_FAULT
        state, configured = turn.state, turn.settings
        over = None
        if self._overload.blocks(now_ms, turn.power.watts, state.power_limit_w):
            over = decision.OVERLOAD_LOCK if self._overload.locked else decision.OVERLOAD
        emergency = tariff.in_credit(configured.emergency_wh, state.register, configured.steps)
        closed, reason = decision.decide(state, emergency, self._is_friendly(turn), over)
        if self.faulty or (closed and now_ms < self._hold_until_ms):
            return False, decision.FAULT
        return closed, reason

    def _is_friendly(self, turn: "Turn"):
        """Ask the clock only when the answer can matter."""
        if not self._friendly_hours_count(turn):
            return False
        return settings.is_friendly(turn.settings, turn.time())

    def _friendly_hours_count(self, turn: "Turn"):
        """Return whether there are friendly hours, and no credit that closes the switch anyway."""
        configured = turn.settings
        return (
            configured.friendly_from != configured.friendly_to and turn.state.register.credit <= 0
        )

    def _opened(self, turn: "Turn"):
        """The load is about to be cut off: what was used up stays used up, and people see why."""
        turn.meter.checkpoint()
        turn.power = PowerMeter(turn.now_ms)
        if turn.relay_reason not in (decision.TEST, decision.FAULT):
            self._answers.dismiss()

    def _order(self, turn: "Turn"):
        turn.supervisor.at = "load switch"
        stopped_following = self._switching.order(turn.closed, turn.now_ms)
        turn.supervisor.at = self.name
        if stopped_following:
            self._hold("load switch", turn)

    def _hold(self, part, turn: "Turn"):
        """Hold the supply off for a while: `part` does not follow; a restart would not help."""
        turn.news = True
        turn.notes.add_fault(part, "error")
        self._hold_until_ms = turn.now_ms + faults.hold_ms(turn.notes.faults)
        self._calm_ms = turn.now_ms + faults.CALM_MS
        self._answers.not_following(part, turn.now_ms)
