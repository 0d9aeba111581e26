"""Rounds: gives each part that is due its turn, and says when the next one is due."""

from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from panel.answers import Answers
    from panel.credit_screen import CreditScreen
    from panel.keys import Keys
    from panel.panel import Panel
    from supply.contactor import Contactor

    from meter.inbox import Inbox
    from meter.metering import Metering
    from meter.supervisor import Supervisor
    from meter.turn import Turn

    Part = Metering | Contactor | Keys | Inbox | Panel | Answers | CreditScreen

_REST_MS = const(10_000)  # no part rests longer
_HEARD_MS = const(1000)  # by then a part has its turn that came before the one with news


class Rounds:
    """Gives parts, see meter.turn, their turns in the sight of `supervisor`.

    parts: in the order of their turns.
    """

    def __init__(self, supervisor: "Supervisor", now_ms: int):
        self._supervisor = supervisor
        self.parts: tuple[Part, ...] = ()
        self._due_ms = []
        self._parts_ms = self._next_ms = now_ms  # when a part is due, and when anything is

    def add(self, part, now_ms: int, before=None):
        """Let `part` have its turn before the part `before`, or after all of them."""
        at = len(self.parts) if before is None else self.parts.index(before)
        self.parts = self.parts[:at] + (part,) + self.parts[at:]
        self._due_ms.insert(at, now_ms)
        self._parts_ms = now_ms

    def step(self, turn: "Turn") -> int:
        """Give each part that is due its turn; return the milliseconds until the next one is.

        Before anything is due, all parts have their turn.
        """
        now_ms = turn.now_ms
        if now_ms < self._next_ms:
            turn.news = True
        if turn.news or now_ms >= self._parts_ms:
            self._pass_through(turn, now_ms)
        self._supervisor.at = "program"
        self._next_ms = min(self._parts_ms, now_ms + self._supervisor.round_ended(now_ms))
        return self._next_ms - now_ms

    def _pass_through(self, turn: "Turn", now_ms):
        """Give each part that is due its turn, and after news every part."""
        due_ms, news, at = self._due_ms, turn.news, 0
        for part in self.parts:
            if news or now_ms >= due_ms[at]:
                self._supervisor.at = part.name
                turn.news = news and at == 0
                due_ms[at] = now_ms + min(_REST_MS, part.step(turn))
                if turn.news:
                    self._hear(at, now_ms + _HEARD_MS)
                    news = True
            at += 1  # noqa: SIM113  enumerate would make a tuple for each part
        turn.news = False
        self._parts_ms = min(due_ms)

    def _hear(self, news_at, by_ms):
        """Let the parts before the one with news have a turn by `by_ms`; the others are next."""
        for at in range(news_at):
            self._due_ms[at] = min(self._due_ms[at], by_ms)
