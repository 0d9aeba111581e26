"""The planted faults can still be planted, and what judges them does."""

import ast
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from campaigns import mutants
from campaigns.mutants import (
    BROKEN,
    CAUGHT,
    ROOT,
    STALE,
    SURVIVED,
    judged,
    planted,
    report,
    verdict,
)
from campaigns.mutations import MUTATIONS, Mutation

LOCKOUT_TEST = "host_tests/unit/test_lockout.py::LockoutTest::"
WAITS = LOCKOUT_TEST + "test_waits_are_those_of_the_policy"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_applies(mutation):
    text = planted(mutation, (ROOT / mutation.path).read_text(encoding="utf-8"))
    assert text is not None, "its text is not there once"
    ast.parse(text)
    assert mutation.tests


def test_the_tests_that_are_named_exist():
    tests = sorted({test for mutation in MUTATIONS for test in mutation.tests})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", *tests],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_are_unique():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def mutation(old, new, test=WAITS):
    return Mutation("a fault", "a promise", "firmware/account/lockout.py", old, new, (test,))


def test_a_fault_that_matters_is_caught_and_the_checkout_left_alone():
    before = (ROOT / "firmware/account/lockout.py").read_bytes()
    found = judged(mutation("_FIRST_WAIT_S = const(10)", "_FIRST_WAIT_S = const(5)"))
    assert found.word == CAUGHT
    assert found.reason.startswith("AssertionError")
    assert (ROOT / "firmware/account/lockout.py").read_bytes() == before


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (mutation("_FIRST_WAIT_S = const(10)", "_FIRST_WAIT_S = const(5 * 2)"), SURVIVED),
        (mutation("_FIRST_WAIT_S = const(10)", "import nothing_of_that_name"), BROKEN),
        (mutation("return 0", "raise RuntimeError"), BROKEN),
        (mutation("this text is not there", "nor this"), STALE),
    ],
    ids=["harmless", "does not import", "raises", "not there"],
)
def test_other_ends_are_told_apart(fault, word, capsys):
    found = judged(fault)
    assert found.word == word
    assert not report([found])
    assert word in capsys.readouterr().out


def test_each_test_that_is_named_must_fail():
    other = LOCKOUT_TEST + "test_count_stays_in_a_byte"
    fault = mutation("", "")._replace(tests=(WAITS, other))
    keys = [mutants._key(test) for test in fault.tests]
    failed, passed = ["AssertionError: 1 != 2"], [None]
    assert verdict(fault, {keys[0]: failed, keys[1]: failed}).word == CAUGHT
    assert verdict(fault, {keys[0]: failed, keys[1]: passed}).word == SURVIVED
    assert verdict(fault, {keys[0]: failed}).word == BROKEN


def test_a_test_that_was_skipped_did_not_catch_anything():
    case = ElementTree.fromstring("<testcase><skipped message='not here'/></testcase>")
    found = {mutants._key(WAITS): [mutants._message(case)]}
    assert verdict(mutation("", ""), found).word == BROKEN


def test_without_a_fault_the_tests_must_pass():
    missing = mutation("", "", LOCKOUT_TEST + "test_that_is_not_there")
    assert mutants.sound([mutation("", "")]) == []
    assert mutants.sound([missing]) == list(missing.tests)
