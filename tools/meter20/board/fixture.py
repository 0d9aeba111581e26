"""Talks to a fixture board: lets it press keys, make pulses and cut the supply of a meter."""

import time
from collections.abc import Callable

from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble

_LOOK_S = 0.01
_LATE_MS = 2000
SHORTEST_PERIOD_US = 20_000  # of the pulses that a meter must count, 50 a second
_LOW_US = 10_000
_HOLD_MS, _GAP_MS = 80, 80


class Fixture(ServicePort):
    """The fixture behind the serial port `port`. A context manager.

    What is waited for is waited for on the fixture's own clock. Raises Trouble when no
    fixture answers, when a meter does, and when an order is refused.
    """

    what = "fixture"
    flashed_by = "meter20 board flash --board fixture_pico"

    def order(self, do: str, **fields: object) -> dict:
        """Return the reply to an order. Raises Trouble if it is refused."""
        reply = self.request(do=do, **fields)
        if not reply["ok"]:
            raise Trouble(Code.REFUSED, f"the fixture refused: {reply['message']}")
        return reply

    def read(self) -> dict:
        """Return what the fixture sees and does."""
        return self.order("read")

    def pause(self, duration_ms: int) -> dict:
        """Let so much time go by; return the latest `read`."""
        until_ms = self.read()["uptime_ms"] + duration_ms
        while (read := self.read())["uptime_ms"] < until_ms:
            time.sleep(_LOOK_S)
        return read

    def until(self, done: Callable[[dict], bool], within_ms: int, what: str) -> dict:
        """Return the first `read` that is `done`. Raises Trouble if there is none `within_ms`."""
        until_ms = self.read()["uptime_ms"] + within_ms
        while not done(read := self.read()):
            if read["uptime_ms"] > until_ms:
                raise Trouble(Code.FAILED, f"{what} within {within_ms} ms")
            time.sleep(_LOOK_S)
        return read

    def press(self, keys: str, hold_ms: int = _HOLD_MS, gap_ms: int = _GAP_MS) -> None:
        """Press `keys` one after the other; return when the last has been let go."""
        takes_ms = self.order("keys", keys=keys, hold_ms=hold_ms, gap_ms=gap_ms)["takes_ms"]
        self.until(
            lambda read: not read["keys_left"], takes_ms + _LATE_MS, "the keys were not pressed"
        )

    def begin_pulses(
        self,
        count: int,
        period_us: int = SHORTEST_PERIOD_US,
        low_us: int = _LOW_US,
        bounces: int = 0,
        bounce_us: int = 0,
    ) -> int:
        """Begin a train of pulses; return how many milliseconds it takes."""
        return self.order(
            "pulses", count=count, period_us=period_us, low_us=low_us,
            bounces=bounces, bounce_us=bounce_us,
        )["takes_ms"]  # fmt: skip

    def pulses(self, count: int, **train: int) -> None:
        """Make a train of pulses, as `begin_pulses`; return when it is over."""
        takes_ms = self.begin_pulses(count, **train)
        self.until(
            lambda read: not read["pulses_running"], takes_ms + _LATE_MS, "the train did not end"
        )

    def arm_cut(
        self, after: str = "", count: int = 1, delay_us: int = 0, dark_ms: int = 500
    ) -> None:
        """Cut the meter's supply for `dark_ms`, after the `count`-th "pulse" or "key", or now."""
        which = {"after": after, "count": count} if after else {}
        self.order("cut", **which, delay_us=delay_us, dark_ms=dark_ms)

    def await_power(self, meter: ServicePort, within_ms: int = 60_000) -> None:
        """Wait until a cut is over and the meter on the port `meter` is back.

        The port is let go at once: a name that is still in use when the board comes back
        on USB would be given away. Raises Trouble if there is no cut, if the meter does not
        come back, or if it never lost its power.
        """
        meter.close()
        read = self.until(
            lambda read: not read["cut_armed"], within_ms, "the supply was not cut and restored"
        )
        if read["supply"] == "off":
            raise Trouble(Code.REFUSED, "the meter has no supply")
        try:
            meter.await_restart()
        except Trouble as trouble:
            raise Trouble(
                trouble.exit_code,
                f"{trouble} after a cut of its supply: look at the high-side switch and the cable",
            ) from None
        uptime_s = meter.request(do="read")["uptime_s"]
        if 1000 * uptime_s > self.read()["on_ms"] + _LATE_MS:
            raise Trouble(
                Code.FAILED,
                f"the meter on {meter.port} went on through a cut of its supply: does the red "
                "wire of its USB cable go through the fixture's switch?",
            )

    def _check(self, reply):
        if "fixture" not in reply:
            self.close()
            raise Trouble(
                Code.WRONG_BOARD, f"a meter answers on {self.port}: the fixture's port is needed"
            )
