"""Port: the switch behind the cover of the meter."""


class Tamper:
    """Tells whether the cover is open, or whatever else the board watches.

    poll_ms: how often to read `active`.
    """

    poll_ms = 1000

    def active(self) -> bool:
        """Return whether tampering is seen now. Never blocks."""
        raise NotImplementedError
