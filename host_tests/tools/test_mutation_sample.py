"""The sampling of random changes: it changes what it says, and finds what no test notices."""

import ast
import os
import subprocess
import sys

import pytest
from campaigns import line_changes, mutation_sample
from campaigns.mutants import CAUGHT, ROOT, SURVIVED
from campaigns.mutation_sample import Reached, Verdict
from rigs import postgresql

MODULE = '''"""A module."""

LIMIT = 3
ROWS = ("a", "b", "c")
TABLE = """
0 zero
1 one
2 two
"""


class Box:
    def fill(self, left, right):
        """Fill it."""
        if left < right and left:
            self.log(left, right)
            raise ValueError("too much: 7")
        return left + 1
'''


def found(text=MODULE):
    return {(c.function, c.before, c.after) for c in line_changes.changes("box.py", text)}


@pytest.mark.parametrize(
    "change",
    [
        ("", "LIMIT = 3", "LIMIT = 4"),
        ("", "LIMIT = 3", "LIMIT = 2"),
        ("", 'ROWS = ("a", "b", "c")', 'ROWS = ("b", "a", "c")'),
        ("", 'ROWS = ("a", "b", "c")', 'ROWS = ("b", "c")'),
        ("", "1 one", ""),
        ("Box.fill", "if left < right and left:", "if left <= right and left:"),
        ("Box.fill", "if left < right and left:", "if left < right or left:"),
        ("Box.fill", "if left < right and left:", "if (not (left < right and left)):"),
        ("Box.fill", "self.log(left, right)", "pass"),
        ("Box.fill", "self.log(left, right)", "self.log(right, left)"),
        ("Box.fill", 'raise ValueError("too much: 7")', "pass"),
        ("Box.fill", "return left + 1", "return None"),
        ("Box.fill", "return left + 1", "return left - 1"),
        ("Box.fill", "return left + 1", "return left + 2"),
    ],
)
def test_each_slip_of_the_hand_is_made(change):
    assert change in found()


def test_every_change_is_one_of_the_code_and_none_of_its_words():
    for change in line_changes.changes("box.py", MODULE):
        other = line_changes.changed(MODULE, change)
        assert ast.dump(ast.parse(other)) != ast.dump(ast.parse(MODULE))
        assert '"""Fill it."""' in other and '"""A module."""' in other


def test_what_a_change_is_known_by_outlives_a_move_of_its_lines_and_of_its_file():
    moved = line_changes.changes("room/box.py", "# A remark.\n\n" + MODULE)
    first = line_changes.changes("box.py", MODULE)
    assert [line_changes.key(each) for each in moved] == [line_changes.key(each) for each in first]


def test_a_seed_always_draws_the_same():
    first, of = mutation_sample.sample(["firmware/sts"], 40, 7)
    again, _ = mutation_sample.sample(["firmware/sts"], 40, 7)
    other, _ = mutation_sample.sample(["firmware/sts"], 40, 8)
    assert first == again != other
    assert len(first) == 40 < of
    assert len({(change.path, change.line) for change in first}) == 40


def test_every_survivor_that_was_judged_has_a_place_and_a_reason():
    text = mutation_sample.JUDGED.read_text(encoding="utf-8")
    for (file, _function, before, after), reason in mutation_sample.judged(text).items():
        assert file.endswith(".py") and before and before != after and reason


def test_an_entry_without_a_reason_is_refused():
    entry = "box.py: Box.fill\n- return left\n+ return None\n"
    assert mutation_sample.judged(f"# a remark\n\n{entry}= nobody asks\n") == {
        ("box.py", "Box.fill", "return left", "return None"): "nobody asks"
    }
    with pytest.raises(ValueError, match="not an entry"):
        mutation_sample.judged(entry)


def test_tests_are_chosen_by_the_line_that_they_execute_the_fastest_first():
    path = "firmware/account/lockout.py"
    change = next(
        change
        for change in line_changes.changes(path, (ROOT / path).read_text(encoding="utf-8"))
        if change.function
    )
    slow, fast, far = (f"host_tests/unit/test_{name}.py::x" for name in ("meter", "crc", "drn"))
    lines = {(path, change.line): {slow, fast}, ("firmware/sts/crc.py", 1): {far}}
    assert Reached(lines, {slow: 2.0, fast: 0.5, far: 0.1}).by(change) == [fast, slow]


def test_survivors_that_are_not_judged_are_listed_and_fail_the_run(capsys):
    change = line_changes.changes("box.py", MODULE)[0]
    assert mutation_sample.report([Verdict(change, CAUGHT, "a test")], {}, 9)
    assert not mutation_sample.report([Verdict(change, SURVIVED, "")], {}, 9)
    told = capsys.readouterr().out
    assert f"- {change.before}\n+ {change.after}\n" in told
    assert "1 survived, of which 0 are judged" in told
    judged = {line_changes.key(change): "nobody asks"}
    assert mutation_sample.report([Verdict(change, SURVIVED, "")], judged, 9)


def test_changes_inside_and_outside_of_functions_are_caught_and_the_checkout_is_left_alone():
    module = ROOT / "firmware" / "account" / "lockout.py"
    before = module.read_bytes()
    asked = ["--only", "account/lockout.py", "--tests", "unit/test_lockout.py", "--size", "6"]
    ran = subprocess.run(
        [sys.executable, "-m", "campaigns.mutation_sample", *asked],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "host_tests"),
            postgresql.SHARED: "/no server: these tests ask for none",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert " tests pass without a change" in ran.stderr, ran.stderr
    assert ran.stderr.count("caught, host_tests/unit/test_lockout.py::LockoutTest::test_") >= 3
    assert "6 changes of" in ran.stdout
    assert module.read_bytes() == before
