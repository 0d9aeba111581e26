"""Supervisor: the watchdog is fed while every part keeps its word, and only then."""

from micropython import const

PERIOD_MS = const(2000)


class Supervisor:
    """Watches named parts on behalf of `watchdog`, a ports.watchdog.Watchdog or None.

    A part that does not report within one period lets the watchdog run out; its
    time-out is several periods.
    """

    def __init__(self, watchdog, names, now_ms: int):
        self._watchdog = watchdog
        self._reported = {name: False for name in names}
        self._check_ms = now_ms

    def report(self, name: str):
        """Part `name` says that it is alive."""
        self._reported[name] = True

    def step(self, now_ms: int) -> int:
        """Feed the watchdog if a period is over and all reported; return ms to the next check."""
        if now_ms >= self._check_ms:
            self._check_ms = now_ms + PERIOD_MS
            if self._watchdog is not None and all(self._reported.values()):
                self._watchdog.feed()
            for name in self._reported:
                self._reported[name] = False
        return self._check_ms - now_ms
