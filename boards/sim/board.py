"""The simulator: a board like the others, of emulated parts.

| part | what it is |
| --- | --- |
| display | 20x4 characters, or as asked |
| keypad | 4x4 |
| store | a ring of 8 flash sectors of 4 KiB |
| load switch, buzzer, pulse input, watchdog | one each |
"""

from drivers.nor_slots import NorSlots
from flash_chip import SECTOR
from meter.slot_store import SlotStore
from micropython import const
from parts import SimBuzzer, SimDisplay, SimKeypad, SimLoadSwitch, SimPulses, SimWatchdog
from ports import Ports

COLUMNS = const(20)
ROWS = const(4)
FLASH_SIZE = 8 * SECTOR


def ports(chip, clock, columns=COLUMNS, rows=ROWS):
    """Build this board's ports around `chip`, a FlashChip, and `clock`, a parts.Clock."""
    return Ports(
        store=SlotStore(NorSlots(chip)),
        pulses=SimPulses(clock),
        load_switch=SimLoadSwitch(),
        display=SimDisplay(columns, rows),
        keypad=SimKeypad(),
        buzzer=SimBuzzer(),
        watchdog=SimWatchdog(clock),
    )
