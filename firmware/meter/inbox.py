"""The inbox: the one place where the digits of every carrier arrive."""

from ports.record_store import StoreFailed
from sts import key_change, results

from meter import events, history, meter_test
from meter.meter import NotProvisioned


class Inbox:
    """Takes tokens for the meter. contactor: follows at once. answers: tell what became of it."""

    def __init__(self, contactor, answers):
        self._contactor = contactor
        self._answers = answers

    def enter(self, digits: str, turn):
        """Take a token, show and sound its Outcome, and return that.

        Raises NotProvisioned, StoreLost or StoreFailed, after showing it.
        """
        turn.news = True
        try:
            outcome = turn.meter.enter(digits, turn.now_ms)
        except (NotProvisioned, StoreFailed) as refused:
            self._answers.refused(refused, turn.now_ms)
            raise
        self._note(outcome, digits, turn)
        if meter_test.LOAD_SWITCH in outcome.tests:
            self._contactor.begin_test(turn.now_ms)
        self.supply(turn)  # before the screen says Accept, the light is on
        self._answers.outcome(outcome, self._contactor.faulty, turn)
        return outcome

    def supply(self, turn):
        """Let the load switch follow what has just changed."""
        before, turn.supervisor.at = turn.supervisor.at, self._contactor.name
        self._contactor.step(turn)
        turn.supervisor.at = before

    def _note(self, outcome, digits, turn):
        if outcome.result == results.ACCEPT and outcome.kind in key_change.SECTIONS:
            turn.log(events.NEW_KEY)
        elif outcome.result == results.CRC and turn.meter.lockout_ms(turn.now_ms):
            turn.log(events.LOCK_OUT)
        if history.is_worth_noting(outcome):
            turn.notes.note(outcome, digits)
