"""Keeps what was done at the page's meter, so that it can be played again: docs/sessions.md.

Each entry is a request of the service port with its reply, as docs/sessions.md says. What only
lets time pass, while the same things are switched on, is one entry. The worker takes the entries
away and keeps them: here each of them would make every collection of garbage longer.
"""

import json

from micropython import const
from panel.screens import FIRMWARE

_FORMAT = const(1)


class Kept:
    """The session of the meter in `sim`, a body.SimBody."""

    def __init__(self, sim):
        self._sim = sim
        head = {"meter20": "session", "format": _FORMAT, "firmware": FIRMWARE, "body": "page"}
        self._lines = [json.dumps(head)]  # of the file, that nobody has taken yet
        self._passing = None  # [watts, ms, slice_ms] of the time that passes now

    def passes(self, watts: int, slice_ms: int):
        """Note that a slice of time is about to pass."""
        passing = self._passing
        if passing and passing[0] == watts and passing[2] == slice_ms:
            passing[1] += slice_ms
        else:
            self._end_passing()
            self._passing = [watts, slice_ms, slice_ms]

    def pressed(self, watts: int, key: str):
        """Note that `key` was pressed."""
        self._end_passing()
        self._seen({"do": "live", "watts": watts, "keys": key})

    def answered(self, request: str, reply: str):
        """Note a request of the service port, and its reply."""
        self._end_passing()
        self._add(request, reply)

    def take(self) -> str:
        """Return the lines of the file that came since the last call, its head first."""
        lines, self._lines = self._lines, []
        return "".join([line + "\n" for line in lines])

    def before(self):
        """Something is about to be done: what is seen now is what the time that passed led to."""
        self._end_passing()

    def _end_passing(self):
        if self._passing:
            watts, ms, slice_ms = self._passing
            self._passing = None
            self._seen({"do": "live", "watts": watts, "ms": ms, "slice_ms": slice_ms})

    def _seen(self, request):
        from service_port.lines import accepted

        self._add(json.dumps(request), accepted(request, self._sim.live_fields()))

    def _add(self, request, reply):
        self._lines.append(json.dumps({"sent": request, "got": reply}))
