"""Orders to the load switch, and whether it follows them.

The last order is repeated now and then: a relay that a blow moved comes back, and one that
does not follow, where a contact tells, is found. The meter then keeps it open, goes on
metering and tries again after a while, see `journal.faults`.
"""

from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.load_switch import LoadSwitch

_REPEAT_MS = const(10_000)


class Switching:
    """Orders `switch`, a ports.load_switch.LoadSwitch or None.

    closed: the last order. faulty: it was not followed.
    """

    def __init__(self, switch: "LoadSwitch | None"):
        self._switch = switch
        self._repeat_ms = 0
        self.closed = False
        self.faulty = False

    def due_ms(self, now_ms: int) -> int:
        """Return the milliseconds until the last order is to be repeated."""
        return max(1, self._repeat_ms - now_ms)

    def order(self, closed: bool, now_ms: int) -> bool:
        """Close or open the switch; return whether it just stopped following.

        An order that is no news is given every 10 s only. Raises what the switch raises.
        """
        if closed == self.closed and now_ms < self._repeat_ms:
            return False
        self.closed, self._repeat_ms = closed, now_ms + _REPEAT_MS
        if self._switch is None:
            return False
        if closed:
            self._switch.close()
        else:
            self._switch.open()
        followed_before, self.faulty = not self.faulty, self._switch.faulty
        return self.faulty and followed_before
