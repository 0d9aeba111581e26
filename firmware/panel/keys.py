"""The part keypad: keys become tokens and short codes."""

from account.meter import NotProvisioned
from micropython import const
from ports.record_store import StoreFailed

from panel import beeper, screens, token_entry

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from collections.abc import Callable

    from ports.keypad import Keypad

    from panel.answers import Answers
    from panel.contracts import Inbox, Turn
    from panel.panel import Panel

_KEYS_A_TURN = const(32)  # a keypad that never ends its keys must not stop the metering
_REST_MS = const(1000)


class Keys:
    """Reads `keypad`, a ports.keypad.Keypad or None, and takes keys from elsewhere.

    entry: the TokenEntry. panel: the Panel that shows it. inbox: where tokens go. answers:
    what sounds. test_parts: takes the turn, and tells what a look at all parts finds.
    """

    name = "keypad"

    def __init__(
        self,
        keypad: "Keypad | None",
        entry: "token_entry.TokenEntry",
        panel: "Panel",
        inbox: "Inbox",
        answers: "Answers",
        test_parts: "Callable[[Turn], None]",
    ):
        self._keypad = keypad
        self._entry = entry
        self._panel = panel
        self._inbox = inbox
        self._answers = answers
        self._test_parts = test_parts
        self._stuck = ""

    def step(self, turn: "Turn") -> int:
        """Take the keys that were pressed, and drop an entry that nobody goes on with."""
        if self._entry.expire(turn.now_ms):
            turn.news = True
            self._answers.play(beeper.DROPPED, turn.now_ms)
        due_ms = self._read(turn)
        left_ms = self._entry.due_ms(turn.now_ms)
        return due_ms if left_ms is None else min(due_ms, left_ms)

    def press(self, key: str, turn: "Turn"):
        """Take one key, of ports.keypad.KEYS."""
        turn.news = True
        what, digits = self._entry.press(key, turn.now_ms, self._panel.is_telling)
        if what == token_entry.KEPT:
            self._panel.keep(turn.now_ms)
            return
        self._answers.play(beeper.KEY, turn.now_ms)
        if what == token_entry.NEXT_PAGE:
            self._panel.turn_page(turn.now_ms)
        else:
            self._panel.dismiss()
        if what == token_entry.CODE or (what == token_entry.TOKEN and _is_code(digits, turn)):
            self._call_up_code(digits, turn)
        elif what == token_entry.TOKEN:
            self._enter(digits, turn)

    def _read(self, turn: "Turn"):
        keypad = self._keypad
        if keypad is None:
            return _REST_MS
        for _ in range(_KEYS_A_TURN):
            key = keypad.read()
            if key is None:
                self._tell_stuck(keypad.stuck, turn)
                return keypad.due_ms()
            self.press(key, turn)
        return 1

    def _enter(self, digits, turn: "Turn"):
        turn.supervisor.at = "token"
        try:
            self._inbox.enter(digits, turn)
        except (NotProvisioned, StoreFailed):
            pass  # shown; there is nobody else to tell
        turn.supervisor.at = self.name

    def _tell_stuck(self, keys, turn: "Turn"):
        """The others still work; what was entered is dropped, for it may be the stuck key's."""
        if keys != self._stuck:
            self._stuck = keys
            turn.news = True
            if keys:
                self._entry.press("C", turn.now_ms)
                stuck = screens.message("KEY STUCK", keys, "Let go of it")
                self._panel.call_up([stuck], turn.now_ms)

    def _call_up_code(self, code, turn: "Turn"):
        from panel import short_codes  # a board reads it when the first code comes

        if code == short_codes.SELF_TEST:
            self._test_parts(turn)
            return
        change = short_codes.changed(code, turn.settings)
        try:
            if change is not None:
                turn.notes.configure(change[0])
                screen = change[1]
            elif code == short_codes.EMERGENCY:
                screen = self._call_up_emergency(turn)
            else:
                screen = short_codes.screen(code, turn.view(fresh=True))
        except StoreFailed:
            screen = screens.not_stored()
        screen = screen or screens.message("No such code", "#" + code)
        self._panel.call_up([screen], turn.now_ms)

    def _call_up_emergency(self, turn: "Turn"):
        emergency_wh = turn.settings.emergency_wh
        if not emergency_wh:
            return screens.message("No emergency", "credit here")
        if turn.state.register.credit > 0:
            return screens.message("Emergency credit", "when credit is 0")
        turn.meter.set_emergency(True)
        self._inbox.supply(turn)
        return screens.message(
            "EMERGENCY credit", "%s kWh" % screens.kwh(emergency_wh), "to be repaid"
        )


def _is_code(digits, turn: "Turn"):
    """Whether digits that Enter ended are a short code, in a dialect without the leading #."""
    return turn.settings.profile == "pln" and len(digits) <= token_entry.CODE_DIGITS_MAX
