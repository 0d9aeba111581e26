"""The world around an emulated meter: fingers on its keys, a load, time, the mains.

Time moves when `run` is called. The load draws only while the load switch is
closed. Knows no terminal.
"""

from meter20.samples import PROVISION
from meter20.service_client import ServiceClient

LOAD_MAX_W = 15_000

_SLICE_MS = 250  # the longest that the load draws before the switch is looked at again
_FINE_SLICE_MS = 20  # shorter than any tone of the buzzer
_FINE_RUN_MS = 200


class World:
    """Plays what surrounds the meter in `body`, emulated. A new meter gets the test key.

    watched: who is asked for the reading, `body` itself if None. load_w: what is switched on
    behind the meter. heard_hz: the last tone in the last `run`, 0 for silence.
    """

    def __init__(self, body: ServiceClient, watched: ServiceClient | None = None):
        self._body = body
        self._watched = watched or body
        self.load_w = 0
        self.heard_hz = 0
        if not self.reading()["drn"]:
            body.request(**PROVISION)
        self._seen = self._live()
        self._heard = self._seen["tones"]

    @property
    def lines(self) -> list[str]:
        """What the display shows."""
        return self._seen["display"]

    @property
    def closed(self) -> bool:
        """Whether the load is connected."""
        return self._seen["relay"] == "closed"

    @property
    def pulses(self) -> int:
        """How many pulses the load made so far."""
        return self._seen["pulses"]

    @property
    def drawn_w(self) -> int:
        """The power that flows now."""
        return self.load_w if self.closed else 0

    def reading(self) -> dict:
        """Return the reply to `read`."""
        return self._watched.request(do="read")

    def press(self, key: str) -> None:
        """Press one key."""
        self._live(keys=key)

    def power_cut(self) -> None:
        """Cut the power and bring it back: RAM is lost, flash is kept."""
        self._body.request(do="power_cut")
        self._live()

    def run(self, duration_ms: int) -> None:
        """Let `duration_ms` pass."""
        slice_ms = _FINE_SLICE_MS if duration_ms <= _FINE_RUN_MS else _SLICE_MS
        seen = self._live(ms=duration_ms, slice_ms=slice_ms)
        self.heard_hz = seen["tone_hz"] if seen["tones"] != self._heard else 0
        self._heard = seen["tones"]

    def _live(self, **fields: object) -> dict:
        self._seen = self._body.request(do="live", watts=self.load_w, **fields)
        return self._seen
