"""Port: the load switch, which connects the customer to the supply."""


class LoadSwitch:
    """One relay, plain or latching. A board without supply or program leaves it open.

    faulty: whether it is known not to have followed its last order. It may be ordered again.
    """

    faulty = False

    def close(self):
        """Connect the load. Closing a closed switch changes nothing."""
        raise NotImplementedError

    def open(self):
        """Disconnect the load. Opening an open switch changes nothing."""
        raise NotImplementedError
