"""Notes: owner of the cold record, which holds the settings, the events and the history.

No credit depends on it. It is written seldom: once for each token, for each event
and for each change of a setting.

    version u8 | settings | events | history, see the modules of these names
"""

from ports.record_store import GOOD, LOST

from meter import events, history, settings

_VERSION = b"\x02"


class Notes:
    """Settings, events and history on `store`, a RecordStore, or None to keep them in RAM only.

    health: of ports.record_store; after LOST the settings are the defaults.
    """

    def __init__(self, store):
        self._store = store
        self.settings, self.events, self.history = settings.default(), (), ()
        self.health = GOOD if store is None else store.health
        record = store.load() if store is not None else None
        if record:
            try:
                self.settings, self.events, self.history = _read(record)
            except (ValueError, IndexError):  # of another version of the firmware
                self.health = LOST

    def configure(self, new):
        """Make `new`, Settings, those of the meter. One commit. Raises OSError."""
        self._commit(new, self.events, self.history)

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
        except OSError:
            pass  # nothing depends on it

    def note(self, outcome, digits: str):
        """Put a token's Outcome into the history. One commit.

        A history that cannot be written is no reason to take back a token: it
        is then kept in RAM only.
        """
        noted = history.noted(self.history, history.entry(outcome, digits))
        try:
            self._commit(self.settings, self.events, noted)
        except OSError:
            self.history = noted

    def _commit(self, *parts):
        if self._store is not None:
            self._store.commit(_record(*parts))
        self.settings, self.events, self.history = parts


def _record(new, seen, noted):
    return _VERSION + settings.to_bytes(new) + events.to_bytes(seen) + history.to_bytes(noted)


def _read(record):
    """Return (settings, events, history) of `record`. Raises ValueError, IndexError."""
    if record[:1] != _VERSION:
        raise ValueError("record of another version")
    kept, rest = settings.from_bytes(record[1:])
    seen, rest = events.from_bytes(rest)
    return kept, seen, history.from_bytes(rest)
