"""The emulated chip of each board: what its pins can do, as the board's about.py says.

A pin that is not there to use is not brought out, or belongs to flash, USB, the serial
console or the radio.
"""

from collections import namedtuple

#: pins: what may be used. input_only: of these, what drives nothing and has no pull resistor.
#: strapping: what decides at reset how the chip starts; whatever hangs there must leave it
#: alone until then. The rest is explained in boards/README.md.
Chip = namedtuple(
    "Chip",
    (
        "name",
        "family",
        "pins",
        "input_only",
        "strapping",
        "adc",
        "i2c",
        "named",
        "hard_irq",
        "timers",
        "wdt_max_ms",
        "storage_bytes",
    ),
)


def chip(name: str, about: dict) -> Chip:
    """Return the chip of the board `name`, given {NAME: value} of its about.py."""
    return Chip(
        name,
        about["FAMILY"],
        about["PINS"] + about.get("ON_BOARD", ()),
        about.get("INPUT_ONLY", ()),
        about.get("STRAPPING_PINS", ()),
        about["ADC"],
        about.get("I2C"),
        about.get("NAMED", {}),
        about.get("HARD_IRQ", False),
        about["TIMERS"],
        about["WDT_MAX_MS"],
        about.get("STORAGE_BYTES", 0),
    )


def of(name: str) -> Chip:
    """Return the chip of the board `name`. Raises OSError if there is no such folder."""
    import facts

    return chip(name, facts.read(_boards(), name))


def every() -> list:
    """Return the chip of each board that has one."""
    import facts

    said = [(name, facts.read(_boards(), name)) for name in facts.names(_boards())]
    return [chip(name, about) for name, about in said if "PINS" in about]


def _boards():
    return __file__.replace("\\", "/").rsplit("/", 3)[0] + "/boards"
