"""Port: energy pulses from the metering element."""


class PulseSource:
    """Counts pulses; one pulse is 1/imp_per_kwh kWh."""

    def take(self) -> int:
        """Return the pulses since the last call and start again from 0. Never blocks."""
        raise NotImplementedError

    def due_ms(self) -> int:
        """Return in how many milliseconds it is worth calling `take` again, 1 or more."""
        raise NotImplementedError
