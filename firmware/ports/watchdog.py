"""Port: the watchdog that restarts the meter when it hangs."""


class Watchdog:
    """Once made, it resets the board unless fed within its time-out, 2 s or more."""

    def feed(self):
        """Start the time-out again."""
        raise NotImplementedError

    def rest(self):
        """Feed itself from now on: somebody has stopped the program and looks into the board.

        Does nothing where there is nothing to do.
        """
