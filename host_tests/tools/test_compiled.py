"""What the workers of a run compile is compiled once: compiled.py of host_tests."""

import importlib.util
import os
import sys
from pathlib import Path

import compiled
import pytest
from _pytest.assertion import rewrite


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder with two tests and two modules; what is compiled of it lies beside it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "pycache"))
    monkeypatch.setattr(compiled, "constants_from_module", lambda module: None)
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in ("a", "b", "test_c", "test_d"):
        (folder / f"{name}.py").write_text("def test_it():\n    assert 20 < 30\n")
    return folder


def _kept(file):
    if file.name.startswith("test_"):
        return rewrite.get_cache_dir(file) / (file.stem + rewrite.PYC_TAIL)
    return Path(importlib.util.cache_from_source(str(file)))


def _begun(monkeypatch):
    begun, compile_one = [], compiled._compile
    monkeypatch.setattr(
        compiled,
        "_compile",
        lambda file, config: (begun.append(file.stem), compile_one(file, config)),
    )
    return begun


@pytest.mark.parametrize(("worker", "order"), [(0, "abcd"), (1, "cdab")])
def test_each_worker_begins_elsewhere_and_leaves_nothing_out(
    tree, monkeypatch, pytestconfig, worker, order
):
    begun = _begun(monkeypatch)
    compiled.compile_in_turn(pytestconfig, worker, 2, [tree])
    assert "".join(name[-1] for name in begun) == order
    assert all(_kept(file).is_file() for file in tree.iterdir())


def test_pytest_and_python_take_what_was_compiled(tree, pytestconfig):
    compiled.compile_in_turn(pytestconfig, 0, 1, [tree])
    test = tree / "test_c.py"
    assert rewrite._read_pyc(test, _kept(test)).co_filename == str(test)
    code = importlib.util.spec_from_file_location("a", tree / "a.py").loader.get_code("a")
    assert code.co_filename == str(tree / "a.py")


def test_what_is_compiled_is_not_compiled_again_before_it_is_changed(tree, pytestconfig):
    compiled.compile_in_turn(pytestconfig, 0, 2, [tree])
    kept = [_kept(tree / name) for name in ("a.py", "test_c.py")]
    before = [file.stat().st_ino for file in kept]
    compiled.compile_in_turn(pytestconfig, 1, 2, [tree])
    assert [file.stat().st_ino for file in kept] == before
    for name, file in zip(("a.py", "test_c.py"), kept, strict=True):
        (tree / name).write_text("changed = 1\n")
        newer_s = file.stat().st_mtime + 10
        os.utime(tree / name, (newer_s, newer_s))
    compiled.compile_in_turn(pytestconfig, 1, 2, [tree])
    assert not {file.stat().st_ino for file in kept} & set(before)


def test_a_file_that_can_not_be_compiled_is_left_to_who_imports_it(tree, pytestconfig):
    for name in ("a", "test_c"):
        (tree / f"{name}.py").write_text("def\n")
    compiled.compile_in_turn(pytestconfig, 0, 1, [tree])
    assert not _kept(tree / "test_c.py").exists()
    assert _kept(tree / "test_d.py").is_file()


def test_who_wants_nothing_compiled_on_the_disk_gets_nothing(tree, monkeypatch, pytestconfig):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    compiled.compile_in_turn(pytestconfig, 0, 1, [tree])
    assert not (tree.parent / "pycache").exists()
