"""Notes: owner of the cold record, which holds the settings and the history.

No credit depends on it. It is written seldom: once for each token and for each
change of a setting.

    version u8 | settings | history, see meter.settings and meter.history
"""

from meter import history, settings

_VERSION = b"\x01"


class Notes:
    """Settings and history on `store`, a RecordStore, or None to keep them in RAM only."""

    def __init__(self, store):
        self._store = store
        self.settings = settings.default()
        self.history = ()
        record = store.load() if store is not None else None
        if record and record[:1] == _VERSION:
            self.settings, rest = settings.from_bytes(record[1:])
            self.history = history.from_bytes(rest)

    def configure(self, new):
        """Make `new`, Settings, those of the meter. One commit. Raises OSError."""
        self._commit(new, self.history)

    def note(self, outcome, digits: str):
        """Put a token's Outcome into the history. One commit.

        A history that cannot be written is no reason to take back a token: it
        is then kept in RAM only.
        """
        noted = history.noted(self.history, history.entry(outcome, digits))
        try:
            self._commit(self.settings, noted)
        except OSError:
            self.history = noted

    def _commit(self, new, noted):
        if self._store is not None:
            self._store.commit(_VERSION + settings.to_bytes(new) + history.to_bytes(noted))
        self.settings, self.history = new, noted
