"""Slowing down those who try again and again: wrong passwords, meter numbers that are none.

Some failures are free. After them whoever fails waits, twice as long each time, up to a limit;
what is asked meanwhile is refused unseen. What is kept is in this process only.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000  # that are remembered; the oldest goes first


class TooOften(Exception):
    """Somebody must wait for `wait_s` seconds."""

    def __init__(self, wait_s: int):
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


class Slowdown:
    """free: failures without a wait. first_s, longest_s: the waits after that.

    A name that does not fail for `forget_s` is forgotten.
    """

    def __init__(self, free: int, first_s: float, longest_s: float, forget_s: float = 3600,
                 now: Callable[[], float] = time.monotonic):  # fmt: skip
        self._free, self._first_s, self._longest_s = free, first_s, longest_s
        self._forget_s, self._now, self._lock = forget_s, now, threading.Lock()
        self._known: OrderedDict[str, tuple[int, float, float]] = OrderedDict()

    def check(self, *names: str) -> None:
        """Raise TooOften while one of `names` has to wait."""
        with self._lock:
            waits = [self._of(name)[1] - self._now() for name in names]
        if waits and max(waits) > 0:
            raise TooOften(int(max(waits)) + 1)

    def failed(self, *names: str) -> None:
        """Note a failure of all `names`."""
        with self._lock:
            for name in names:
                count = self._of(name)[0] + 1
                over = count - self._free
                wait_s = min(self._longest_s, self._first_s * 2 ** min(over - 1, 30))
                until = self._now() + (wait_s if over > 0 else 0)
                self._known[name] = count, until, self._now()
                self._known.move_to_end(name)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)

    def passed(self, *names: str) -> None:
        """Forget the failures of `names`."""
        with self._lock:
            for name in names:
                self._known.pop(name, None)

    def _of(self, name: str) -> tuple[int, float, float]:
        known = self._known.get(name, (0, 0.0, 0.0))
        return known if self._now() - known[2] < self._forget_s else (0, 0.0, 0.0)
