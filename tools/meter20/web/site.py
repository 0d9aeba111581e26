"""Builds the classroom page: a folder that any web server can serve, below any path.

The page runs MicroPython as WebAssembly, and in it the firmware, the simulator's parts and what of
the vending station MicroPython can run. Nothing in it comes from elsewhere when it is used.

| in the folder | holds |
| --- | --- |
| `index.html`, `*.css`, `*.js` | the page, as in `static/` |
| `en.json`, `fr.json` | its words |
| `micropython.js`, `micropython.wasm` | the interpreter, from npm |
| `calls.js` | what makes it faster, from `virtual/` |
| `modules.json` | {path: source} of all Python that runs in it |
"""

import json
import shutil
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.virtual.node import find_micropython

_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent

#: What of the firmware the page's meter imports; it has no network and no pins.
_ROOMS = (
    "sts", "ports", "account", "journal", "supply", "panel", "meter", "service_port", "store",
)  # fmt: skip
_DEVICE = (
    *(f"firmware/{room}/*.py" for room in _ROOMS),
    "firmware/drivers/__init__.py",
    "firmware/drivers/demo_load.py",
    "boards/sim/*.py",
)
#: What of the vending station runs on MicroPython.
_STATION = ("amounts", "derivation", "encoder", "key_sections", "misty1_encrypt", "sizes")
#: What of these the tools read, never the meter.
_LEFT_OUT = ("boards/sim/about.py", "boards/sim/manifest.py")

#: sys.path of the interpreter, below the folder that `modules.json` is unpacked into.
PATH = ("inside", "firmware", "boards/sim", "station")


def build(folder: Path) -> None:
    """Write the page into `folder`, which is made; files of the same names are replaced.

    Raises NoMeter if MicroPython is not installed, OSError.
    """
    micropython = find_micropython()
    folder.mkdir(parents=True, exist_ok=True)
    for source in (*(_HERE / "static").iterdir(), *(_HERE / "texts").glob("*.json")):
        shutil.copyfile(source, folder / source.name)
    # .js: some web servers do not know .mjs, and browsers refuse a module of another type.
    shutil.copyfile(micropython / "micropython.mjs", folder / "micropython.js")
    shutil.copyfile(_PACKAGE / "virtual" / "calls.mjs", folder / "calls.js")
    shutil.copyfile(micropython / "micropython.wasm", folder / "micropython.wasm")
    (folder / "modules.json").write_text(
        json.dumps({"path": PATH, "files": modules()}), encoding="utf-8"
    )


def modules() -> dict[str, str]:
    """Return {path: source} of the Python modules that the page runs."""
    found = {}
    for pattern in _DEVICE:
        for file in sorted(DEVICE_ROOT.glob(pattern)):
            path = file.relative_to(DEVICE_ROOT).as_posix()
            if path not in _LEFT_OUT:
                found[path] = file
    for name in _STATION:
        found[f"station/meter20/vending/{name}.py"] = _PACKAGE / "vending" / f"{name}.py"
    for file in sorted((_HERE / "inside").glob("*.py")):
        found[f"inside/{file.name}"] = file
    return {path: file.read_text(encoding="utf-8") for path, file in found.items()}
