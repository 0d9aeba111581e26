"""Port: a board, as the loop and the wiring check see it.

Nothing on a board imports this: it is what boards/*/board.py keep, and costs no memory.
"""


class Board:
    """What a meter stands on. Nothing is touched before a method is called, one call of each.

    Every board in boards/ passes host_tests/contract/test_board.py.
    """

    #: Whether the service port presses keys, sets the clock and restarts the board, too.
    service_open = True
    #: Whether a hang ends in a reset. The loop sets both before `ports`, in production.
    has_watchdog = True
    #: The keys of its pad, row by row, of three or four columns: ports.keypad.KEYS.
    keys = "123A456B789C*0#D"
    #: Whether the board makes its own pulses while the load switch is closed.
    demo_load = False

    def load_switch(self):
        """Return the LoadSwitch, open. Called first: it reads and touches nothing else."""
        raise NotImplementedError

    def display(self):
        """Return the Display or None. It may not answer yet, so this does not touch it."""
        raise NotImplementedError

    def ports(self, load_switch, display):
        """Return the ports.Ports around `load_switch` and `display`, made before.

        Its load switch may be another that orders that one; its store, pulses and watchdog are
        never None. Raises nothing for a part that does not answer.
        """
        raise NotImplementedError
