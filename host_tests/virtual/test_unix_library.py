"""The unittest of the unix port reports what goes wrong; here it runs under CPython."""

import importlib.util
import sys

import pytest

from meter20 import DEVICE_ROOT

LIBRARY = DEVICE_ROOT / "host_tests" / "on_unix32" / "library" / "unittest.py"


@pytest.fixture
def library(monkeypatch):
    monkeypatch.setattr(
        sys, "print_exception", lambda error, file: file.write(repr(error)), raising=False
    )
    spec = importlib.util.spec_from_file_location("unix_unittest", LIBRARY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ran(library, *tests):
    """Return the result of a class that has `tests`, functions of the case."""
    methods = {f"test_{number}": test for number, test in enumerate(tests)}
    planted = type("PlantedTest", (library.TestCase,), methods)
    suite = library.TestSuite()
    suite._load_module(type("module", (), {"PlantedTest": planted, "TestCase": library.TestCase}))
    result = library.TestResult()
    suite.run(result)
    assert result.testsRun == len(tests)
    return result


def test_what_holds_passes(library):
    result = ran(
        library,
        lambda case: case.assertEqual(1, 1),
        lambda case: case.assertNotEqual(1, 2),
        lambda case: case.assertTrue(1),
        lambda case: case.assertFalse(0),
        lambda case: case.assertIsNone(None),
        lambda case: case.assertIn(1, [1]),
        lambda case: case.assertRaises(ValueError, int, "x"),
    )
    assert (result.failures, result.errors, result.skipped) == ([], [], [])


def test_what_does_not_hold_fails(library):
    tests = (
        lambda case: case.assertEqual(1, 2),
        lambda case: case.assertNotEqual(1, 1),
        lambda case: case.assertTrue(0),
        lambda case: case.assertFalse(1),
        lambda case: case.assertIsNone(0),
        lambda case: case.assertIn(1, []),
        lambda case: case.assertRaises(ValueError, int, "1"),
    )
    assert len(ran(library, *tests).failures) == len(tests)


def test_errors_and_skipped_tests_are_told_apart(library):
    def raises_another(case):
        with case.assertRaises(ValueError):
            raise KeyError

    result = ran(library, raises_another, lambda case: case.skipTest("no heap"))
    assert "KeyError" in result.errors[0][1]
    assert result.skipped[0][1] == "no heap"


def test_sub_tests_fail_one_by_one(library):
    def test(case):
        for number in range(3):
            with case.subTest(number=number):
                case.assertEqual(number, 1)

    failures = ran(library, test).failures
    assert [where[2] for where, _text in failures] == ["{'number': 0}", "{'number': 2}"]


def test_exception_that_was_expected_is_kept(library):
    case = library.TestCase()
    with case.assertRaises(KeyError) as caught:
        {}["x"]
    assert caught.exception.args == ("x",)
