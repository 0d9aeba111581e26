"""A key pad on the pins of an emulated chip: contacts between rows and columns, nothing else.

So what a real pad does comes by itself: three keys at the corners of a rectangle
connect the fourth.
"""

from world import WORLD


class KeyPad:
    """rows, columns: pin numbers, top and left first. keys: the labels, row by row.

    bounce_ns: for so long after each change a contact closes and opens again.
    """

    _BOUNCE_HALF_NS = 700_000

    def __init__(self, rows, columns, keys, bounce_ns=0):
        self._rows, self._columns = tuple(rows), tuple(columns)
        self._keys = keys
        self._bounce_ns = bounce_ns
        self._changed_ns = -bounce_ns
        self._down = {}  # key: (is it down, since when)
        for pin in self._columns:
            WORLD.connect(pin, self)

    def press(self, keys):
        """Close the contacts of `keys`."""
        self._change(keys, True)

    def let_go(self, keys):
        """Open the contacts of `keys`."""
        self._change(keys, False)

    def level_at(self, pin, time_ns):
        """Return 0 if a row that is driven low reaches `pin` through closed contacts."""
        closed = self._closed(time_ns)
        if not closed:
            return None
        reached = {pin}
        growing = True
        while growing:
            before = len(reached)
            for row, column in closed:
                if row in reached or column in reached:
                    reached |= {row, column}
            growing = len(reached) > before
        for row in self._rows:
            if row in reached and WORLD.wire(row).output == 0:
                return 0
        return None

    def steady_since_ns(self):
        """Return since when no contact changes until a key is pressed or let go."""
        return self._changed_ns + self._bounce_ns

    def _change(self, keys, down):
        WORLD.settle()
        if self.steady_since_ns() <= WORLD.now_ns:  # what is open is at rest
            self._down = {key: state for key, state in self._down.items() if state[0]}
        self._changed_ns = WORLD.now_ns
        for key in keys:
            if key not in self._keys:
                raise ValueError("no such key")
            self._down[key] = (down, WORLD.now_ns)

    def _closed(self, time_ns):
        """Return (row pin, column pin) of each contact that is closed at `time_ns`."""
        closed = []
        for key, (down, since_ns) in self._down.items():
            age_ns = time_ns - since_ns
            if age_ns < self._bounce_ns and age_ns // self._BOUNCE_HALF_NS & 1:
                down = not down
            if down:
                row, column = divmod(self._keys.index(key), len(self._columns))
                closed.append((self._rows[row], self._columns[column]))
        return closed
