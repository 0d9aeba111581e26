"""Presses keys of the meter: two analogue switches join a row of its pad to a column.

One selects the row, one the column, and between them lies the only contact there is: so one
key at a time, and nothing is connected while the address changes.
"""

_PAD_ROWS = 4


class KeyPresser:
    """The keys of a pad of four rows.

    rows, columns: the two address pins of either switch, the low bit first, outputs.
    off: an output; while it is high no key is down. keys: the labels, row by row.
    """

    def __init__(self, rows, columns, off, keys: str):
        self._rows = rows
        self._columns = columns
        self.off = off
        self.keys = keys
        self._waiting = ""
        self._hold_ms = self._gap_ms = 0
        self._due_ms = 0
        self._down = False

    @property
    def left(self) -> int:
        """How many keys are still to be let go."""
        return len(self._waiting)

    def press(self, keys: str, hold_ms: int, gap_ms: int, now_ms: int):
        """Press `keys` one after the other, each for `hold_ms`, `gap_ms` apart.

        It is done by `step`. Raises ValueError for a key that this pad does not have.
        """
        for key in keys:
            if key not in self.keys:
                raise ValueError("keys: this pad has only " + self.keys)
        self.stop()
        self._waiting, self._hold_ms, self._gap_ms = keys, hold_ms, gap_ms
        self._due_ms = now_ms

    def stop(self):
        """Let go, and forget what was still to be pressed."""
        self.off.value(1)
        self._waiting, self._down = "", False

    def step(self, now_ms: int) -> int:
        """Do what is due; return in how many milliseconds to come again, -1 for never."""
        if not self._waiting:
            return -1
        if now_ms >= self._due_ms:
            if self._down:
                self.off.value(1)
                self._waiting = self._waiting[1:]
            else:
                self._select(self._waiting[0])
                self.off.value(0)
            self._down = not self._down
            self._due_ms = now_ms + (self._hold_ms if self._down else self._gap_ms)
        return self._due_ms - now_ms

    def _select(self, key):
        row, column = divmod(self.keys.index(key), len(self.keys) // _PAD_ROWS)
        for bit in (0, 1):
            self._rows[bit].value(row >> bit & 1)
            self._columns[bit].value(column >> bit & 1)
