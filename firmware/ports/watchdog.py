"""Port: the watchdog that restarts the meter when it hangs."""


class Watchdog:
    """Once made, it resets the board unless fed within its time-out, 8 s or more.

    *Why* 8 s: a token may need four erases of 843 ms (the worst seen) in one step, and
    meter.supervisor asks its parts every 2 s.

    ran_out: whether it was the watchdog that began this run of the program. False where
    the board cannot tell.
    """

    ran_out = False

    def feed(self):
        """Start the time-out again."""
        raise NotImplementedError

    def rest(self):
        """Feed itself from now on: somebody has stopped the program and looks into the board.

        Does nothing where there is nothing to do.
        """
