"""Beeper: short tunes on a port that can only sound one tone.

A tune is a sequence of (hz, ms); 0 Hz is a rest. A new tune replaces the one
that sounds.
"""

from micropython import const

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.buzzer import Buzzer

KEY = ((2000, 40),)
ACCEPT = ((1500, 120), (0, 40), (2200, 240))
REJECT = ((600, 200), (0, 80), (600, 200), (0, 80), (600, 400))
LOW_CREDIT = ((1800, 100), (0, 100), (1800, 100))
DROPPED = ((900, 150),)
SELF_TEST = ((1000, 100), (0, 60), (1500, 100), (0, 60), (2000, 100))


class Beeper:
    """Plays tunes on `buzzer`, a ports.buzzer.Buzzer or None for a silent board."""

    def __init__(self, buzzer: "Buzzer | None"):
        self._buzzer = buzzer
        self._tune = ()
        self._until_ms = 0

    @property
    def playing(self) -> bool:
        """Whether a tune is under way."""
        return bool(self._tune)

    def play(self, tune, now_ms: int):
        """Begin `tune`, in place of any other."""
        if self._buzzer is not None:
            self._tune = tune
            self._sound(now_ms)

    def step(self, now_ms: int):
        """Go on with the tune. Returns the milliseconds until its next tone, None if silent."""
        while self._tune and now_ms >= self._until_ms:
            self._tune = self._tune[1:]
            self._sound(self._until_ms)
        return max(1, self._until_ms - now_ms) if self._tune else None

    def _sound(self, now_ms):
        hz, duration_ms = self._tune[0] if self._tune else (0, 0)
        self._until_ms = now_ms + duration_ms
        self._buzzer.tone(hz)
