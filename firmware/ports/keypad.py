"""Port: the keypad."""

#: Every key a keypad may report. A 3x4 keypad has no letters and reports C when * is held.
KEYS = "0123456789*#ABCD"


class Keypad:
    """Reports key presses, debounced, each once.

    stuck: the keys that do not come up again and are left out, "" when all is well.
    """

    stuck = ""

    def read(self):
        """Return the next key pressed, one of `KEYS`, or None. Never blocks."""
        raise NotImplementedError

    def due_ms(self) -> int:
        """Return in how many milliseconds `read` wants to be called again, 1 or more."""
        raise NotImplementedError
