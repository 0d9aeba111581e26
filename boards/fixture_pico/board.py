"""Raspberry Pi Pico as a fixture. What may be changed about it: see hands.Hands."""

from hands import PINS, Hands


class Board(Hands):
    """The fixture as the README beside this file wires it."""

    pins = PINS
