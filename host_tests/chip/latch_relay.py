"""A latching relay: a pulse of 20 ms or more on a coil moves it."""

from world import FLOATING, WORLD


class LatchRelay:
    """Two coils and a feedback contact. closed: whether the load is connected. welded: stuck.

    pulses: (whether it was the close coil, milliseconds) of each.
    """

    def __init__(self, close_pin, open_pin, feedback_pin):
        self.closed = self.welded = False
        self.pulses = []
        self._since = {}
        for pin, closes in ((close_pin, True), (open_pin, False)):
            WORLD.wire(pin).listeners.append(self._listener(closes))
        WORLD.connect(feedback_pin, self)

    def level_at(self, _pin, _time_ns):
        return 0 if self.closed else FLOATING

    def _listener(self, closes):
        def changed(pin, output, time_ns):
            if output:
                self._since[pin] = time_ns
            elif pin in self._since:
                duration_ms = (time_ns - self._since.pop(pin)) // 1_000_000
                self.pulses.append((closes, duration_ms))
                if duration_ms >= 20 and not self.welded:
                    self.closed = closes

        return changed
