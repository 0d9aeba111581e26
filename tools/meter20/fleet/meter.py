"""A meter of a fleet: the firmware on emulated parts, stepped when it is due or something came.

It has no display, no keys and no watchdog: a meter in a cabinet. Tokens arrive by MQTT.
"""

import board
from carriers.office import Office
from flash_chip import FlashChip
from meter.app import App
from parts import Clock
from service_port.service import Service

from meter20.fleet.flash import SparseImage
from meter20.fleet.household import Household
from meter20.fleet.line import Watch, WatchedNetwork

_SOON_MS = 50  # within which a meter is due while something is under way
#: A meter at rest has the turns of so many milliseconds at once: from one to the next the
#: processor's caches forget it. What it has to say by itself may be late by as much.
_REST_MS = 5000
_NONE = ("display", "keypad", "buzzer", "watchdog", "tamper", "brown_out", "credit_display")


class FleetMeter:
    """The meter `drn`. watch: waits for its line. authority: file of the CA for TLS, "" for none.

    buy_s: seconds between purchases of its household, 0 for none.
    """

    def __init__(self, drn: str, watch: Watch, authority: str, buy_s: float):
        self.drn = drn
        self._next_ms = 0
        self.began_ms = self.due_ms = 0  # of the street that steps it: since when, and when next
        self.clock = Clock()
        self.household = Household(drn, self.clock, buy_s)
        self._network = WatchedNetwork(watch, self, authority)
        ports = board.ports(
            FlashChip(SparseImage(board.FLASH_SIZE)), self.clock,
            pulses=self.household, load_switch=self.household.load_switch,
            network=self._network, **dict.fromkeys(_NONE),
        )  # fmt: skip
        self.app = App(ports, 0)
        self._office = Office(self.app, ports)
        self._service = Service(self.app, self._office.requests)

    def ask(self, request: dict) -> dict:
        """Return what the service port answers. Raises service_port.lines.Refused."""
        return dict(self._service.answer(request, self.clock.now_ms))

    def live(self, until_ms: int, heard: bool) -> int:
        """Let the meter have every turn that is due up to `until_ms`; one more then if it `heard`.

        Returns how many milliseconds later it wants to be called again at the latest.
        """
        while self._next_ms <= until_ms:
            self._turn(self._next_ms)
        if heard:
            self._turn(until_ms)
        soon_ms = self._next_ms - until_ms
        return soon_ms if soon_ms <= _SOON_MS else _REST_MS

    def _turn(self, now_ms):
        self.clock.now_ms = now_ms
        self._next_ms = now_ms + max(1, self.app.step(now_ms))

    @property
    def connected(self) -> bool:
        """Whether the broker took it."""
        return self._office.mqtt is not None and self._office.mqtt.connected

    @property
    def credited_wh(self) -> int:
        """What its tokens brought: credit and what was used up, in Wh."""
        register = self.app.meter.state.register
        return register.credit + register.total_wh

    def close(self) -> None:
        """Leave the broker, as when the power goes."""
        self._office.end()
