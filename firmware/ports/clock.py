"""Port: a clock that goes on without power. No token is accepted or refused by it."""


class Clock:
    """Tells the local time, without daylight saving, while it can be trusted."""

    def now(self):
        """Return (year, month, day, weekday, hour, minute, second), or None if not trusted.

        weekday: 0 is Monday. Blocks 5 ms at most. A clock that does not answer is not trusted.
        """
        raise NotImplementedError
