"""Which lines of the project a test executes: see sample_runner.py.

Of each function the first calls are followed line by line, the later ones only counted: a cipher
shows its lines at once, and takes most of the time.
"""

import os

from mutants import ROOT

_TRACED_CALLS = 20  # of a function in a test


class LineTracer:
    """Notes which lines of firmware/ and tools/ are executed. found: a set of (path, line)."""

    _paths = {}

    def __init__(self):
        self.found = set()
        self._calls = {}

    def called(self, frame, _event, _value):
        code = frame.f_code
        path = self._paths.get(code.co_filename)
        if path is None:
            name = code.co_filename
            ours = name.startswith((f"{ROOT}/firmware", f"{ROOT}/tools"))
            path = self._paths[name] = os.path.relpath(name, ROOT) if ours else ""
        if not path:
            return None
        self.found.add((path, code.co_firstlineno))
        calls = self._calls[code] = self._calls.get(code, 0) + 1
        if calls > _TRACED_CALLS:
            return None
        found = self.found

        def line(frame, event, _value):
            if event == "line":
                found.add((path, frame.f_lineno))
            return line

        return line
