"""The reference meter on an RP2040 or RP2350: pulses and keys are taken by PIO.

Credit lies in two small files, or, in a frozen build, in flash beside the file
system: there `meter_flash` exists, and its `_boot.py` has kept the region clear.
"""

import sys

from reference_meter import ReferenceMeter

#: All Pico boards have the same pins; only the LED hangs elsewhere on a Pico W.
PINS = {
    "pulse_in": 22,
    "relay": 10,
    "relay_open": 11,
    "relay_feedback": 12,
    "keypad_rows": (2, 3, 4, 5),
    "keypad_columns": (6, 7, 8, 9),
    "sda": 16,
    "scl": 17,
    "buzzer": 15,
    "pulse_led": 20,
    "status_led": 25,
    "tamper": 13,
    "brown_out": 14,
    "demo_out": 19,
    "demo_button": 18,
    "credit_clk": 21,
    "credit_dio": 26,
    "dlms_tx": 0,
    "dlms_rx": 1,
}

_SECTORS = {"credit": (0, 6), "notes": (6, 2)}  # of meter_flash: first, how many


def _frozen(name):
    """Return the module `name` of a frozen build, None if there is none; no file is looked for."""
    path, sys.path[:] = sys.path[:], (".frozen",)
    try:
        return __import__(name)
    except ImportError:
        return None
    finally:
        sys.path[:] = path


class Rp2Meter(ReferenceMeter):
    """A board with an RP2040 or RP2350. Both state machines are in PIO block 0."""

    pins = PINS

    def pulses(self):
        from drivers.rp2_pulse_counter import Rp2PulseCounter

        return Rp2PulseCounter(0, self.input("pulse_in"))

    def keypad(self):
        from drivers.rp2_matrix_keypad import Rp2MatrixKeypad
        from machine import Pin

        rows = [Pin(number, Pin.IN) for number in self.pins["keypad_rows"]]
        return Rp2MatrixKeypad(1, rows[0], self.inputs("keypad_columns")[0], self.keys)

    def store(self, name):
        from store.slot_store import LostStore, SlotStore

        meter_flash = _frozen("meter_flash")
        if meter_flash is None:  # stock MicroPython: the whole storage is the file system's
            from store.file_slots import FileSlots

            try:
                return SlotStore(FileSlots(self.folder + "/" + name))
            except OSError:
                return LostStore()  # the meter says so, and supplies nothing
        from drivers.rp2_flash import Rp2Flash
        from store.nor_slots import NorSlots

        first, count = _SECTORS[name]
        return SlotStore(NorSlots(Rp2Flash(meter_flash.start() + first * 4096, count)))

    def bus_number(self):
        return self.pins["sda"] // 2 % 2
