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
        reached = {pin}
        growing = True
        while growing:
            before = len(reached)
            for row, column in self._closed(time_ns):
                if row in reached or column in reached:
                    reached |= {row, column}
            growing = len(reached) > before
        for row in self._rows:
            if row in reached and WORLD.wire(row).output == 0:
                return 0
        return None

    def is_steady(self, time_ns):
        """Return whether no level changes from `time_ns` on until a key is pressed or let go."""
        for _down, since_ns in self._down.values():
            if time_ns - since_ns < self._bounce_ns:
                return False
        return True

    def _change(self, keys, down):
        WORLD.settle()
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
