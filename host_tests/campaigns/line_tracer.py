"""Which lines of the project a test executes: see sample_runner.py.

A function is followed line by line until it has shown all of them, and then only counted: a cipher
shows its lines at once, and takes most of the time.
"""

import os

from campaigns.mutants import ROOT


class LineTracer:
    """Notes which lines of firmware/ and tools/ are executed. found: a set of (path, line)."""

    _paths = {}

    def __init__(self):
        self.found = set()
        self._unseen = {}  # lines of each code that were not executed yet

    def called(self, frame, _event, _value):
        """Trace a call; given to sys.settrace."""
        code = frame.f_code
        path = self._paths.get(code.co_filename)
        if path is None:
            path = self._paths[code.co_filename] = _ours(code.co_filename)
        if not path:
            return None
        unseen = self._unseen.get(code)
        if unseen is None:
            unseen = self._unseen[code] = {line for _start, _end, line in code.co_lines()}
            unseen -= {None, code.co_firstlineno}
            self.found.add((path, code.co_firstlineno))
        if not unseen:
            return None

        def line(frame, event, _value):
            if event == "line":
                self.found.add((path, frame.f_lineno))
                unseen.discard(frame.f_lineno)
            return line

        return line


def _ours(name):
    """Return the path of a file of firmware/ or tools/ below the root, "" for another."""
    ours = name.startswith((f"{ROOT}/firmware", f"{ROOT}/tools"))
    return os.path.relpath(name, ROOT) if ours else ""
