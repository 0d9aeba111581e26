"""ESP32-S3 DevKitC-1. Options of the meter: see reference_meter.ReferenceMeter."""

from esp32_meter import Esp32Meter

PINS = {
    "pulse_in": 1,
    "relay": 10,
    "relay_open": 11,
    "relay_feedback": 12,
    "keypad_rows": (4, 5, 6, 7),
    "keypad_columns": (15, 16, 17, 18),
    "sda": 8,
    "scl": 9,
    "buzzer": 21,
    "pulse_led": 41,
    "status_led": 40,
    "tamper": 13,
    "brown_out": 14,
    "demo_out": 2,
    "demo_button": 42,
    "credit_clk": 47,
    "credit_dio": 39,
}


class Board(Esp32Meter):
    """The board as the README beside this file wires it."""

    pins = PINS
