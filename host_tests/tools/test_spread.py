"""Long tests begin first, files whose tests share something stay on one worker, none is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from spread import FIRST, piece, place

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", FIRST)
def test_what_begins_first_is_there(first):
    file, _, test = first.partition("::")
    assert f"def {test.partition('[')[0]}" in (ROOT / file).read_text(encoding="utf-8")


def test_file_that_is_named_is_one_piece_of_work():
    file = "host_tests/scenario/test_scripted_day.py"
    assert piece(f"{file}::test_one") == piece(f"{file}::test_two[a::b]") == file


def test_any_other_test_is_a_piece_of_its_own():
    for test in ("host_tests/unit/test_tid.py::TestTid::test_a", f"{FIRST[1]}test_storms[20-4]"):
        assert piece(test) == test


def test_long_tests_come_in_their_order_and_before_all_others():
    asked = ["host_tests/unit/test_tid.py::test_a", f"{FIRST[1]}test_b", f"{FIRST[0]}::test_c"]
    assert sorted(asked, key=place) == asked[::-1]


SPREAD = """
def pytest_xdist_make_scheduler(config, log):
    from spread import Spread
    return Spread(config, log)
"""
ENDS = """
import os
import pytest

@pytest.mark.parametrize("number", range(8))
def test_of_many(number):
    if number in (2, 7):
        os._exit(1)
"""


def test_what_ends_a_worker_fails_and_all_others_are_run(tmp_path):
    (tmp_path / "conftest.py").write_text(SPREAD)
    (tmp_path / "test_some.py").write_text(ENDS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider", "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {
            "PYTHONPATH": str(ROOT / "host_tests"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "",
        },
    )  # fmt: skip
    assert "2 failed, 6 passed" in done.stdout, done.stdout
    for number in (2, 7):
        assert f"crashed while running 'test_some.py::test_of_many[{number}]'" in done.stdout
