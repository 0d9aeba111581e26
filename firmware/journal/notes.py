"""Notes: owns and writes the cold record: settings, events, faults and history.

No credit depends on that record. It is written seldom: once for each token, for each
event, for each fault and for each change of a setting.

    version u8 | faults | settings | events | history, see the modules of these names
"""

from account.register import CREDIT_MAX_CURRENCY, CREDIT_MAX_WH
from micropython import const
from ports.record_store import GOOD, LOST, StoreFailed

from journal import events, faults, history, settings

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.record_store import RecordStore

_VERSION = b"\x02"


class Notes:
    """What the cold record holds, on `store`, a RecordStore, or None to keep it in RAM only.

    health: of ports.record_store; after LOST the settings are the defaults.
    """

    def __init__(self, store: "RecordStore | None"):
        self._store = store
        self.faults = faults.NONE
        self.settings, self.events, self.history = settings.default(), (), ()
        self.health = GOOD if store is None else store.health
        record = store.load() if store is not None else None
        if record:
            try:
                self.faults, self.settings, self.events, self.history = _read(record)
            except (ValueError, IndexError):  # of another version of the firmware
                self.health = LOST

    def configure(self, new):
        """Make `new`, Settings, those of the meter. One commit. Raises StoreFailed."""
        self._commit(new, self.events, self.history)

    def begin(self, new):
        """As `configure`, for a meter that is being provisioned.

        The history ends: its amounts may be in another unit.
        """
        self._commit(new, self.events, ())

    def log(self, codes, total_wh: int, keep: bool = True):
        """Put the events `codes` into the log. One commit; if it fails, the log is in RAM only.

        keep: False to leave the store as it is.
        """
        noted = self.events
        for code in codes:
            noted = events.noted(noted, code, total_wh)
        self.events = noted
        try:
            if keep and codes:
                self._commit(self.settings, noted, self.history)
        except StoreFailed:
            pass  # nothing depends on it

    def note(self, outcome, digits: str, by: int):
        """Put the Outcome of a token that the carrier `by` brought into the history. One commit.

        A history that cannot be written is no reason to take back a token: it
        is then kept in RAM only.
        """
        noted = history.noted(self.history, history.entry(outcome, digits, by))
        try:
            self._commit(self.settings, self.events, noted)
        except StoreFailed:
            self.history = noted

    def add_fault(self, part: str, kind: str):
        """Add a fault to the faults. One commit."""
        self._keep_faults(faults.noted(self.faults, part, kind))

    def restarted(self, by_watchdog: bool):
        """Take note of a start of the meter. One commit, if a fault was behind it."""
        self._keep_faults(faults.restarted(self.faults, by_watchdog))

    def calm(self):
        """Take note of faults.CALM_MS without a fault. One commit, if there had been one."""
        if self.faults.row:
            self._keep_faults(faults.calmed(self.faults))

    def _keep_faults(self, new):
        """Make `new` the faults; in RAM only if they cannot be written or the record was lost."""
        if new == self.faults:
            return
        self.faults = new
        try:
            if self.health != LOST:
                self._commit(self.settings, self.events, self.history)
        except StoreFailed:
            pass  # the restart will find a watchdog that ran out

    def _commit(self, *parts):
        if self._store is not None:
            try:
                self._store.commit(_record(self.faults, *parts))
            except OSError:
                raise StoreFailed from None
        self.settings, self.events, self.history = parts


def _record(failed, new, seen, noted):
    return (
        _VERSION
        + faults.to_bytes(failed)
        + settings.to_bytes(new)
        + events.to_bytes(seen)
        + history.to_bytes(noted)
    )


def _read(record):
    """Return (faults, settings, events, history) of `record`. Raises ValueError, IndexError."""
    if record[:1] != _VERSION:
        raise ValueError("record of another version")
    rest = 1 + faults.SIZE
    failed = faults.from_bytes(record[1:rest])
    kept, rest = settings.from_bytes(record[rest:])
    seen, rest = events.from_bytes(rest)
    most = CREDIT_MAX_CURRENCY if kept.steps else CREDIT_MAX_WH
    most *= 2  # a token may take a meter from the deepest debt to the most credit
    return failed, kept, seen, history.from_bytes(rest, most)
