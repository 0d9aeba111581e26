"""The simulator: a board like the others, of emulated parts.

| part | what it is |
| --- | --- |
| display | 20x4 characters, or of the size that the caller names |
| keypad | 4x4 |
| store | a ring of 6 flash sectors of 4 KiB; 2 more for settings and history |
| load switch, buzzer, pulse input, watchdog, tamper switch | one each |
| clock | trusted once it was set |
| credit display, brown-out input | one each |
| network, crypto, serial line | none, unless the program that starts it gives it one |
| records, rows | of a network: 2 flash sectors each record, 4 for the load profile, 2 for tokens |
"""

from flash_chip import SECTOR, FlashChip, FlashPart
from micropython import const
from parts import (
    DemoPulses,
    SimBrownOut,
    SimBuzzer,
    SimClock,
    SimCreditDisplay,
    SimDisplay,
    SimKeypad,
    SimLoadSwitch,
    SimPulses,
    SimTamper,
    SimWatchdog,
)
from ports import RECORDS, TABLES, Ports
from store.nor_slots import NorSlots
from store.row_ring import NorRows, RowRing
from store.slot_store import SlotStore

COLUMNS = const(20)
ROWS = const(4)
STORE_SIZE = 6 * SECTOR
_NOTES_END = 8 * SECTOR
_RECORD_SIZE = 2 * SECTOR
_RECORDS_END = _NOTES_END + len(RECORDS) * _RECORD_SIZE
_LOAD_SIZE, _TOKENS_SIZE = 4 * SECTOR, 2 * SECTOR
#: Of meters that had no network yet, or no tables: their chips get the sectors that they lack.
EARLIER_FLASH_SIZES = (_NOTES_END, _RECORDS_END)
FLASH_SIZE = _RECORDS_END + _LOAD_SIZE + _TOKENS_SIZE


def ports(
    chip,
    clock,
    columns=COLUMNS,
    rows=ROWS,
    phases=1,
    ran_out=False,
    **made,
):
    """Build this board's ports around `chip`, a FlashChip, and `clock`, a parts.Clock.

    ran_out: it is the watchdog that starts the meter. made: parts made before, instead of ours.
    """
    parts = dict(
        store=SlotStore(NorSlots(FlashPart(chip, 0, STORE_SIZE))),
        notes=SlotStore(NorSlots(FlashPart(chip, STORE_SIZE, _NOTES_END - STORE_SIZE))),
        pulses=SimPulses(clock),
        load_switch=SimLoadSwitch(),
        display=SimDisplay(columns, rows),
        keypad=SimKeypad(),
        buzzer=SimBuzzer(),
        watchdog=SimWatchdog(clock, ran_out),
        tamper=SimTamper(),
        clock=SimClock(clock),
        phases=phases,
        brown_out=SimBrownOut(),
        credit_display=SimCreditDisplay(),
        network=None,
        records=lambda name: SlotStore(NorSlots(_record(chip, name))),
        crypto=None,
        serial=None,
        rows=lambda name: RowRing(NorRows(_table(chip, name)), TABLES[name]),
    )
    parts.update(made)
    return Ports(**parts)


def _record(chip, name):
    first = _NOTES_END + RECORDS.index(name) * _RECORD_SIZE
    return FlashPart(chip, first, _RECORD_SIZE)


def _table(chip, name):
    if name == "load":
        return FlashPart(chip, _RECORDS_END, _LOAD_SIZE)
    return FlashPart(chip, _RECORDS_END + _LOAD_SIZE, _TOKENS_SIZE)


class Board:
    """The simulator as the board that it runs on: the virtual board, see meter20.virtual.

    Its parts run in real time and nobody plays them but the service port; its records lie on
    the flash chip that the host keeps.
    """

    service_open = True
    has_watchdog = True
    keys = "123A456B789C*0#D"
    #: The board makes its own pulses while the load switch is closed.
    demo_load = False
    demo_imp_per_kwh = 1000

    def load_switch(self):
        return SimLoadSwitch()

    def display(self):
        return SimDisplay(COLUMNS, ROWS)

    def ports(self, load_switch, display):
        """Return this board's ports.Ports around `load_switch` and `display`, made before."""
        from host_crypto import HostCrypto  # pyright: ignore[reportMissingImports]  the host's
        from host_image import HostImage  # pyright: ignore[reportMissingImports]  the host's
        from host_network import HostNetwork  # pyright: ignore[reportMissingImports]
        from host_supply import HostSupply  # pyright: ignore[reportMissingImports]
        from loop import Uptime

        chip = FlashChip(HostImage(FLASH_SIZE))
        clock = Uptime()
        made = {
            "load_switch": load_switch,
            "display": display,
            "brown_out": HostSupply(),
            "network": HostNetwork(),
            "crypto": HostCrypto(),
        }
        if self.demo_load:
            made["pulses"] = DemoPulses(clock, load_switch, self.demo_imp_per_kwh)
        return ports(chip, clock, **made)
