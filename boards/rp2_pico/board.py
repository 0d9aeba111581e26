"""Raspberry Pi Pico. What may be changed about the meter: see reference_meter.ReferenceMeter."""

from rp2_meter import PINS, Rp2Meter


class Board(Rp2Meter):
    """The board as the README beside this file wires it."""

    pins = PINS
