"""The boards of this checkout: the folders below boards/ that hold an about.py.

What a folder says of its board is explained in boards/README.md, "A new board".
"""

from dataclasses import dataclass, field
from pathlib import Path

import facts

from meter20 import DEVICE_ROOT
from meter20.board.trouble import Code, Trouble

#: A board with one in its folder runs a program of its own: it is no meter.
_PROGRAM = "main.py"

_NEEDED = ("MACHINE", "FAMILY", "ARCHITECTURE")
_NEEDED_WITH_PINS = (
    "IMAGE", "IMAGE_CHIP", "COST_EUR", "HEADERS", "WOKWI", "ADC", "TIMERS", "WDT_MAX_MS",
)  # fmt: skip


@dataclass(frozen=True)
class Board:
    """A board, by the values of its about.py. name: of its folder. pins: () of the virtual one."""

    name: str
    folder: Path
    machine: str
    family: str
    architecture: str
    image: str = ""
    image_chip: int = -1
    cost_eur: int = 0
    headers: tuple = ((), ())
    printed: dict = field(default_factory=dict)
    wokwi: dict = field(default_factory=dict)
    pins: tuple = ()
    on_board: tuple = ()
    meter: str = ""

    @property
    def has_own_program(self) -> bool:
        return (self.folder / _PROGRAM).is_file()

    @property
    def is_meter(self) -> bool:
        """Whether it is a meter with pins, and not a fixture or the virtual board."""
        return bool(self.pins) and not self.has_own_program


def every(root: Path = DEVICE_ROOT) -> list[Board]:
    """Return the boards of the checkout at `root`, by name. Raises Trouble."""
    return [_read(root, name) for name in facts.names(str(root / "boards"))]


def meters(root: Path = DEVICE_ROOT) -> list[Board]:
    """Return the boards that are meters with pins. Raises Trouble."""
    return [board for board in every(root) if board.is_meter]


def fixtures(root: Path = DEVICE_ROOT) -> list[Board]:
    """Return the boards with a program of their own. Raises Trouble."""
    return [board for board in every(root) if board.has_own_program]


def find(name: str, root: Path = DEVICE_ROOT) -> Board:
    """Return the board called `name`. Raises Trouble if there is none."""
    known = facts.names(str(root / "boards"))
    if name not in known:
        raise Trouble(Code.WRONG_BOARD, f"no board '{name}': {', '.join(known)}")
    return _read(root, name)


def _read(root: Path, name: str) -> Board:
    where = f"boards/{name}/{facts.ABOUT}"
    try:
        said = facts.read(str(root / "boards"), name)
    except Exception as error:
        raise Trouble(Code.FAILED, f"{where} cannot be read: {error!r}") from None
    needed = _NEEDED + (_NEEDED_WITH_PINS if "PINS" in said else ())
    if missing := [key for key in needed if key not in said]:
        raise Trouble(Code.FAILED, f"{where} does not say {', '.join(missing)}")
    taken = {key: said[key.upper()] for key in Board.__annotations__ if key.upper() in said}
    return Board(name=name, folder=root / "boards" / name, **taken)
