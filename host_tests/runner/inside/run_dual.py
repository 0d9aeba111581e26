"""Runs the unittest classes of one file under MicroPython, a class at a time.

Runs on MicroPython only, below `run_tests.mjs` (which calls `load`, then `step`
until it is done, then `outcome`), or by itself on a unix port:

    micropython run_dual.py FOLDER MODULE SYS_PATH...

which prints the outcome as its last line.

The library's own runner lets an exception in `setUp` escape, and says nothing
of a SystemExit; here both are errors of the class they come from.
"""

import io
import json
import sys
import unittest

_result = unittest.TestResult()
_waiting = []


def load(folder: str, module: str):
    """Import the test file `module` of `folder` and line up what it tests."""
    sys.path.insert(0, folder)
    try:
        suite = unittest.TestSuite(module)
        suite._load_module(__import__(module))
    except BaseException as e:
        _record((module, "import"), e)
        return
    _waiting.extend(suite._tests)


def step() -> bool:
    """Run the next class; return whether there was one."""
    if not _waiting:
        return False
    case = _waiting.pop(0)
    suite = unittest.TestSuite()
    suite.addTest(case)
    try:
        suite.run(_result)
    except BaseException as e:
        _record((case.__name__, "setUp, tearDown or exit"), e)
    return True


def outcome() -> str:
    """Return what came of it, as JSON."""
    return json.dumps(
        {
            "run": _result.testsRun,
            "failures": _texts(_result.failures),
            "errors": _texts(_result.errors),
            "skipped": _texts(_result.skipped),
        }
    )


def _record(where, e):
    text = io.StringIO()
    sys.print_exception(e, text)
    _result.errors.append((where, text.getvalue()))
    _result.errorsNum += 1


def _texts(entries):
    return [[" ".join(_name(part) for part in where), str(text)] for where, text in entries]


def _name(part) -> str:
    return part.__name__ if isinstance(part, type) else str(part)


def main():
    folder, module = sys.argv[1:3]
    sys.path[:] = sys.argv[3:]
    load(folder, module)
    while step():
        pass
    print()
    print(outcome())


if __name__ == "__main__":
    main()
