"""What all workers of pytest-xdist import is compiled once, on a checkout that is new.

Each worker imports every file of tests, in the same order at the same time: by itself each would
compile all of them. Here each begins at another place of the list, and leaves out what another
one has done meanwhile.

The parts of pytest and Hypothesis that this needs are not public. Both are pinned; what changes
there is noticed at the start of a run with workers.
"""

import contextlib
import fnmatch
import importlib.util
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from _pytest.assertion import rewrite
from hypothesis.internal.constants_ast import constants_from_module

import meter20

FOLDERS = tuple(meter20.DEVICE_ROOT / name for name in ("firmware", "host_tests", "tools"))
_REWRITTEN = ("test_*.py", "conftest.py")  # as in pyproject.toml


def compile_in_turn(config, worker: int, workers: int, folders=FOLDERS) -> None:
    """Compile what is not yet compiled, as worker number `worker` (from 0) of `workers`."""
    if sys.dont_write_bytecode:
        return
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    begin = len(files) * worker // workers
    for file in files[begin:] + files[:begin]:
        # Who imports a file that can not be compiled, or is gone, says so.
        with contextlib.suppress(SyntaxError, FileNotFoundError):
            _compile(file, config)


def _compile(file: Path, config) -> None:
    if any(fnmatch.fnmatch(file.name, pattern) for pattern in _REWRITTEN):
        _compile_tests(file, config)
    elif not _is_newer(importlib.util.cache_from_source(str(file)), file):
        SourceFileLoader(file.stem, str(file)).get_code(file.stem)
        module = ModuleType(file.stem)
        module.__file__ = str(file)
        constants_from_module(module)  # Hypothesis' own, which it keeps in .hypothesis


def _compile_tests(file: Path, config) -> None:
    folder = rewrite.get_cache_dir(file)
    kept = folder / (file.stem + rewrite.PYC_TAIL)
    if _is_newer(kept, file):
        return
    folder.mkdir(parents=True, exist_ok=True)
    source_hash, code = rewrite._rewrite_test(file, config)
    rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source_hash, kept)


def _is_newer(kept: str | os.PathLike[str], file: Path) -> bool:
    try:
        return os.stat(kept).st_mtime >= os.stat(file).st_mtime
    except OSError:
        return False
