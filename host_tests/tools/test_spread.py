"""Long tests begin first, and files whose tests share something stay on one worker."""

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
