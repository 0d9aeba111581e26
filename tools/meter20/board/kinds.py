"""The boards of this project, by what their MicroPython says about itself."""

from dataclasses import dataclass

from meter20.board.trouble import Code, Trouble

OLDEST = (1, 26)

_ARCHITECTURES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
    "xtensa", "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip  # as numbered in py/persistentcode.h


@dataclass(frozen=True)
class Kind:
    """name: its folder below boards/. image: what MicroPython's builds for it are called.

    chip: how an image says for which chip it is: family of a UF2, chip of an ESP32 image.
    """

    name: str
    platform: str
    machine: str  # how sys.implementation._machine ends
    image: str
    chip: int = -1


KINDS = (
    Kind("rp2_pico", "rp2", "Raspberry Pi Pico with RP2040", "RPI_PICO", 0xE48BFF56),
    Kind("rp2_pico_w", "rp2", "Raspberry Pi Pico W with RP2040", "RPI_PICO_W", 0xE48BFF56),
    Kind("rp2_pico2", "rp2", "Raspberry Pi Pico2 with RP2350", "RPI_PICO2", 0xE48BFF59),
    Kind("esp32_devkit", "esp32", "with ESP32", "ESP32_GENERIC", 0),
    Kind("esp32_s3", "esp32", "with ESP32S3", "ESP32_GENERIC_S3", 9),
    # Only by its name: its board is a Pico, too.
    Kind("fixture_pico", "rp2", "Raspberry Pi Pico with RP2040", "RPI_PICO", 0xE48BFF56),
    Kind("sim", "webassembly", "JS with Emscripten", ""),
)


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


def kind(running: Running, name: str | None = None) -> Kind:
    """Return what the board is; `name` is what the user says. Raises Trouble if it is not that."""
    if running.version < OLDEST:
        raise Trouble(
            Code.OLD_MICROPYTHON,
            f"{running.words()}: the meter needs {OLDEST[0]}.{OLDEST[1]} or newer "
            "(`meter20 board firmware` fetches one)",
        )
    seen = next((one for one in KINDS if _is(one, running)), None)
    if name is None:
        if seen is None:
            raise Trouble(
                Code.WRONG_BOARD,
                f"{running.words()}: this board is not known; name one that is wired alike "
                f"with --board ({', '.join(one.name for one in KINDS)})",
            )
        return seen
    wanted = next((one for one in KINDS if one.name == name), None)
    if wanted is None:
        raise Trouble(
            Code.WRONG_BOARD, f"no board '{name}': {', '.join(one.name for one in KINDS)}"
        )
    if wanted.platform != running.platform or (seen is not None and not _is(wanted, running)):
        raise Trouble(
            Code.WRONG_BOARD,
            f"this is no {name}: {running.words()}"
            + (f"; it looks like {seen.name}" if seen else ""),
        )
    return wanted


def _is(one: Kind, running: Running) -> bool:
    return one.platform == running.platform and running.machine.endswith(one.machine)
