"""The inbox: the one place where the digits of every carrier arrive.

The keypad and the service port are answered at once, in `enter`, so nobody on a network makes
them wait. What networks bring waits here, and one is entered a step.
"""

from collections import namedtuple

from account import carrier
from account.meter import NotProvisioned
from journal import events, history
from micropython import const
from ports.record_store import StoreFailed
from sts import results

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from panel.answers import Answers
    from panel.contracts import Turn
    from supply.contactor import Contactor

#: Most tokens that wait; who finds no room keeps his token and asks again.
CAPACITY = const(8)
_REST_MS = const(10_000)

#: digits: as they came, without spaces. by: of account.carrier. settle: called with the Outcome,
#: see account.outcome, once the token was entered and all of it is stored; with None when nothing
#: was done because the meter has no key, or its store does not take it.
_Waiting = namedtuple("_Waiting", ("digits", "by", "settle"))


class Inbox:
    """Takes tokens for the meter. contactor: follows at once. answers: tell what became of it."""

    name = "token"

    def __init__(self, contactor: "Contactor", answers: "Answers"):
        self._contactor = contactor
        self._answers = answers
        self._waiting = []

    @property
    def room(self) -> int:
        """How many tokens may come now."""
        return CAPACITY - len(self._waiting)

    def offer(self, digits: str, by: int, settle):
        """Let a token wait, see _Waiting; return what `withdraw` takes, None without room."""
        if not self.room:
            return None
        waiting = _Waiting(digits, by, settle)
        self._waiting.append(waiting)
        return waiting

    def withdraw(self, waiting):
        """Let a token wait no more: it is not entered, and nobody hears of it."""
        self._waiting.remove(waiting)

    def step(self, turn: "Turn") -> int:
        """Enter the token that waits longest."""
        if self._waiting:
            waiting = self._waiting.pop(0)
            try:
                outcome = self.enter(waiting.digits, turn, waiting.by)
            except (NotProvisioned, StoreFailed):
                outcome = None
            waiting.settle(outcome)
        return 1 if self._waiting else _REST_MS  # who offers one tells the turn the news

    def enter(self, digits: str, turn: "Turn", by: int = carrier.MANUAL):
        """Take a token from the carrier `by`, show and sound its Outcome, and return that.

        A token that a network brought in vain is not shown or sounded: the person at the meter
        did nothing. Raises NotProvisioned, StoreLost or StoreFailed, after showing it.
        """
        turn.news = True
        key = turn.state.key
        try:
            outcome = turn.meter.enter(digits, turn.now_ms, by)
        except (NotProvisioned, StoreFailed) as refused:
            if by != carrier.REMOTE:
                self._answers.refused(refused, turn.now_ms)
            raise
        if turn.state.key is not key:
            turn.log(events.NEW_KEY)
        self._note(outcome, digits, turn, by)
        if outcome.tests:
            self._begin(outcome.tests, turn)
        self.supply(turn)  # before the screen says Accept, the light is on
        if by != carrier.REMOTE or outcome.missing or outcome.result == results.ACCEPT:
            self._answers.outcome(outcome, self._contactor.faulty, turn, by)
        return outcome

    def supply(self, turn: "Turn"):
        """Let the load switch follow what has just changed."""
        before, turn.supervisor.at = turn.supervisor.at, self._contactor.name
        self._contactor.step(turn)
        turn.supervisor.at = before

    def _begin(self, tests, turn: "Turn"):
        """Begin what somebody else than the display has to do for `tests`."""
        from account import requested_tests  # a board reads it when the first test token comes

        if requested_tests.LOAD_SWITCH in tests:
            self._contactor.begin_test(turn.now_ms)

    def _note(self, outcome, digits, turn: "Turn", by):
        if outcome.result == results.CRC and turn.meter.lockout_ms(turn.now_ms, by):
            turn.log(events.LOCK_OUT)
        if history.is_worth_noting(outcome):
            turn.notes.note(outcome, digits, by)
