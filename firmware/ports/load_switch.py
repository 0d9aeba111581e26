"""Port: the load switch, which connects the customer to the supply."""


class LoadSwitch:
    """One relay, plain or latching. A board without supply or program leaves it open."""

    def close(self):
        """Connect the load. Closing a closed switch changes nothing."""
        raise NotImplementedError

    def open(self):
        """Disconnect the load. Opening an open switch changes nothing."""
        raise NotImplementedError
