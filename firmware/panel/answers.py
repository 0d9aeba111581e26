"""The part buzzer: calls up screens and plays tunes for what happened."""

from account.meter import StoreLost
from micropython import const
from ports.record_store import StoreFailed
from sts import results

from panel import beeper, screens
from panel import view as views

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from supply.contracts import Watched

    from panel.beeper import Beeper
    from panel.contracts import Turn
    from panel.panel import Panel

_MS_PER_MIN = const(60_000)
_REST_MS = const(10_000)
_TRY_MS = const(1000)


class Answers:
    """Puts screens on `panel`, a panel.Panel, and tunes on `player`, a beeper.Beeper."""

    name = "buzzer"

    def __init__(self, panel: "Panel", player: "Beeper", supervisor: "Watched", now_ms: int):
        self._panel = panel
        self._player = player
        self._supervisor = supervisor
        self._alarm_ms = now_ms

    def step(self, turn: "Turn") -> int:
        """Warn of a credit that runs low; go on with the tune that sounds."""
        alarm_min = turn.settings.alarm_min
        is_due = alarm_min and turn.now_ms >= self._alarm_ms and views.is_low(turn)
        if is_due and not self._player.playing:
            self._alarm_ms = turn.now_ms + alarm_min * _MS_PER_MIN
            self.play(beeper.LOW_CREDIT, turn.now_ms)
        due_ms = self._player.step(turn.now_ms)
        if due_ms is not None:
            return due_ms
        if turn.now_ms < self._alarm_ms:
            return min(_REST_MS, self._alarm_ms - turn.now_ms)
        return _TRY_MS if is_due else _REST_MS  # another tune was first

    def outcome(self, outcome, switch_faulty: bool, turn: "Turn", by: int):
        """Tell the Outcome of a token that the carrier `by` brought.

        switch_faulty: the load switch does not follow.
        """
        from panel import outcomes  # a board reads it when the first token was entered

        called = outcomes.shown(outcome, switch_faulty, turn.view(), turn.lockout_s(by))
        self._panel.call_up(called, turn.now_ms)
        taken = outcome.result == results.ACCEPT or outcome.missing
        self.play(beeper.ACCEPT if taken else beeper.REJECT, turn.now_ms)

    def refused(self, reason, now_ms: int):
        """Tell why a token could not be looked at. reason: NotProvisioned or StoreFailed."""
        self._panel.call_up([_refusal_screen(reason)], now_ms)
        self.play(beeper.REJECT, now_ms)

    def key_change_dropped(self, now_ms: int):
        """Tell that a set of key change tokens was not completed in time."""
        self._panel.call_up([screens.key_change_dropped()], now_ms)
        self.play(beeper.DROPPED, now_ms)

    def parts_found(self, ports, turn: "Turn"):
        """Tell what a look at the parts of `ports` finds."""
        from panel import self_test  # a board reads it at its first start, and when asked

        self._panel.call_up(self_test.found(ports, turn), turn.now_ms)
        self.play(beeper.SELF_TEST, turn.now_ms)

    def not_following(self, part: str, now_ms: int):
        """Show that `part` does not follow its orders."""
        self._panel.call_up([screens.not_following(part)], now_ms)

    def dismiss(self):
        """End what was called up, for what comes now matters more."""
        self._panel.dismiss()

    def play(self, tune, now_ms: int):
        """Begin `tune`, of panel.beeper."""
        supervisor = self._supervisor
        before, supervisor.at = supervisor.at, self.name
        self._player.play(tune, now_ms)
        supervisor.at = before


def _refusal_screen(refused):
    if isinstance(refused, StoreFailed):
        return screens.not_stored()
    if isinstance(refused, StoreLost):
        return screens.message("NOT TAKEN", "Memory lost", "Keep the token", "Call your seller")
    return screens.message("Not provisioned", "No key yet")
