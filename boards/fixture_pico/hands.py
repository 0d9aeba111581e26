"""The fixture's hands at the meter's keys, load, plug and lamps, around the pins of a board."""

from machine import Pin

PINS = {
    "row_address": (2, 3),
    "column_address": (4, 5),
    "key_off": 6,
    "pulse_clean": 7,
    "pulse_out": 8,
    "supply": 9,
    "contact": 10,
    "pulse_led": 11,
    "status_led": 12,
}


class Hands:
    """What hangs on `pins`; each part is made when it is asked for.

    keys: the keys of the meter, row by row; "123456789*0#" for a meter with a 3x4 pad.
    The supply is on and no key is down from the first moment on.
    """

    pins = PINS
    no_pull = ()
    keys = "123A456B789C*0#D"

    def supply(self):
        """Return the SupplyCutter, which may count pulses or keys."""
        from supply_cutter import SupplyCutter

        return SupplyCutter(1, self._high("supply"))

    def keypad(self):
        """Return the KeyPresser."""
        from key_presser import KeyPresser

        off = self._high("key_off")
        addresses = [
            [Pin(number, Pin.OUT, value=0) for number in self.pins[signal]]
            for signal in ("row_address", "column_address")
        ]
        return KeyPresser(addresses[0], addresses[1], off, self.keys)

    def pulses(self):
        """Return the PulseMaker."""
        from pulse_maker import PulseMaker

        out = Pin(self.pins["pulse_out"], Pin.IN)
        return PulseMaker(0, 4, 2, self._high("pulse_clean"), out)

    def contact(self):
        """Return the Watched relay contact: low while it is closed."""
        return self._watched(5, "contact", Pin.PULL_UP)

    def lamps(self):
        """Return the Watched pulse LED and status LED."""
        return [
            self._watched(machine, signal, Pin.PULL_DOWN)
            for machine, signal in ((6, "pulse_led"), (7, "status_led"))
        ]

    def _watched(self, machine, signal, pull):
        from watched import Watched

        return Watched(machine, Pin(self.pins[signal], Pin.IN, pull))

    def _high(self, signal):
        """Return an output that is high from its first moment on."""
        return Pin(self.pins[signal], Pin.OUT, value=1)
