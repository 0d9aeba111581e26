"""Load switch: a latching relay with two coils, moved by a pulse and holding without current.

Where it stands when power comes is not known without a feedback contact, so the
first order always moves it. With a contact every order is checked: a relay that
does not follow is pulsed again, and then called faulty.
"""

import time

from micropython import const
from ports.load_switch import LoadSwitch

_TRIES = const(2)
_SETTLE_MS = const(5)  # until the feedback contact has stopped bouncing


class LatchingSwitch(LoadSwitch):
    """Relay on two outputs, `close_coil` and `open_coil`, both active high through a driver.

    pulse_ms: as the relay's data sheet says, 20 to 50. feedback: an input that is low while
    the load is connected, or None. An order blocks for the pulse, twice if the relay
    does not follow; no coil is ever left on. faulty: whether it did not follow.
    """

    def __init__(self, close_coil, open_coil, pulse_ms: int = 30, feedback=None):
        self._close_coil = close_coil
        self._open_coil = open_coil
        self._pulse_ms = pulse_ms
        self._feedback = feedback
        self._closed = None
        self.faulty = False
        close_coil.value(0)
        open_coil.value(0)

    def close(self):
        self._move(True)

    def open(self):
        self._move(False)

    def _move(self, closed):
        if self._stands(closed):
            self.faulty = False
            return
        for _ in range(_TRIES):
            self._pulse(self._close_coil if closed else self._open_coil)
            self._closed = closed
            if self._stands(closed):
                self.faulty = False
                return
        self.faulty = True

    def _stands(self, closed) -> bool:
        """Return whether the contacts are known to be where they should."""
        if self._feedback is None:
            return self._closed == closed
        return (self._feedback.value() == 0) == closed

    def _pulse(self, coil):
        coil.value(1)
        try:
            time.sleep_ms(self._pulse_ms)
        finally:
            coil.value(0)
        if self._feedback is not None:
            time.sleep_ms(_SETTLE_MS)
