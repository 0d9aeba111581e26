"""Contracts that the contactor has with what is above it: the turn, and who shows people why.

Nothing on a board imports this: it is what meter.turn.Turn and panel.answers.Answers keep, and
costs no memory.
"""

from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from typing import Protocol

    from account.meter import Meter
    from account.state import MeterState
    from journal.notes import Notes
    from journal.settings import Settings

    from supply.power import PowerMeter

    class Watched(Protocol):
        """Knows the part, or the port, that is at work: see meter.supervisor.Supervisor."""

        at: str

    class Turn(Protocol):
        """A step of the application, as its parts see it: see meter.turn.Turn."""

        meter: Meter
        notes: Notes
        power: PowerMeter
        now_ms: int
        closed: bool
        relay_reason: str
        news: bool

        @property
        def supervisor(self) -> Watched: ...

        @property
        def state(self) -> MeterState: ...

        @property
        def settings(self) -> Settings: ...

        def lockout_s(self, by: int = ...) -> int: ...

        def time(self) -> tuple | None: ...

        def log(self, code: int) -> None: ...

    class Answers(Protocol):
        """Shows what the contactor has to say: see panel.answers.Answers."""

        def not_following(self, part: str, now_ms: int) -> None: ...

        def dismiss(self) -> None: ...
