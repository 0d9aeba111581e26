"""ESP32 DevKitC V4 (WROOM-32). Options of the meter: see reference_meter.ReferenceMeter."""

from esp32_meter import Esp32Meter

PINS = {
    "pulse_in": 34,
    "relay": 23,
    "relay_open": 12,
    "relay_feedback": 39,
    "keypad_rows": (13, 14, 27, 26),
    "keypad_columns": (25, 33, 32, 4),
    "sda": 21,
    "scl": 22,
    "buzzer": 18,
    "pulse_led": 19,
    "status_led": 2,
    "tamper": 35,
    "brown_out": 36,
    "demo_out": 17,
    "demo_button": 16,
    "credit_clk": 15,
    "credit_dio": 5,
}

#: Pins that decide how the chip starts, and why the part on each does not disturb the start.
STRAPPING = {
    2: "must be low or open: a LED to ground keeps it low",
    12: "must be low: the relay driver's input pulls it down",
    15: "must be high or open: the display module's pull-up",
    5: "must be high or open: the display module's pull-up",
}


class Board(Esp32Meter):
    """The board as the README beside this file wires it."""

    pins = PINS
    no_pull = ("pulse_in", "tamper", "brown_out", "relay_feedback")  # 34 to 39: 10 kOhm beside
