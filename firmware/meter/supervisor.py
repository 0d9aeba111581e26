"""Supervisor: notices that a part of the application raised, or fell silent.

Whatever a part raises that nobody expected is a fault: `stop` makes the meter
safe, once, and from then on the watchdog is not fed, so that it restarts the
meter. The same happens without a word when a part does not report in time or
never comes back.
"""

from micropython import const

PERIOD_MS = const(2000)


class Faulted(Exception):
    """The meter stopped because of a fault and is about to restart."""


class Supervisor:
    """Watches named parts on behalf of `watchdog`, a ports.watchdog.Watchdog or None.

    A part that does not report within one period lets the watchdog run out; its
    time-out is several periods. stop: called at the first fault with its part and its
    kind, both words; must not raise. fault: these two, or None.
    """

    def __init__(self, watchdog, names, now_ms: int, stop):
        self._watchdog = watchdog
        self._reported = {name: False for name in names}
        self._check_ms = now_ms
        self._stop = stop
        self._part = "start"
        self.fault = None

    def run(self, part: str, job, *arguments, ordinary=()):
        """Return what `job` returns; an exception that is not `ordinary` is a fault of `part`.

        Raises Faulted then. This is the one place where any exception is caught: a part
        that raised is broken or has met a bug, and nothing it was about to do can be
        relied on. A MemoryError is no different.
        """
        before, self._part = self._part, part
        try:
            return job(*arguments)
        except (Faulted,) + ordinary:
            raise
        except Exception as error:
            self._fail(self._part, type(error).__name__)
            raise Faulted from None
        finally:
            self._part = before

    def ask(self, part: str, call, *arguments):
        """Return what `call` returns. Inside `run`: what it raises is blamed on `part`."""
        before, self._part = self._part, part
        answer = call(*arguments)
        self._part = before
        return answer

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

    def _fail(self, part, kind):
        if self.fault is not None:
            return
        if kind == "OSError" and part in ("start", "metering", "token"):
            part = "store"  # nothing else there raises it
        self.fault = part, kind
        self._stop(part, kind)
