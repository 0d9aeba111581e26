"""Token entry: what the keys pressed so far mean.

    0-9   a digit of the token, or of a short code
    #     Enter; with nothing entered it begins a short code, which # ends
    *     takes back the last digit; with nothing entered it turns to the next page
    A     next page (About)     B  like * (Back)     C  clears     D  like # (Done)

The twentieth digit enters the token by itself. A person who presses Enter after
it, as on other meters, keeps the answer on show: that # begins no code. If up to five
digits and # follow, they are a short code all the same; more are the next token.

After 30 s without a key the entry is dropped. Keypads without letters report C when
* is held.

Pure: no ports, no clock of its own.
"""

from micropython import const

TOKEN_DIGITS = const(20)
CODE_DIGITS_MAX = const(5)
TIMEOUT_MS = const(30_000)

#: What a key press led to; with TOKEN and CODE go the digits entered.
NOTHING, CHANGED, TOKEN, CODE, NEXT_PAGE, CANCELLED, KEPT = range(7)


class TokenEntry:
    """Digits on their way in. `digits`: those entered. `is_code`: they are a short code."""

    def __init__(self):
        self._entered = False  # the last key was the twentieth digit of a token
        self._drop()

    @property
    def active(self) -> bool:
        """Whether an entry has begun and is not ended."""
        return self.is_code or self.digits != ""

    def press(self, key: str, now_ms: int, answered: bool = False):
        """Take one key of ports.keypad.KEYS; return (what it led to, digits or "").

        answered: the answer to the last token is still on show.
        """
        self.expire(now_ms)
        self._deadline_ms = now_ms + TIMEOUT_MS
        answered, self._entered = answered and self._entered, False
        if key in "0123456789":
            return self._digit(key)
        if key in "#D":
            return self._enter(answered)
        if key in "*B":
            return self._back()
        if key == "C":
            return self._cancel() if self.active else (CANCELLED, "")
        return (NOTHING, "") if self.active else (NEXT_PAGE, "")

    def expire(self, now_ms: int) -> bool:
        """Drop an entry without a key for 30 s; return whether one was dropped."""
        if self.active and now_ms >= self._deadline_ms:
            self._drop()
            return True
        return False

    def due_ms(self, now_ms: int):
        """Return the milliseconds until the entry would be dropped, None if there is none."""
        return max(1, self._deadline_ms - now_ms) if self.active else None

    def _digit(self, key):
        if self.is_code and len(self.digits) == CODE_DIGITS_MAX:
            return NOTHING, ""
        self.digits += key
        if not self.is_code and len(self.digits) == TOKEN_DIGITS:
            self._entered = True
            return self._finished(TOKEN)
        return CHANGED, ""

    def _enter(self, answered):
        if not self.active:
            self.is_code, self._may_be_code = not answered, answered
            return (KEPT if answered else CHANGED), ""
        if self.is_code and not self.digits:
            return self._cancel()
        may_be_code = self._may_be_code and len(self.digits) <= CODE_DIGITS_MAX
        return self._finished(CODE if self.is_code or may_be_code else TOKEN)

    def _back(self):
        if not self.active:
            return NEXT_PAGE, ""
        if len(self.digits) <= 1 and not (self.is_code and self.digits):
            return self._cancel()
        self.digits = self.digits[:-1]
        return CHANGED, ""

    def _cancel(self):
        self._drop()
        return CANCELLED, ""

    def _finished(self, what):
        digits = self.digits
        self._drop()
        return what, digits

    def _drop(self):
        self.digits, self.is_code, self._deadline_ms = "", False, 0
        self._may_be_code = False  # a # stands before the digits: the Enter of the token before
