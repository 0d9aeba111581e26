"""The part metering: takes the energy of the pulses off the credit.

It watches the supply, the cover and the store too, so that no used energy is lost.
"""

from account import flags, tariff
from journal import events
from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from panel.answers import Answers
    from ports import Ports
    from ports.brown_out import BrownOut
    from ports.pulse_source import PulseSource
    from ports.tamper import Tamper

    from meter.turn import Turn

_REST_MS = const(1000)
_STORE_TRY_MS = const(60_000)
_SETTLED_MS = const(10_000)  # without a warning, until the supply counts as good again


class Metering:
    """Counts the energy of `ports.pulses`. answers: shows people what they must know."""

    name = "metering"

    def __init__(self, ports: "Ports", answers: "Answers", now_ms: int):
        self._pulses: PulseSource = ports.pulses
        self._tamper: Tamper | None = ports.tamper
        self._brown_out: BrownOut | None = ports.brown_out
        self._answers = answers
        self._count_ms = now_ms
        self._store_failing = False
        self._store_try_ms = self._settled_ms = now_ms

    def step(self, turn: "Turn") -> int:
        """Count the pulses when it is time to, and at once when the supply fails."""
        failing = self._supply_fails(turn)
        if failing or turn.news or turn.now_ms >= self._count_ms:
            self._count(turn, failing)
        due_ms = self._count_ms - turn.now_ms
        return due_ms if self._brown_out is None else min(due_ms, self._brown_out.poll_ms)

    def _count(self, turn: "Turn", failing):
        self._consume(turn)
        if failing:
            self._save(turn)
        self._watch_cover(turn)
        self._watch_store(turn)
        if turn.meter.expire_key_change(turn.now_ms):
            turn.news = True
            self._answers.key_change_dropped(turn.now_ms)
        turn.supervisor.at = "pulses"
        due_ms = self._pulses.due_ms()
        turn.supervisor.at = self.name
        if due_ms > _REST_MS:
            due_ms = self._rest_ms(turn, due_ms)
        self._count_ms = turn.now_ms + due_ms

    def _rest_ms(self, turn: "Turn", due_ms):
        """Return how long to rest when the next pulse is expected in `due_ms`, which is long."""
        if self._store_failing or turn.meter.state.key_change:
            return _REST_MS
        if self._tamper is not None:
            due_ms = min(due_ms, self._tamper.poll_ms)
        steady_ms = turn.power.steady_ms(turn.now_ms, turn.state.identity.imp_per_kwh)
        return min(due_ms, steady_ms + 1 if steady_ms else _REST_MS)

    def take_pulses(self, turn: "Turn") -> int:
        """Count what was used up since the last time; return the pulses."""
        turn.supervisor.at = "pulses"
        pulses = self._pulses.take()
        turn.supervisor.at = self.name
        if pulses:
            turn.news = True
            period = tariff.period_of(turn.time()) if turn.meter.kept.steps else 0
            turn.meter.consume(pulses, period)
        return pulses

    def _consume(self, turn: "Turn"):
        turn.power.add(self.take_pulses(turn), turn.now_ms, turn.state.identity.imp_per_kwh)
        turn.measure()

    def _supply_fails(self, turn: "Turn"):
        if self._brown_out is None:
            return False
        turn.supervisor.at = "brown-out"
        failing = self._brown_out.failing()
        turn.supervisor.at = self.name
        return failing

    def _save(self, turn: "Turn"):
        """Store the used energy at once when the supply begins to fail.

        Only once: a supply that sags for long, or flickers, must not wear the store out. The
        usual checkpoints go on meanwhile.
        """
        if turn.now_ms >= self._settled_ms:
            turn.meter.checkpoint()
        self._settled_ms = turn.now_ms + _SETTLED_MS

    def _watch_cover(self, turn: "Turn"):
        if self._tamper is None:
            return
        turn.supervisor.at = "tamper"
        open_ = self._tamper.active()
        turn.supervisor.at = self.name
        state = turn.state
        if open_ and flags.has(state.flags, flags.DETECT_TAMPER) and not state.tamper:
            turn.meter.detect_tamper()
            if turn.state.tamper:
                turn.news = True
                turn.log(events.TAMPER)

    def _watch_store(self, turn: "Turn"):
        """Log that the store began to fail; what it refused is tried again each minute."""
        failing = turn.meter.kept.failing
        if failing and turn.now_ms >= self._store_try_ms:
            self._store_try_ms = turn.now_ms + _STORE_TRY_MS
            turn.meter.checkpoint()
        if failing and not self._store_failing:
            turn.log(events.STORE_FAULT)
        self._store_failing = failing
