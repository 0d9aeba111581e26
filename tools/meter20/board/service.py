"""The service port of the meter on a board: a line of JSON out, a line of JSON in."""

import contextlib
import itertools
import json
import time

import serial
from service_port import lines

from meter20.board import serial_ports
from meter20.board.trouble import Code, Trouble
from meter20.service_client import ServiceClient

REPLY_TIMEOUT_S = 10.0
_START_TIMEOUT_S = 20.0
_FIRST_TIMEOUT_S = 1.0

#: Boards behind a UART hold 256 bytes that were not read yet and lose the others. A meter reads
#: every 50 ms as a rule, so that no more than two pieces can wait.
_PIECE_BYTES = 128

#: Interrupt, friendly prompt, soft reset: the board starts its main.py.
_START = b"\r\x03\x03\x02\x04"


class _Line(serial.Serial):
    """A serial line that takes all that came at once: pyserial asks for each byte by itself."""

    _came = b""

    def readline(self, _size: int | None = -1, /) -> bytes:
        """Return a line, or what came of it before the time-out; the rest is for later."""
        came = b"-"
        while came and b"\n" not in self._came:
            came = self.read(max(1, self.in_waiting))
            self._came += came
        line, end, self._came = self._came.partition(b"\n")
        return line + end

    def reset_input_buffer(self) -> None:
        """Forget what came, and was not asked for."""
        self._came = b""
        super().reset_input_buffer()


class ServicePort(ServiceClient):
    """A meter behind the serial port `port`. A context manager.

    A board that waits at its prompt is started. Raises Trouble when no meter
    answers, here and in `request`, or another of our programs does.

    piece_s: the pause between two pieces of a request, seconds.
    """

    what = "meter"
    flashed_by = "meter20 board flash"
    piece_s = 0.06

    def __init__(self, port: str, timeout_s: float = REPLY_TIMEOUT_S):
        self.port = port
        self._timeout_s = timeout_s
        self._numbers = itertools.count(1)
        self._open()
        if not self._answers(_FIRST_TIMEOUT_S):
            self._send(_START)
            if not self._answers(_START_TIMEOUT_S):
                self.close()
                raise Trouble(
                    Code.NO_ANSWER,
                    f"no {self.what} answers on {port}: bring it there with `{self.flashed_by}`",
                )

    def request(self, /, **fields: object) -> dict:
        """Return the reply to the request of these fields, which may have any names."""
        reply = self._ask(fields, self._timeout_s)
        if reply is None:
            raise Trouble(Code.NO_ANSWER, f"the {self.what} on {self.port} stopped answering")
        if fields.get("do") == "power_cut" and reply.get("ok"):
            time.sleep(0.2)  # until it is gone
            self.await_restart()
        return reply

    def exchange(self, line: bytes, timeout_s: float | None = None) -> bytes:
        """Return the reply line to any `line`; it must be the next thing that comes."""
        self._line.reset_input_buffer()
        self._send(line + b"\n")
        return self._next_reply(time.monotonic() + (timeout_s or self._timeout_s)) or b""

    def await_restart(self) -> None:
        """Wait for a board that went away, with its port if that is USB, to come back."""
        until_s = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < until_s:
            with contextlib.suppress(Trouble):
                self.close()
                self._open()
                if self._answers(_FIRST_TIMEOUT_S):
                    return
            time.sleep(0.2)
        raise Trouble(Code.UNPLUGGED, f"the {self.what} on {self.port} did not come back")

    def close(self) -> None:
        """Let go of the port; the meter goes on."""
        with contextlib.suppress(OSError):
            self._line.close()

    def _open(self):
        try:
            self._line = _Line(self.port, 115200, timeout=0.05, exclusive=True)
        except OSError as error:
            raise serial_ports.why_closed(self.port, error) from None

    def _answers(self, timeout_s):
        """Return whether a meter answers within `timeout_s`; tries now and then."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            reply = self._ask({"do": "read"}, min(_FIRST_TIMEOUT_S, timeout_s))
            if reply is not None:
                self._check(reply)
                return True
        return False

    def _check(self, reply):
        """Raise Trouble if `reply` to `read` is not that of a meter."""
        if "fixture" in reply:
            self.close()
            raise Trouble(
                Code.WRONG_BOARD, f"the fixture answers on {self.port}: the meter's port is needed"
            )

    def _ask(self, fields, timeout_s):
        """Return the reply to `fields`, or None. What the board says besides is passed over."""
        number = next(self._numbers)
        self._send(_line({**fields, "id": number}) + b"\n")
        until_s = time.monotonic() + timeout_s
        while (line := self._next_reply(until_s)) is not None:
            reply = json.loads(line)
            if reply.get("id") == number:
                del reply["id"]
                return reply
        return None

    def _next_reply(self, until_s):
        """Return the next line that is a reply, None if none comes in time."""
        partial = b""
        while time.monotonic() < until_s:
            partial += self._read()
            if not partial.endswith(b"\n"):
                continue
            with contextlib.suppress(ValueError, RecursionError):
                reply = json.loads(partial)
                if isinstance(reply, dict) and isinstance(reply.get("ok"), bool):
                    return partial.strip()
            partial = b""
        return None

    def _send(self, data):
        try:
            self._line.write(data[:_PIECE_BYTES])
            for at in range(_PIECE_BYTES, len(data), _PIECE_BYTES):
                time.sleep(self.piece_s)
                self._line.write(data[at : at + _PIECE_BYTES])
        except (OSError, serial.SerialException):
            raise self._gone() from None

    def _read(self):
        try:
            return self._line.readline()
        except (OSError, serial.SerialException):
            raise self._gone() from None

    def _gone(self):
        return Trouble(Code.UNPLUGGED, f"{self.port} went away: plug the board in again")


def _line(fields):
    """Return the line of a request. Raises Trouble for one that no meter could even read.

    It would answer without the id, and a reply without is passed over.
    """
    try:
        line = json.dumps(fields).encode()
        lines.parse(line if len(line) <= lines.LINE_MAX else None)
    except RecursionError:
        raise Trouble(Code.REFUSED, "the request is nested too deep") from None
    except lines.Refused as refused:
        raise Trouble(Code.REFUSED, f"the request cannot be sent: {refused.message}") from None
    return line
