"""Load switch: one relay that needs current to stay closed.

Without supply or program it is open. The board makes its pin inactive from the first
moment: `Pin(n, Pin.OUT, value=...)`.
"""

from ports.load_switch import LoadSwitch


class RelaySwitch(LoadSwitch):
    """Relay on `pin`, an output.

    active: the level that closes the relay, 1 or 0; relay modules with an
    optocoupler are often closed by 0.
    """

    def __init__(self, pin, active: int = 1):
        self._pin = pin
        self._active = active
        self.open()

    def close(self):
        self._pin.value(self._active)

    def open(self):
        self._pin.value(1 - self._active)
