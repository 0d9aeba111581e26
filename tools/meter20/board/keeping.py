"""Keeps the session of a meter on a board, for `meter20 replay`.

On a board time and energy pass by themselves. So the meter is read before and after each request,
and what passed goes into the session as requests of an emulated meter: `live` for time, `pulses`
for energy. What the keypad got stays unknown, for no request tells of it.
"""

import json
import time
from collections.abc import Callable

from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.session import BOARD, NoSession, Recorder, fields

#: Requests whose reply tells of the board, not of what was done at the meter.
_OF_THE_BOARD = ("explain", "help")
_CTRL_C = b"\x03"
_BAD_OCTET = (
    b'{"ok": false, "error": "bad_json", "message": "octet 3 would stop a meter on a board"}'
)
#: By how much uptimes and the host's time may differ: they are whole seconds.
_SLACK_S = 1.5
#: Times of so many milliseconds become one request in the file.
_STEP_MS = 1000


class BoardRecorder(Recorder):
    """Passes requests on to the meter on a board, a new one, and keeps them.

    clock_s: time on the host, seconds. Raises NoSession for a meter that has a number, since no
    other meter has its past; Trouble as ServicePort does.
    """

    def __init__(self, port: ServicePort, clock_s: Callable[[], float] = time.monotonic):
        super().__init__(port, BOARD)
        self._port = port
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._kept_ms = 0
        self._imp_per_kwh = 0
        self._pulses = 0
        self._read_s = self._began_s
        self._state = self._read()
        if self._state["drn"] or self._state["relay_reason"] != "not_provisioned":
            raise NoSession(
                f"the meter on {port.port} is no new one, and a session is played on a new one: "
                "erase the board, and flash it again"
            )
        self.firmware(self._state["firmware"])
        self._keep_clock()

    def exchange(self, line: bytes) -> bytes:
        """Return the reply to `line`, and keep both. Raises Trouble."""
        if _CTRL_C in line:
            return _BAD_OCTET
        self._look(1)
        request = fields(line.decode(errors="backslashreplace"))
        reply = self._port.exchange(line)
        if not reply:
            raise Trouble(
                Code.NO_ANSWER,
                f"the meter on {self._port.port} did not answer; it may have done what was asked",
            )
        answer = fields(reply.decode(errors="backslashreplace"))
        before, self._state = self._state, self._read_after(request, answer)
        self._keep_pulses(_total_wh(before, answer, self._state))
        if answer.get("ok") and request.get("do") == "provision":
            self._imp_per_kwh = request["imp_per_kwh"]
        if request.get("do") not in _OF_THE_BOARD and answer.get("error") != "unknown_request":
            self.keep(line, reply)
        return reply

    def look(self) -> None:
        """Read the meter; keep the energy and the whole seconds that passed. Raises Trouble."""
        self._look(_STEP_MS)

    def _look(self, step_ms):
        before, passed_s = self._state, self._clock_s() - self._read_s
        self._state = state = self._read()
        if (
            state["uptime_s"] < before["uptime_s"] + passed_s - _SLACK_S
            or state["total_wh"] < before["total_wh"]
        ):
            self._add({"do": "power_cut"}, {"ok": True})
        self._keep_pulses(self._state["total_wh"])
        self._keep_time(step_ms)

    def _read(self):
        state = self._port.request(do="read")
        if not state["ok"]:
            raise Trouble(Code.REFUSED, f"the meter cannot be read: {state.get('message')}")
        self._read_s = self._clock_s()
        return state

    def _keep_clock(self):
        """Keep what the board's clock says, for friendly hours and the months of a tariff."""
        answer = self._port.request(do="clock")
        if answer["ok"] and answer["utc"]:
            self._add({"do": "clock", "utc": answer["utc"]}, {"ok": True})

    def _read_after(self, request, answer):
        if request.get("do") == "power_cut" and answer.get("ok"):
            self._port.await_restart()
        return self._read()

    def _keep_pulses(self, total_wh):
        """Keep as many pulses as make `total_wh`, over the whole seconds that passed."""
        pulses = -(-total_wh * self._imp_per_kwh // 1000)
        count, self._pulses = pulses - self._pulses, pulses
        if count <= 0:
            return
        over_s = self._passed_ms() // 1000
        self._kept_ms += 1000 * over_s
        self._add(
            {"do": "pulses", "count": count, "over_s": over_s},
            {"ok": True, "total_wh": total_wh},
        )

    def _keep_time(self, step_ms):
        passed_ms = self._passed_ms() // step_ms * step_ms
        self._kept_ms += passed_ms
        self._add(
            {"do": "live", "watts": 0, "ms": passed_ms, "slice_ms": _STEP_MS},
            {"ok": True, "display": self._state["display"]},
        )

    def _passed_ms(self):
        """Return the time that is not in the session yet."""
        return int(1000 * (self._clock_s() - self._began_s)) - self._kept_ms

    def _add(self, request, reply):
        self.keep(json.dumps(request).encode(), json.dumps(reply).encode())


def _total_wh(before, answer, after):
    """Return the total as it was when the meter answered `answer`, between two states of `read`.

    The reply to a token tells the credit alone: what it lacks was used before. On a meter that
    counts money nobody knows that total, so what is used meanwhile is played after the request.
    """
    if "total_wh" in answer:
        return answer["total_wh"]
    if "credit_wh" not in answer or "credit_currency" in before:
        return before["total_wh"]
    used_wh = before["credit_wh"] + answer.get("amount_wh", 0) - answer["credit_wh"]
    return before["total_wh"] + max(0, min(used_wh, after["total_wh"] - before["total_wh"]))
