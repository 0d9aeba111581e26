"""The rooms of the firmware: who may import whom, and who does.

A room is a folder of firmware/, with one purpose; `loop` is what starts them. Imports point
inward: a room imports only rooms that stand before it here, so there is no circle.
"""

import ast
from collections.abc import Container, Iterator
from pathlib import Path

from meter20 import DEVICE_ROOT

#: {room: the rooms that it may import}, from the innermost to the outermost.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "sts": (),
    "ports": (),
    "store": ("ports",),
    "drivers": ("ports",),
    "dlms": (),
    "account": ("sts", "ports"),
    "journal": ("sts", "ports", "account"),
    "supply": ("ports", "account", "journal"),
    "panel": ("sts", "ports", "account", "journal", "supply"),
    "meter": ("sts", "ports", "account", "journal", "supply", "panel"),
    "service_port": ("sts", "ports", "account", "journal", "panel", "meter"),
    "carriers": ("sts", "ports", "dlms", "account", "journal", "panel", "meter", "service_port"),
    "loop": ("meter", "service_port", "carriers"),
}

#: The rooms that make the meter; the arrows between them are few.
METER = ("account", "journal", "supply", "panel", "meter", "service_port", "store")


def modules(root: Path = DEVICE_ROOT) -> dict[str, Path]:
    """Return {module, with dots: its file} of the firmware at `root`."""
    firmware = root / "firmware"
    found = {"loop": firmware / "loop.py"}
    for room in MAY_IMPORT:
        for file in sorted((firmware / room).glob("*.py")):
            found[f"{room}.{file.stem}"] = file
    return found


def imported(module: str, root: Path = DEVICE_ROOT) -> set[str]:
    """Return the modules of the firmware that `module` imports, wherever in it."""
    known = modules(root)
    return _imported_by(known[module], known)


def _imported_by(file: Path, known: Container[str]) -> set[str]:
    return {name for name in named(file.read_text(encoding="utf-8")) if name in known}


def arrows(root: Path = DEVICE_ROOT) -> dict[str, set[str]]:
    """Return {room: the other rooms that it imports}."""
    found: dict[str, set[str]] = {room: set() for room in MAY_IMPORT}
    known = modules(root)
    for module, file in known.items():
        room = _room(module)
        found[room] |= {_room(other) for other in _imported_by(file, known)} - {room}
    return found


def _room(module: str) -> str:
    return module.partition(".")[0]


def named(source: str) -> Iterator[str]:
    """Yield what `source` imports and may be a module: a `from a import b` may mean a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
