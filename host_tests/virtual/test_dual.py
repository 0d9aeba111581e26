"""The runner of test files under MicroPython reports every way in which a file can go wrong."""

import pytest
from runner.dual import DualRunner, dual_files, is_dual


@pytest.fixture
def root(tmp_path):
    """A checkout with nothing in it but one module."""
    for folder in ("firmware/sts", "boards/sim", "boards/fixture_pico", "host_tests/unit",
                   "host_tests/models"):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "firmware/sts/__init__.py").write_text("")
    (tmp_path / "firmware/sts/answer.py").write_text("ANSWER = 42\n")
    (tmp_path / "host_tests/models/thing.py").write_text("NAME = 'model'\n")
    return tmp_path


@pytest.fixture
def run(root):
    """Return a function that plants a test file and returns what came of it."""
    runner = DualRunner(root)

    def run(source, timeout_s=20.0):
        file = root / "host_tests/unit/test_planted.py"
        file.write_text("import unittest\n" + source)
        return runner.run(file, timeout_s)

    yield run
    runner.close()


def case(*lines):
    body = "".join(f"        {line}\n" for line in lines)
    return f"class PlantedTest(unittest.TestCase):\n    def test_it(self):\n{body}"


def test_file_that_passes(run):
    outcome = run(
        "from models import thing\nfrom sts.answer import ANSWER\n"
        + case("self.assertEqual(ANSWER, 42)", "self.assertEqual(thing.NAME, 'model')")
    )
    assert outcome.complaint == ""
    assert outcome.run == 1
    assert "test_it" in outcome.output


def test_it_is_micropython(run):
    assert run(case("import sys", "assert sys.implementation.name == 'micropython'")).run == 1


def test_failing_test(run):
    outcome = run(case("self.assertEqual(1, 2)"))
    assert "test_planted.py" in outcome.complaint
    assert "1 vs (expected) 2" in outcome.complaint
    assert len(outcome.failures) == 1


def test_error_in_a_test(run):
    assert "ZeroDivisionError" in run(case("1 / 0")).complaint


def test_error_at_import(run):
    assert "no module named 'nowhere'" in run("import nowhere\n").complaint


def test_syntax_that_micropython_lacks(run):
    assert "SyntaxError" in run("match 1:\n    case 1: pass\n").complaint


def test_exit_at_import(run):
    assert "SystemExit" in run("raise SystemExit(0)\n").complaint


def test_exit_in_a_test(run):
    assert "SystemExit" in run(case("raise SystemExit(0)")).complaint


def test_error_in_set_up(run):
    outcome = run(case("pass") + "    def setUp(self):\n        1 / 0\n")
    assert "ZeroDivisionError" in outcome.complaint


def test_file_without_tests(run):
    assert "no test ran" in run("").complaint


def test_endless_loop_is_stopped_and_the_next_file_runs(run):
    assert run(case("pass")).complaint == ""
    assert "endless loop" in run(case("while True: pass"), timeout_s=0.5).complaint
    assert run(case("pass")).complaint == ""


def test_endless_output_is_stopped(run):
    assert run(case("pass")).complaint == ""
    assert "endless loop" in run(case("while True: print('x')"), timeout_s=0.5).complaint


def test_each_file_gets_a_fresh_interpreter(run):
    assert run("import sts.answer\nsts.answer.ANSWER = 1\n" + case("pass")).complaint == ""
    again = run("import sts.answer\n" + case("assert sts.answer.ANSWER == 42"))
    assert again.complaint == ""


def test_skipped_test_is_told(run):
    outcome = run(case("self.skipTest('no heap')"))
    assert outcome.complaint == ""
    assert outcome.skipped[0][1] == "no heap"


@pytest.mark.parametrize("module", ["machine", "hmac", "datetime", "logging", "asyncio"])
def test_module_that_a_board_lacks_is_missing(run, module):
    assert "ImportError" in run(f"import {module}\n" + case("pass")).complaint


def test_file_knows_where_it_lies(run):
    outcome = run(
        "FOLDER = __file__.rsplit('/', 2)[0]\n" + case("open(FOLDER + '/models/thing.py').close()")
    )
    assert outcome.complaint == ""


def test_garbage_is_collected_between_classes(run):
    # 2.4 GB in all: more than WebAssembly's memory can ever hold at once
    litter = case("for _ in range(50): bytearray(400_000)")
    many = "".join(litter.replace("Planted", f"Planted{number}") for number in range(120))
    outcome = run(many)
    assert outcome.complaint == ""
    assert outcome.run == 120


@pytest.mark.parametrize(
    ("source", "dual"),
    [
        ("import unittest\n", True),
        ("from unittest import TestCase\n", True),
        ("import unittest\nimport pytest\n", False),
        ("import unittest\nfrom hypothesis import given\n", False),
        ("import json\n", False),
    ],
)
def test_imports_say_whether_a_file_is_dual(source, dual):
    assert is_dual(source) is dual


def test_dual_files_are_found_in_their_folders_only(root):
    (root / "host_tests/contract").mkdir()
    for path in ("unit/test_a.py", "contract/test_b.py", "test_c.py", "unit/helper.py"):
        (root / "host_tests" / path).write_text("import unittest\n")
    (root / "host_tests/unit/test_d.py").write_text("import pytest\n")
    assert [path.name for path in dual_files(root)] == ["test_b.py", "test_a.py"]
