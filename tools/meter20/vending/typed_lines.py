"""Typed lines, each of a kind: what a sale is made of, to the cent, for programs.

The `lines` of a slip say the same to people. The cents of a sale's typed lines add up to what was
paid, as those of its words do. The tax is split into that of the charge and that of the energy,
so that each is shown with its own.

| kind | cents | units | rate |
| --- | --- | --- | --- |
| debt | repaid | | |
| fixed charge | before tax | | |
| tax on charge, tax on energy | of it | | in hundredths of a percent |
| step | energy of one step before tax | 0.1 kWh | price in 10^-5 of the unit per kWh |
| credit | money that goes to a meter that counts money | | |
| free units | 0 | 0.1 kWh | |
| carried over, carried on | from the last purchase (negative), to the next | | |
"""

from collections.abc import Iterable
from typing import NamedTuple

DEBT, FIXED, STEP, CREDIT, FREE = "debt", "fixed charge", "step", "credit", "free units"
CHARGE_TAX, ENERGY_TAX = "tax on charge", "tax on energy"
CARRIED_OVER, CARRIED_ON = "carried over", "carried on"


class Line(NamedTuple):
    """One line; the columns are those of the table above."""

    kind: str
    cents: int
    units: int = 0
    rate: int = 0


def worth_saying(rows: Iterable[tuple]) -> list[Line]:
    """Return the lines of those `rows` that say something: cents, or units."""
    return [Line(*row) for row in rows if row[1] or any(row[2:3])]


def of(rows: list | None) -> list[Line]:
    """Return the typed lines that a slip keeps; none of a slip from before there were any."""
    return [Line(*row) for row in rows or []]


def units(lines: Iterable[Line], *kinds: str) -> int:
    """Return the energy, in 0.1 kWh, of the lines of these kinds."""
    return sum(line.units for line in lines if line.kind in kinds)


def total(lines: Iterable[Line], *kinds: str) -> int:
    """Return the cents of the lines of these kinds."""
    return sum(line.cents for line in lines if line.kind in kinds)
