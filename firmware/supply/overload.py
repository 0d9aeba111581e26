"""Overload: more power than the limit opens the load switch, for a while or for long.

After `trip_after_s` above the limit the switch opens. It closes again by itself
after the waits of `retry_s`, one after the other. As many trips as there are
waits, and one more, lock it for `lock_s`. An hour without a trip forgets all.
This lives in RAM: a restart begins again, as a tripped fuse that was put back.

Pure: no ports, no clock of its own.
"""

from collections import namedtuple

#: All in seconds; retry_s is a tuple, its length the trips before the lock.
Policy = namedtuple("Policy", ("trip_after_s", "retry_s", "lock_s", "forget_s"))

DEFAULT = Policy(30, (30, 60, 120, 300), 1800, 3600)


class Overload:
    """Watches the power. trips: in a row. locked: whether the present wait is the long one."""

    def __init__(self, policy=DEFAULT):
        self._policy = policy
        self._over_since_ms = None
        self._until_ms = None
        self._last_trip_ms = 0
        self.trips = 0

    @property
    def locked(self) -> bool:
        return self._until_ms is not None and self.trips > len(self._policy.retry_s)

    def blocks(self, now_ms: int, watts: int, limit_w: int) -> bool:
        """Return whether the load switch must be open at `now_ms`, with `watts` drawn.

        limit_w: 0 for none; without a limit nothing is blocked any more.
        """
        if not limit_w:
            self.__init__(self._policy)
            return False
        if self._until_ms is not None and now_ms >= self._until_ms:
            self._try_again()
        if self._until_ms is None:
            self._watch(now_ms, watts > limit_w)
        return self._until_ms is not None

    def _try_again(self):
        if self.locked:
            self.trips = 0
        self._until_ms = self._over_since_ms = None

    def _watch(self, now_ms, over):
        if not over:
            self._over_since_ms = None
            if self.trips and now_ms - self._last_trip_ms >= 1000 * self._policy.forget_s:
                self.trips = 0
        elif self._over_since_ms is None:
            self._over_since_ms = now_ms
        elif now_ms - self._over_since_ms >= 1000 * self._policy.trip_after_s:
            self._trip(now_ms)

    def _trip(self, now_ms):
        retry_s = self._policy.retry_s
        wait_s = retry_s[self.trips] if self.trips < len(retry_s) else self._policy.lock_s
        self.trips += 1
        self._until_ms, self._last_trip_ms = now_ms + 1000 * wait_s, now_ms
