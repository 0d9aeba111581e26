"""Port: the supply's warning that it is about to fail."""


class BrownOut:
    """Tells some milliseconds ahead that the supply fails."""

    def failing(self) -> bool:
        """Return whether the supply is failing now. Never blocks."""
        raise NotImplementedError
