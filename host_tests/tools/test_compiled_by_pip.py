"""Python finds what pip has compiled where PYTHONPYCACHEPREFIX says: compiled_by_pip.py."""

import importlib.util
import py_compile
import sys
from pathlib import Path

import pytest
from compiled_by_pip import take_over


@pytest.fixture
def module(tmp_path):
    """A module in a package that pip has compiled."""
    file = tmp_path / "site" / "package" / "module.py"
    file.parent.mkdir(parents=True)
    file.write_text("answer = 20\n")
    kept = file.parent / "__pycache__" / f"module.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(file), cfile=str(kept), doraise=True)
    return file


def test_compiled_file_lies_where_python_looks_for_it(module, tmp_path, monkeypatch):
    take_over(tmp_path / "site", tmp_path / "kept")
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    kept = Path(importlib.util.cache_from_source(str(module)))
    assert kept.is_relative_to(tmp_path / "kept")
    assert kept.samefile(next((module.parent / "__pycache__").iterdir()))


def test_what_lies_there_already_is_left_as_it_is(module, tmp_path):
    there = tmp_path / "kept" / module.parent.relative_to(tmp_path.anchor)
    there.mkdir(parents=True)
    newer = there / f"module.{sys.implementation.cache_tag}.pyc"
    newer.write_bytes(b"newer")
    take_over(tmp_path / "site", tmp_path / "kept")
    assert newer.read_bytes() == b"newer"
