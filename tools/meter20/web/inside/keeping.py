"""Keeps what was done at the page's meter, so that it can be played again: docs/classroom.md.

Each entry is a request of the service port with its reply, as docs/sessions.md says. What only
lets time pass, while the same things are switched on, is one entry.
"""

import json

from micropython import const
from panel.screens import FIRMWARE

_FORMAT = const(1)
_ENTRIES_MAX = const(5000)  # then nothing more is kept: hours of play


class Kept:
    """The session of the meter in `sim`, a body.SimBody. whole: whether all of it is in it."""

    def __init__(self, sim):
        self._sim = sim
        self._entries = []
        self._passing = None  # [watts, ms, slice_ms] of the time that passes now
        self.whole = True

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

    def asked(self, request: str, reply: str):
        """Note a request of the service port, and what it was answered."""
        self._end_passing()
        self._add(request, reply)

    def text(self) -> str:
        """Return the session: its head, and each entry, a line of JSON for each."""
        self._end_passing()
        head = {"meter20": "session", "format": _FORMAT, "firmware": FIRMWARE, "body": "page"}
        return "".join([json.dumps(each) + "\n" for each in [head] + self._entries])

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
        if len(self._entries) < _ENTRIES_MAX:
            self._entries.append({"sent": request, "got": reply})
        else:
            self.whole = False
