"""Which keys were pressed, from scans of a key matrix.

A scan is a bit mask: bit `row * columns + column` is set while that key is down.
Scans lie further apart than a contact bounces (16 ms and more), so each key is
seen once on either side of its bouncing, and no scan needs a second one to
confirm it.

Three keys at the corners of a rectangle close the circuit of the fourth: a scan
that holds a rectangle is not believed. A key that is down when power comes, or
for more than 10 s, is stuck: it is left out until it was let go.

Knows no hardware and no clock of its own.
"""

from micropython import const

HOLD_MS = const(1000)
STUCK_MS = const(10_000)
_QUEUE_MAX = const(16)  # keys; as many as a hasty hand presses during a second of flash erase


class KeyMatrix:
    """Turns scans into key presses.

    keys: the labels, row by row. columns: how many there are in a row. On a pad
    without letters, * held for a second reports C as well; the * itself has been
    reported when it went down.
    """

    def __init__(self, keys: str, columns: int):
        self._keys = keys
        self._columns = columns
        self._down = -1  # mask believed last, -1 before the first scan
        self._stuck = 0
        self._since_ms = 0
        self._star = 1 << keys.index("*") if "C" not in keys else 0
        self._queue = ""

    @property
    def stuck(self) -> str:
        """The keys that are stuck, "" when all is well."""
        return self._labels(self._stuck) if self._stuck else ""

    def scanned(self, mask: int, elapsed_ms: int):
        """Take the scan `mask`, made `elapsed_ms` after the one before it."""
        if self._down < 0:
            self._down = self._stuck = mask
        if not mask and not self._down:  # as a rule
            self._stuck = 0
            return
        if self._has_rectangle(mask):
            return
        self._stuck &= mask
        pressed = mask & ~self._down
        if mask != self._down:
            self._down = mask
            self._since_ms = 0
            self._queue = (self._queue + self._labels(pressed))[:_QUEUE_MAX]
        else:
            self._held(elapsed_ms)

    def take(self):
        """Return the next key pressed, or None."""
        if not self._queue:
            return None
        key, self._queue = self._queue[0], self._queue[1:]
        return key

    def _held(self, elapsed_ms):
        before_ms = self._since_ms
        self._since_ms = min(before_ms + elapsed_ms, STUCK_MS)
        only_star = self._star and self._down == self._star and not self._stuck
        if only_star and before_ms < HOLD_MS <= self._since_ms:
            self._queue = (self._queue + "C")[:_QUEUE_MAX]
        if self._since_ms >= STUCK_MS:
            self._stuck = self._down

    def _has_rectangle(self, mask):
        """Return whether two rows share two columns or more."""
        columns = self._columns
        while mask:
            row = mask & (1 << columns) - 1
            mask = others = mask >> columns
            while others:
                both = row & others  # of the lowest of them
                if both & (both - 1):
                    return True
                others >>= columns
        return False

    def _labels(self, mask):
        return "".join([key for bit, key in enumerate(self._keys) if mask >> bit & 1])
