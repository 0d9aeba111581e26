"""Runs a unittest file under MicroPython: in Node, or in a unix port that the user names."""

import ast
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.failure import NoMeter
from meter20.virtual.node import NodeChild, command, library

_HERE = Path(__file__).parent
_INSIDE = _HERE / "inside" / "run_dual.py"

#: Folders of host_tests that hold files for both interpreters.
DUAL_FOLDERS = ("unit", "contract", "powercut")

#: An import of one of these makes a file CPython's alone.
_CPYTHON_ONLY = {"pytest", "hypothesis"}

TIMEOUT_S = 120.0

#: Of a unix port. An emulated chip's flash alone has 3 MB, more than a 32-bit port takes unasked.
_HEAP = "heapsize=16m"


@dataclass
class Outcome:
    """What came of one file; each entry of a list is (where, text)."""

    run: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    output: str = ""

    @property
    def complaint(self) -> str:
        """What is wrong, ready to be shown; "" when all is well."""
        wrong = [f"{where}\n{text}" for where, text in self.errors + self.failures]
        if not wrong and self.run == 0:
            wrong = ["no test ran"]
        if not wrong:
            return ""
        return "\n".join([*wrong, "printed:", self.output])


def is_dual(source: str) -> bool:
    """Return whether a test file is for both interpreters.

    It is when it imports unittest and imports neither pytest nor hypothesis.
    """
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported.update(name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    return "unittest" in imported and not imported & _CPYTHON_ONLY


def dual_files(root: Path = DEVICE_ROOT) -> list[Path]:
    """Return the test files under `root` that both interpreters run."""
    return sorted(
        path
        for folder in DUAL_FOLDERS
        for path in (root / "host_tests" / folder).rglob("test_*.py")
        if is_dual(path.read_text())
    )


class DualRunner:
    """Runs files on MicroPython in Node, a fresh interpreter each, in one long-lived process."""

    def __init__(self, root: Path = DEVICE_ROOT):
        self._root = root
        self._child: NodeChild | None = None

    def run(self, file: Path, timeout_s: float = TIMEOUT_S) -> Outcome:
        """Return what came of `file`, which lies under the runner's root."""
        if self._child is None:
            self._child = NodeChild(
                command(str(_HERE / "run_tests.mjs"), "--library", str(library()), root=self._root)
            )
        folder = file.parent.relative_to(self._root).as_posix()
        request = json.dumps({"folder": folder, "module": file.stem}).encode()
        try:
            return Outcome(**json.loads(self._child.exchange(request, timeout_s)))
        except TimeoutError as e:
            return self._lost(f"{e}: an endless loop?")
        except NoMeter as e:
            return self._lost(str(e))

    def _lost(self, text: str) -> Outcome:
        self._child = None  # the next file gets a new process
        return Outcome(errors=[("the interpreter", text)])

    def close(self):
        if self._child is not None:
            self._child.close()
            self._child = None


class UnixRunner:
    """Runs files on a unix port of MicroPython that has unittest on its path or frozen in."""

    def __init__(self, micropython: str, root: Path = DEVICE_ROOT):
        self._micropython = micropython
        self._root = root

    def run(self, file: Path, timeout_s: float = TIMEOUT_S) -> Outcome:
        """Return what came of `file`."""
        parts = ("host_tests", "firmware", "boards/sim", "host_tests/chip", "boards/fixture_pico")
        path = [*(self._root / part for part in parts), library().parent]
        try:
            done = subprocess.run(
                [self._micropython, "-X", _HEAP, _INSIDE, file.parent, file.stem, *path],
                cwd=self._root,
                env=os.environ,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(errors=[("the interpreter", f"no answer in {timeout_s:g} s")])
        output, _, last = done.stdout.rstrip("\n").rpartition("\n")
        try:
            return Outcome(**json.loads(last), output=output)
        except ValueError:
            said = f"exit code {done.returncode}\n{done.stderr}{done.stdout}"
            return Outcome(errors=[("the interpreter", said)])

    def close(self):
        """Nothing stays open."""
