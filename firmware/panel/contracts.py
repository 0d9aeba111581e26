"""Contracts that the panel has with what is above it: the turn, and where tokens go.

Nothing on a board imports this: it is what meter.turn.Turn and meter.inbox.Inbox keep, and costs
no memory.
"""

from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from typing import Protocol

    from account.outcome import Outcome
    from supply import contracts

    from panel.view import View

    class Turn(contracts.Turn, Protocol):
        """A step of the application, of which screens see a View: see meter.turn.Turn."""

        def view(self, fresh: bool = ...) -> View: ...

    class Inbox(Protocol):
        """Takes the tokens that are keyed in: see meter.inbox.Inbox."""

        def enter(self, digits: str, turn: Turn, by: int = ...) -> Outcome: ...

        def supply(self, turn: Turn) -> None: ...
