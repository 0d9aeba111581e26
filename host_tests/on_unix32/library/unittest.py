"""The part of unittest that our own tests use, for a unix port that has none.

*Why not micropython-lib's:* it lies on no registry, only on the web; the port in Node has it
frozen in. What is missing here fails loudly, and belongs here then. Runs on MicroPython only,
under host_tests/runner/inside/run_dual.py, which reads the results.
"""

import io
import sys


class SkipTest(Exception):
    """Why a test does not run here."""


class TestCase:
    """One class of tests."""

    def __init__(self):
        self._result = None
        self._where = None

    def skipTest(self, reason):
        raise SkipTest(reason)

    def subTest(self, *_words, **about):
        return _SubTest(self, about)

    def fail(self, message):
        raise AssertionError(message)

    def assertEqual(self, first, second, msg=None):
        self._check(first == second, "%r vs (expected) %r" % (first, second), msg)

    def assertNotEqual(self, first, second, msg=None):
        self._check(first != second, "%r twice" % (first,), msg)

    def assertTrue(self, value, msg=None):
        self._check(value, "%r is not true" % (value,), msg)

    def assertFalse(self, value, msg=None):
        self._check(not value, "%r is not false" % (value,), msg)

    def assertIsNone(self, value, msg=None):
        self._check(value is None, "%r is not None" % (value,), msg)

    def assertIsNotNone(self, value, msg=None):
        self._check(value is not None, "is None", msg)

    def assertIs(self, first, second, msg=None):
        self._check(first is second, "%r is not %r" % (first, second), msg)

    def assertIn(self, value, container, msg=None):
        self._check(value in container, "%r is not in %r" % (value, container), msg)

    def assertRaises(self, expected, function=None, *arguments, **named):
        if function is None:
            return _Raises(expected)
        with _Raises(expected):
            function(*arguments, **named)
        return None

    def _check(self, holds, message, words):
        if not holds:
            self.fail(words or message)


class _Raises:
    """A block that must raise `expected`. exception: what it raised."""

    def __init__(self, expected):
        self._expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if kind is None:
            raise AssertionError("%r not raised" % self._expected)
        self.exception = error
        return issubclass(kind, self._expected)


class _SubTest:
    """A block whose failure is noted, and the test goes on."""

    def __init__(self, case, about):
        self._case, self._about = case, about

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if kind is None or not issubclass(kind, Exception):
            return False
        self._case._result.note(self._case._where + (str(self._about),), error)
        return True


class TestResult:
    """What came of the tests; failures, errors and skipped hold (where, text)."""

    def __init__(self):
        self.testsRun = 0
        self.errorsNum = 0
        self.failures, self.errors, self.skipped = [], [], []

    def note(self, where, error):
        """Keep what `error` says of the test at `where`, a tuple."""
        if isinstance(error, SkipTest):
            self.skipped.append((where, str(error)))
            return
        text = io.StringIO()
        sys.print_exception(error, text)
        failed = isinstance(error, AssertionError)
        (self.failures if failed else self.errors).append((where, text.getvalue()))


class TestSuite:
    """Classes of tests, in `_tests`."""

    def __init__(self, _name=""):
        self._tests = []

    def addTest(self, case):
        self._tests.append(case)

    def run(self, result):
        """Run all tests; what setUp or tearDown raises ends them."""
        for kind in self._tests:
            for name in dir(kind):
                if name.startswith("test"):
                    self._run_one(kind(), kind, name, result)

    def _load_module(self, module):
        for name in dir(module):
            kind = getattr(module, name)
            if isinstance(kind, type) and issubclass(kind, TestCase) and kind is not TestCase:
                self.addTest(kind)

    def _run_one(self, case, kind, name, result):
        case._result, case._where = result, (name, kind)
        result.testsRun += 1
        if hasattr(case, "setUp"):
            case.setUp()
        try:
            getattr(case, name)()
        except Exception as error:
            result.note(case._where, error)
        if hasattr(case, "tearDown"):
            case.tearDown()


def main():
    """Nothing: the runner runs them."""
