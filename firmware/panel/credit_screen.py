"""The part credit display: keeps an extra display of the credit up to date."""

from micropython import const

from panel import view as views

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.credit_display import CreditDisplay

    from panel.contracts import Turn

_TRY_MS = const(1000)
_REST_MS = const(10_000)


class CreditScreen:
    """Drives `display`, a ports.credit_display.CreditDisplay.

    Updates it once a second at most, also while the display does not answer.
    """

    name = "credit display"

    def __init__(self, display: "CreditDisplay", now_ms: int):
        self._display = display
        self._credit_wh = None
        self._next_ms = now_ms

    def step(self, turn: "Turn") -> int:
        """Show the credit if it is another one than before."""
        if turn.now_ms < self._next_ms:
            return self._next_ms - turn.now_ms
        credit_wh = views.credit_wh(turn)
        if credit_wh != self._credit_wh:
            self._next_ms = turn.now_ms + _TRY_MS
            self._show(credit_wh)
        return _REST_MS if self._credit_wh == credit_wh else _TRY_MS

    def _show(self, credit_wh):
        try:
            self._display.show_wh(credit_wh)
            self._credit_wh = credit_wh
        except OSError:
            self._credit_wh = None  # a display that came loose is no reason not to meter
