"""Raspberry Pi Pico W. What may be changed about the meter: see reference_meter.ReferenceMeter."""

import rp2_meter

#: The LED hangs on the radio chip.
PINS = dict(rp2_meter.PINS, status_led="LED")


class Board(rp2_meter.Rp2Meter):
    """The board as the README beside this file wires it."""

    pins = PINS
    has_wifi = True
