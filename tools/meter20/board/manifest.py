"""Which files a board's folder asks for: a reader of MicroPython's manifest.py.

A manifest is written for a frozen image. On a board with stock MicroPython the
same modules are files; what a frozen image replaces of the port itself is left out.
Source: MicroPython, docs/reference/manifest.rst.
"""

from dataclasses import dataclass, field
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.board import boards

#: What belongs to a frozen image: the start, since stock MicroPython has its own, and machine
#: code, which a compiled file would hold for one processor only.
_FROZEN_ONLY = {"_boot.py", "ea07_rounds.py", "meter_flash.py"}

#: Compiled by the board itself, which looks for this very name.
_START = "main.py"


@dataclass
class Contents:
    """files: {path on the board: path here}. libraries: of micropython-lib, by name."""

    files: dict[str, Path] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)


class _Options:
    """What a manifest was included with, before its own defaults."""

    def __init__(self, given: dict[str, object]):
        self._given, self._defaults = given, {}

    def defaults(self, **defaults: object) -> None:
        self._defaults = defaults

    def __getattr__(self, name: str) -> object:
        return {**self._defaults, **self._given}[name]


def contents(board: str, root: Path = DEVICE_ROOT, production: bool = False) -> Contents:
    """Return what `boards/<board>/manifest.py` asks for. Raises OSError, ValueError.

    production: as its `production/manifest.py` does, see docs/security.md.
    """
    found = Contents()
    _read(root / "boards" / board / "manifest.py", found, {"production": production})
    others = {one.family for one in boards.every(root)} - {boards.find(board, root).family}
    for path in [path for path in found.files if _family(path) in others]:
        del found.files[path]
    if _START not in found.files:
        raise ValueError(f"the manifest of {board} has no {_START}")
    return found


def of_every_meter(root: Path = DEVICE_ROOT) -> dict[str, Path]:
    """Return {path on the board: path here} of what every meter holds, in the manifest's order."""
    found = Contents()
    _read(root / "firmware" / "manifest.py", found, {})
    return found.files


def _family(path: str) -> str:
    """Return the family of boards that the file at `path` is for, if its name begins with one."""
    return path.rpartition("/")[2].partition("_")[0]


def _read(file: Path, found: Contents, given: dict[str, object]) -> None:
    def include(path: str, **options: object) -> None:
        if not path.startswith("$("):
            _read(file.parent / path, found, options)

    def package(
        name: str, files: tuple[str, ...] = ("**/*.py",), base_path: str = ".", **_: object
    ) -> None:
        folder = file.parent / base_path / name
        for source in sorted(path for pattern in files for path in folder.glob(pattern)):
            found.files[source.relative_to(folder.parent).as_posix()] = source.resolve()

    def module(path: str, base_path: str = ".", **_options: object) -> None:
        if path not in _FROZEN_ONLY:
            found.files[path] = (file.parent / base_path / path).resolve()

    def require(name: str, **_options: object) -> None:
        found.libraries.append(name)

    words = {
        "options": _Options(given),
        "include": include,
        "package": package,
        "module": module,
        "require": require,
        "freeze": lambda *_, **__: None,
        "metadata": lambda **_: None,
    }
    exec(compile(file.read_text(), str(file), "exec"), words)
