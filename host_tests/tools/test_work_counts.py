"""No piece of work takes over 3 % more lines of Python, or statements of SQL, than it did.

`make work-counts` writes the counts again, after a change that was meant.
"""

import json
import sys

import pytest
from campaigns import work_counts

RECORDED = json.loads(work_counts.BUDGETS.read_text(encoding="utf-8"))
MORE = 1.03


def grown(work, before, now):
    """Return what tells where `work` grew, a line each; nothing if it did not."""
    if sum(now.values()) <= MORE * sum(before.values()):
        return []
    told = [f"{work}: {sum(before.values())} before, {sum(now.values())} now"]
    places = sorted(now, key=lambda place: before.get(place, 0) - now[place])
    return told + [
        f"  {place}: {before.get(place, 0)} before, {now[place]} now"
        for place in places
        if now[place] > before.get(place, 0)
    ]


def test_no_work_has_grown():
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the counts are of Python 3.11; others count the lines of a loop otherwise")
    measured = work_counts.measured()
    assert list(measured) == list(RECORDED)
    told = [line for work, now in measured.items() for line in grown(work, RECORDED[work], now)]
    assert not told, "\n".join(told)


def test_what_grew_is_named_and_what_shrank_is_not():
    before = {"firmware/a.py": 100, "firmware/b.py": 100, "firmware/c.py": 50}
    now = {"firmware/a.py": 120, "firmware/b.py": 90, "firmware/d.py": 60}
    assert grown("boot", before, now) == [
        "boot: 250 before, 270 now",
        "  firmware/d.py: 0 before, 60 now",
        "  firmware/a.py: 100 before, 120 now",
    ]
    assert grown("boot", before, {"firmware/a.py": 257}) == []


def test_lines_are_counted_alike_each_time():
    def work():
        work_counts.digits.clean("1234 5678")

    assert work_counts.lines_of(work) == work_counts.lines_of(work)
    assert list(work_counts.lines_of(work)) == ["firmware/sts/digits.py"]
