"""Port: the supply's warning that it is about to fail."""


class BrownOut:
    """Tells some milliseconds ahead that the supply fails.

    poll_ms: how often to read `failing`, so that there is time to store a record.
    """

    poll_ms = 10

    def failing(self) -> bool:
        """Return whether the supply is failing now. Never blocks."""
        raise NotImplementedError
