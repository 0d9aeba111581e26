"""MicroPython's `network` for the emulated chips: one station, and the access points around."""

from micropython import const

STA_IF = const(0)

#: Names and passwords of the access points within reach.
around = {}
#: Whether the radio refuses to be told anything.
busy = False
#: Names that the radio was told to join, in order.
told = []


class WLAN:
    """The station. It is connected once it joined an access point that is within reach."""

    def __init__(self, interface):
        if interface != STA_IF:
            raise ValueError("interface")
        self._active = False
        self._names = None

    def active(self, is_active):
        self._active = is_active

    def connect(self, name, password):
        if busy or not self._active:
            raise OSError(1)
        told.append(name)
        # Joined once: who comes back into reach later is not looked for.
        self._names = (name, password) if around.get(name) == password else None

    def disconnect(self):
        self._names = None

    def isconnected(self):
        if self._names and around.get(self._names[0]) != self._names[1]:
            self._names = None
        return self._names is not None
