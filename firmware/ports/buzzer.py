"""Port: a buzzer."""


class Buzzer:
    """Sounds one tone until the next call."""

    def tone(self, hz: int):
        """Sound `hz`, or be silent at 0. Never blocks."""
        raise NotImplementedError
