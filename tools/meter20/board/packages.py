"""package.json of each role of `mip install`: the meter, its drivers, DLMS, what boards share, ...

A role's files lie in or below its folder, because `mip` fetches them relative to the
package.json; the one at the root of the checkout is npm's. Roles do not name each other as
dependencies: that takes the full address of the repository, which a fork or a clone
on a disk has not. `make packages` writes them, and the lines of type_checks.py; `make test`
refuses what is not fresh.
"""

import json
from pathlib import Path

from meter20 import DEVICE_ROOT, __version__
from meter20.board import boards, manifest, type_checks
from meter20.board.boards import Board
from meter20.board.wiring import BOARDS, write

FIRMWARE = DEVICE_ROOT / "firmware"

#: The bundle that holds chumicro_mqtt 0.30.2, the version that the host tools pin, too.
_CHUMICRO = "20260818.1"

#: Libraries that a role needs: on micropython-lib's index, or a repository at one tag.
_DEPENDENCIES = {
    "drivers": [["ssd1306", "latest"]],
    "carriers": [["github:ChuMicro/ChuMicro-Bundle/chumicro_mqtt", _CHUMICRO]],
}

#: What the virtual board has instead of pins and a reference meter.
_VIRTUAL = ("board.py", "parts.py", "flash_chip.py")


def rooms() -> list[str]:
    """Return the folders of firmware/ that every meter holds, in the order of its manifest."""
    folders = [place.partition("/")[0] for place in manifest.of_every_meter() if "/" in place]
    return list(dict.fromkeys(folders))


def roles() -> dict:
    """Return {role: (its folder, {place on the board: file below the folder})}."""
    meter = manifest.of_every_meter()
    drivers = {place: meter.pop(place) for place in list(meter) if place.startswith("drivers/")}
    found = {"meter": (FIRMWARE, meter), "drivers": (FIRMWARE / "drivers", drivers)}
    for room in ("dlms", "carriers"):
        files = (FIRMWARE / room).glob("*.py")
        found[room] = (FIRMWARE / room, {f"{room}/{file.name}": file for file in files})
    common = BOARDS / "common"
    shared = [file for file in common.glob("*.py") if file.name != "manifest.py"]
    found["common"] = (common, {file.name: file for file in shared})
    for board in boards.every():
        found[board.name] = (board.folder, {file.name: file for file in _own(board)})
    return found


def _own(board: Board) -> list[Path]:
    """Return the modules of a board's folder that are for the board itself."""
    if not board.pins:
        return [board.folder / name for name in _VIRTUAL]
    files = sorted(board.folder.glob("*.py"))
    return [file for file in files if file.name not in ("about.py", "manifest.py")]


def package(role: str) -> str:
    """Return the package.json of `role`."""
    folder, placed = roles()[role]
    urls = sorted([place, str(file.relative_to(folder))] for place, file in placed.items())
    body = ",\n".join("    " + json.dumps(url) for url in urls)
    dependencies = json.dumps(_DEPENDENCIES.get(role, []))
    return (
        f'{{\n  "urls": [\n{body}\n  ],\n  "deps": {dependencies},\n'
        f'  "version": "{__version__}"\n}}\n'
    )


def files() -> dict:
    """Return {path: text} of every package.json."""
    return {folder / "package.json": package(role) for role, (folder, _) in roles().items()}


if __name__ == "__main__":
    write({**files(), **type_checks.files()})
