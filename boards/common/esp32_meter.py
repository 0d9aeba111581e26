"""The reference meter on an ESP32: pulses are counted by PCNT.

Credit lies in NVS and in files, by turns; in NVS alone when no file system is mounted.

Compiled and type-checked, not run on the target.
"""

from reference_meter import ReferenceMeter

_SPIKE_NS = 12_000  # the longest that the counter's own filter takes away


class Esp32Meter(ReferenceMeter):
    """A board with an ESP32 that has PCNT: not the C3, which needs irq_pulse_counter."""

    timers = (0, 1, 2)
    has_wifi = True

    def pulses(self):
        from drivers.esp32_pulse_counter import Esp32PulseCounter
        from machine import Counter, Timer

        pin = self.input("pulse_in")
        counter = Counter(0, pin, edge=Counter.FALLING, filter_ns=_SPIKE_NS)
        return Esp32PulseCounter(pin, counter, Timer(self.timers[0]))

    def keypad(self):
        from drivers.matrix_keypad import MatrixKeypad
        from machine import Pin

        rows = [Pin(number, Pin.OPEN_DRAIN, value=1) for number in self.pins["keypad_rows"]]
        columns = self.inputs("keypad_columns")[: len(self.keys) // len(rows)]
        return MatrixKeypad(rows, columns, self.keys)

    def store(self, name):
        from drivers.esp32_nvs_slots import NvsSlots
        from store.alternate_slots import AlternateSlots, MissingSlots
        from store.file_slots import FileSlots
        from store.slot_store import SlotStore

        try:
            files = FileSlots(self.folder + "/" + name)
        except OSError:  # no file system
            files = MissingSlots()
        return SlotStore(AlternateSlots((NvsSlots("meter20." + name), files)))

    def bus_number(self):
        return 0
