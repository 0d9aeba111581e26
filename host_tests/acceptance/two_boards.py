"""The meter on a serial port with the two-board fixture at its keys, load, plug and relay.

`--body serial:PORT --fixture PORT`. What needs an emulated body on a port alone is done with
real keys, pulses and power cuts; the display is read through the service port.
"""

import pytest
from acceptance.subject import LONGEST_WAIT_S, SerialLines, SerialSubject, not_applicable

from meter20.board.fixture import SHORTEST_PERIOD_US, Fixture

DIGITS = 20
_SETTLED_MS = 1000  # until what was pressed or pulsed last has been dealt with, and is shown
_RELAY_MS = 500
_MOMENTS_US = 130_000  # from one moment of `cut_during` to the next
_FIRST_MOMENT_US = 20_000


class TwoBoardSubject(SerialSubject):
    """The one meter on a serial port. fixture: the hand that does what people and mains do."""

    def __init__(self, port: str, fixture: str):
        self.fixture = Fixture(fixture)
        self.fixture.order("stop")
        self._served = SerialLines(port)
        super().__init__(self._served)
        self._handlers = {
            "keys": self._keys, "pulses": self._pulses, "power_cut": self._power_cut,
        }  # fmt: skip

    def ask(self, do, **fields):
        if do in self._handlers:
            return self._handlers[do](**fields)
        reply = super().ask(do, **fields)
        if do == "read" and reply["ok"]:
            self._check_contact(reply["relay"])
        return reply

    def wait(self, seconds):
        if seconds > LONGEST_WAIT_S:
            not_applicable(f"{seconds} s is too long to wait for")
        self.fixture.pause(1000 * seconds)
        return self.ask("read")["display"]

    def cut_during(self, digits, moment, torn):
        """Type `digits`; the supply is cut 20 ms to 1 s after the last key went down."""
        delay_us = _FIRST_MOMENT_US + _MOMENTS_US * moment + (_MOMENTS_US // 2 if torn else 0)
        self.fixture.arm_cut("key", len(digits), delay_us)
        self.fixture.press(digits)
        self.await_power()
        return True

    def await_power(self):
        """Wait until a cut is over and the meter answers again."""
        self.fixture.await_power(self._served.port)

    def close(self):
        self.fixture.order("stop")
        self.fixture.close()
        super().close()

    def _keys(self, keys):
        self.fixture.press(keys)
        self.fixture.pause(_SETTLED_MS)
        read = self.ask("read")
        return {"ok": True, "display": read["display"], "last_result": read["last_result"]}

    def _pulses(self, count, over_s=0):
        if count:
            period_us = max(SHORTEST_PERIOD_US, 1_000_000 * over_s // count)
            self.fixture.pulses(count, period_us=period_us)
        self.fixture.pause(_SETTLED_MS)
        return self.ask("read")

    def _power_cut(self):
        self.fixture.arm_cut()
        self.await_power()
        return {"ok": True}

    def _check_contact(self, relay):
        """The contact must be where the meter says, once it had its time to move."""
        for _ in range(3):
            if (contact := self.fixture.read()["relay"]) == relay:
                return
            self.fixture.pause(_RELAY_MS)
            relay = super().ask("read")["relay"]
        pytest.fail(f"the contact of the relay is {contact} where the meter says {relay}")
