"""The tables of DLMS: energy each quarter of an hour, and tokens as they were entered.

Rows are written only while the meter's clock shows the time, and their times ascend. If the clock
is set back by more than a day, rows from before have false times and are forgotten. If it is set
back by less, the table waits until the clock has passed its last row.
"""

import struct

from account import carrier
from dlms import axdr
from dlms.facts import Rows
from micropython import const
from ports.clock import FIRST_YEAR, seconds, weekday
from sts import results, tid

from carriers import dlms_status

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App
    from ports import Ports
    from ports.row_store import RowStore

PERIOD_S = const(900)
_DAY_S = const(86_400)
_LATE_S = const(60)
_CLOCK_MS = const(5000)  # between two looks at the clock
_U32 = const(0xFFFFFFFF)
_LOAD, _TOKEN = "<II", "<IBBi"
_I32 = const(0x7FFFFFFF)


class Table(Rows):
    """Rows with a time in each, in `store`, a ports.row_store.RowStore."""

    form = ""

    def __init__(self, store: "RowStore"):
        self._store = store
        self.capacity = store.capacity
        self._last_s = self._packed(store.count() - 1)[0] if store.count() else 0

    def count(self):
        return self._store.count()

    def row(self, place):
        packed = self._packed(place)
        return time_of(packed[0]), self.values(packed)

    def values(self, packed):
        """Return what a row holds behind its time, in A-XDR."""
        raise NotImplementedError

    def add(self, now_s: int, *values):
        """Add a row of the time `now_s`, seconds since 2000. Raises OSError."""
        if now_s < self._last_s - _DAY_S:
            self._store.clear()
        elif now_s < self._last_s:
            now_s = self._last_s
        self._store.append(struct.pack(self.form, now_s, *values))
        self._last_s = now_s

    def _packed(self, place):
        try:
            return struct.unpack(self.form, self._store.row(place))
        except OSError:
            return (0,) * len(struct.unpack(self.form, bytes(struct.calcsize(self.form))))


class Load(Table):
    """The total energy at each quarter of an hour."""

    form = _LOAD

    def values(self, packed):
        return [axdr.number(axdr.U32, packed[1])]

    def step(self, now_s: int, total_wh: int):
        """Add a row if a quarter of an hour has just begun. Raises OSError.

        One that began while the meter was without power has no row: nobody read the total then.
        """
        quarter_s = now_s - now_s % PERIOD_S
        is_new = quarter_s > self._last_s or now_s < self._last_s - _DAY_S
        if is_new and now_s - quarter_s < _LATE_S:
            self.add(quarter_s, min(total_wh, _U32))


class Tokens(Table):
    """Tokens that the meter had to read, of every carrier: status, delivery and amount."""

    form = _TOKEN

    def values(self, packed):
        _time_s, result, by, amount = packed
        name = results.NAMES[result - 1] if 0 < result <= len(results.NAMES) else results.FORMAT
        return [
            dlms_status.encoded(dlms_status.of(name)),
            axdr.number(axdr.ENUM, dlms_status.delivery(by if by in carrier.ALL else 0)),
            axdr.number(axdr.I32, amount),
        ]

    def note(self, now_s: int, entry):
        """Add a row for `entry`, a journal.history.Entry. Raises OSError."""
        amount = min(max(entry.amount, -_I32), _I32)
        self.add(now_s, dlms_status.number(entry.result), entry.by, amount)


def now_s(clock):
    """Return the seconds since 2000 that `clock`, a ports.clock.Clock, tells; None if none."""
    now = clock.now() if clock is not None else None
    return None if now is None else seconds(*(now[:3] + now[4:]))


def time_of(time_s):
    """Return (year, month, day, hour, minute, second, weekday 1 to 7); None stays None."""
    if time_s is None:
        return None
    minutes, second = divmod(time_s, 60)
    year, month, day, hour, minute = tid.date(minutes, FIRST_YEAR)
    return year, month, day, hour, minute, second, weekday(year, month, day) + 1


class Tables:
    """The tables of `app`, a meter.app.App, in the rows of `ports`, ports.Ports."""

    def __init__(self, app: "App", ports: "Ports"):
        self._app = app
        self.load, self.tokens = Load(ports.rows("load")), Tokens(ports.rows("tokens"))
        self._noted = app.notes.history[0] if app.notes.history else None
        self._clock_ms = 0

    def step(self, now_ms: int):
        """Write what is due: tokens as they come, the load when its quarter is over."""
        history = self._app.notes.history
        new = history[0] if history else None
        if now_ms < self._clock_ms and new is self._noted:
            return
        self._clock_ms = now_ms + _CLOCK_MS
        time_s = now_s(self._app.clock)
        try:
            if time_s is not None:
                self.load.step(time_s, self._app.meter.state.register.total_wh)
                self._write_tokens(time_s, history)
        except OSError:
            pass  # no credit depends on it; the next row may find a better place
        self._noted = new

    def _write_tokens(self, time_s, history):
        new = []
        for entry in history:
            if entry is self._noted:
                break
            new.insert(0, entry)
        for entry in new:
            self.tokens.note(time_s, entry)
