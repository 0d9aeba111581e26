"""The meter under test, on the body that the tester named.

| body | a case gets | waits |
| --- | --- | --- |
| `emulated`, `virtual`, `page` | a meter of its own, as new | the meter's clock is moved |
| `rp2040` | a meter of its own, as new | the emulated chip runs for so long |
| `serial:PORT` | the one meter that is there | for real, half a minute at most |

A meter on a serial port has a past: it is provisioned once, its identifiers
(TID) only grow. With `--tokens` it is the tester's, else it has the suite's test
key. A case that needs a new meter, or a request that only emulated bodies know,
is not applicable there. It is never passed.
"""

import itertools
import json
import time

import pytest
from data import meters
from data.tokens import credit, token
from rigs.benches import Bench

from meter20.board.service import ServicePort

#: Requests that a board does not have; see docs/service-port.md, Requests.
EMULATED_ONLY = ("advance", "pulses", "arm_cut", "tamper", "explain")

LONGEST_WAIT_S = 35

#: On a real meter: a TID for every 10 s since this moment, so that each run has new ones.
_EPOCH_S = 1_760_000_000
_FIRST_TID = 6_000_000


def not_applicable(why: str):
    """End the case: on this body it cannot be tried."""
    pytest.skip("not applicable: " + why)


class Subject(Bench):
    """A meter with the suite's test key. new: whether it has no past."""

    new = True

    def __init__(self, lines):
        super().__init__(lines)
        self._tids = itertools.count(meters.MANUFACTURED + 1000)

    def ask(self, do, **fields):
        reply = super().ask(do, **fields)
        unknown = reply.get("error") == "unknown_request" and do in EMULATED_ONLY
        if unknown or reply.get("error") == "port_shut":
            not_applicable(f"this body does not take '{do}'")
        return reply

    def new_tid(self) -> int:
        """Return a TID higher than all that this meter has seen from the suite."""
        return next(self._tids)

    def credit(self, tenths=100, **terms) -> str:
        """Return a new credit token of `tenths` of a kWh."""
        return credit(self.new_tid(), tenths, **terms)

    def clear_wait(self):
        """Let a good token end what wrong ones began."""
        self.wait(self.ask("read")["lockout_s"])
        assert self.results(self.credit(1)) == ["Accept"]

    def clear_credit(self):
        """Leave the meter without credit, whatever it had."""
        assert self.results(token("ClearCredit", tid=self.new_tid(), value=0)) == ["Accept"]

    def cut_during(self, digits, moment, torn):
        """Enter `digits`, with a cut after `moment` flash operations; return whether it came.

        torn: it comes inside the next one. Without one, the power is cut afterwards.
        """
        self.ask("arm_cut", after_ops=moment, torn=torn)
        reply = self.ask("token", digits=digits)
        self.ask("power_cut")
        return reply.get("error") == "power_cut"


class SerialLines:
    """The service port of a board, line by line."""

    def __init__(self, port):
        self.port = ServicePort(port)

    def exchange(self, line):
        request = _request(line)
        if request.get("do") == "power_cut":
            return json.dumps(self.port.request(**request)).encode()
        return self.port.exchange(line)

    def close(self):
        self.port.close()


class SerialSubject(Subject):
    """The one meter on a serial port."""

    new = False

    def __init__(self, lines):
        super().__init__(lines)
        self._tids = itertools.count(_FIRST_TID + (int(time.time()) - _EPOCH_S) // 10)

    def given(self, **changes):
        """Give the meter its key, unless it has one."""
        if self.ask("read")["relay_reason"] == "not_provisioned":
            reply = self.provision(**changes)
            assert reply["ok"], reply

    def with_test_key(self):
        """Return this meter, which takes the suite's tokens; else end the run."""
        self.given(manufactured=_FIRST_TID)
        if self.results(self.credit(1)) != ["Accept"]:
            pytest.exit("the meter on this board does not have the suite's test key", 2)
        return self

    def wait(self, seconds):
        if seconds > LONGEST_WAIT_S:
            not_applicable(f"{seconds} s is too long to wait for")
        time.sleep(seconds)
        return self.ask("read")["display"]


def _request(line):
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return request if isinstance(request, dict) else {}
