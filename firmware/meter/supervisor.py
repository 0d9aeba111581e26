"""Supervisor: notices that a part of the application raised, or fell silent.

Whatever a part raises that nobody expected is a fault: `stop` makes the meter
safe, once, and from then on the watchdog is not fed, so that it restarts the
meter. The same happens without a word when a part never comes back: the watchdog
is fed only at the end of a round, when all parts have had their turn or rest.
"""

from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from collections.abc import Callable

    from ports.watchdog import Watchdog

PERIOD_MS = const(2000)
_COMMITTING = ("start", "metering", "contactor", "token")


class Faulted(Exception):
    """The meter stopped because of a fault and is about to restart."""


class Supervisor:
    """Watches the parts on behalf of `watchdog`, a ports.watchdog.Watchdog or None.

    stop: called at the first fault with its part and its kind, both words; must not raise.

    at: the part, or the port, that is at work now; it is blamed for what is raised. A part
    that calls a port sets it to the port before, and to its own name again after the call.
    fault: the part and the kind of the first fault, or None.
    """

    def __init__(
        self, watchdog: "Watchdog | None", now_ms: int, stop: "Callable[[str, str], None]"
    ):
        self._watchdog = watchdog
        self._feed_ms = now_ms
        self._stop = stop
        self.at = "start"
        self.fault = None

    def round_ended(self, now_ms: int) -> int:
        """Feed the watchdog once a period; return the milliseconds until it is to be fed again.

        All parts have had their turn, or rest.
        """
        if now_ms >= self._feed_ms:
            self._feed_ms = now_ms + PERIOD_MS
            if self._watchdog is not None:
                self._watchdog.feed()
        return self._feed_ms - now_ms

    def failed(self, part: str, kind: str):
        """Take note of a fault of `part`, and stop the meter, at the first one only."""
        if self.fault is not None:
            return
        if kind == "OSError" and part in _COMMITTING:
            part = "store"  # nothing else there raises it
        self.fault = part, kind
        self._stop(part, kind)


class Watch:
    """A `with` block in which `part` is at work, in the sight of `supervisor`.

    Leaves by Faulted when something is raised inside that is not of the types `ordinary`.
    This is the one place where any exception is caught: a part that raised is broken or has
    met a bug, and nothing it was about to do can be relied on. A MemoryError is no different.
    """

    def __init__(self, supervisor: Supervisor, part: str, ordinary=()):
        self._supervisor = supervisor
        self._part = part
        self._ordinary = (Faulted,) + ordinary
        self._before = part

    def __enter__(self):
        supervisor = self._supervisor
        self._before, supervisor.at = supervisor.at, self._part

    def __exit__(self, _kind, error, _where):
        supervisor = self._supervisor
        blamed, supervisor.at = supervisor.at, self._before
        if isinstance(error, Exception) and not isinstance(error, self._ordinary):
            supervisor.failed(blamed, type(error).__name__)
            raise Faulted from None
        return False
