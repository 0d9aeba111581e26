"""Which board it is that answers, by what its MicroPython says about itself."""

from dataclasses import dataclass

from meter20.board import boards
from meter20.board.boards import Board
from meter20.board.trouble import Code, Trouble

OLDEST = (1, 26)

_ARCHITECTURES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip  # as numbered in py/persistentcode.h


@dataclass(frozen=True)
class Running:
    """What runs on the board that answers."""

    version: tuple[int, ...]
    platform: str
    machine: str
    mpy: int

    @property
    def architecture(self) -> str:
        """What mpy-cross calls its native code; "" if it takes none."""
        return _ARCHITECTURES[self.mpy >> 10 & 0xF]

    def check_reads(self, compiled: bytes) -> None:
        """Raise Trouble unless this MicroPython reads the .mpy file `compiled`."""
        if self.mpy & 0xFF != compiled[1]:
            raise Trouble(
                Code.OLD_MICROPYTHON,
                f"{self.words()}: it reads no .mpy files of version {compiled[1]}, which this "
                "mpy-cross makes: flash without --mpy",
            )

    def words(self) -> str:
        return f"MicroPython {'.'.join(map(str, self.version))} on {self.machine}"


def recognised(running: Running, name: str | None = None) -> Board:
    """Return the board that answers. Raises Trouble if it is not `name`, which the user says.

    A board with a program of its own, a fixture, is recognised by its name alone.
    """
    _check_version(running)
    if name is not None:
        return _named(running, name)
    seen = _seen(running)
    if len(seen) == 1:
        return seen[0]
    if not seen:
        names = ", ".join(board.name for board in boards.every())
        raise Trouble(
            Code.WRONG_BOARD,
            f"{running.words()}: this board is not known; name one that is wired alike "
            f"with --board ({names})",
        )
    names = ", ".join(one.name for one in seen)
    raise Trouble(
        Code.WRONG_BOARD,
        f"{running.words()}: several boards say that; name the one that it is "
        f"with --board ({names})",
    )


def _named(running: Running, name: str) -> Board:
    board, seen = boards.find(name), _seen(running)
    if board.family != running.platform or (seen and not _is(board, running)):
        looks = f"; it looks like {' or '.join(one.name for one in seen)}" if seen else ""
        raise Trouble(Code.WRONG_BOARD, f"this is no {name}: {running.words()}{looks}")
    return board


def _seen(running: Running) -> list[Board]:
    """Return the boards whose MACHINE says the most of what the board says about itself."""
    alike = [one for one in boards.every() if _is(one, running) and not one.has_own_program]
    longest = max((len(one.machine) for one in alike), default=0)
    return [one for one in alike if len(one.machine) == longest]


def _is(board: Board, running: Running) -> bool:
    return board.family == running.platform and running.machine.endswith(board.machine)


def _check_version(running: Running) -> None:
    if running.version < OLDEST:
        raise Trouble(
            Code.OLD_MICROPYTHON,
            f"{running.words()}: the meter needs {OLDEST[0]}.{OLDEST[1]} or newer "
            "(`meter20 board firmware` fetches one)",
        )
