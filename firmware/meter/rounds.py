"""Rounds: who of the parts has a turn, and when the next one is due."""

from micropython import const

_REST_MS = const(10_000)  # no part rests longer
_HEARD_MS = const(1000)  # by then a part has its turn that came before the one with news


class Rounds:
    """Gives parts, see meter.turn, their turns in the sight of `supervisor`.

    parts: in the order of their turns.
    """

    def __init__(self, supervisor, now_ms: int):
        self._supervisor = supervisor
        self.parts, self._due_ms = (), []
        self._parts_ms = self._next_ms = now_ms  # when a part is due, and when anything is

    def add(self, part, now_ms: int, at: int):
        """Let `part` have its turn before the one that is number `at` now."""
        self.parts = self.parts[:at] + (part,) + self.parts[at:]
        self._due_ms.insert(at, now_ms)
        self._parts_ms = now_ms

    def step(self, turn) -> int:
        """Give each part that is due its turn; return the milliseconds until the next one is.

        Before anything is due, all parts have their turn.
        """
        supervisor, now_ms = self._supervisor, turn.now_ms
        turn.news = turn.news or now_ms < self._next_ms
        at_rest = not turn.news and now_ms < self._parts_ms
        if not at_rest:
            self._pass_through(turn, now_ms)
        supervisor.at = "program"
        self._next_ms = min(self._parts_ms, now_ms + supervisor.step(now_ms, at_rest))
        return self._next_ms - now_ms

    def _pass_through(self, turn, now_ms):
        """Give each part that is due its turn, and after news every part."""
        supervisor, due_ms = self._supervisor, self._due_ms
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
