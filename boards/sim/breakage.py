"""Parts that can be broken while the meter runs, and stay so over its restarts.

How a call of a broken part fails:

| how | what the call does |
| --- | --- |
| `OSError` | raises it, as a bus does on which nobody answers, or a full store |
| `error` | raises another exception: a bug in a driver |
| `MemoryError` | raises it |
| `hang` | never returns; once the meter has started |
"""

from ports import NAMES, Ports

PARTS = (
    "store", "notes", "pulses", "load_switch", "display", "keypad", "buzzer", "tamper", "clock",
    "brown_out", "credit_display", "network",
)  # fmt: skip
WAYS = ("OSError", "error", "MemoryError", "hang")

_HANG_MS = 8001  # until the watchdog has run out
_EIO = 5


class Stuck(BaseException):
    """The program never comes back from here. Not an Exception: nothing in it may catch it."""


class Breakage:
    """What is broken. started: whether the meter has, so that parts may hang."""

    def __init__(self, clock):
        self._broken = {}
        self._parts = []
        self.clock = clock
        self.started = False

    def set(self, part: str, call: str, how: str):
        """Break `call` of `part`, "" for every call; "" for `how` mends the whole part."""
        self._broken = {key: way for key, way in self._broken.items() if key[0] != part}
        if how:
            self._broken[part, call] = how
        for one in self._parts:
            one.bind()

    def of(self, part: str, call: str) -> str:
        """Return how `call` of `part` fails, "" if it does not."""
        return self._broken.get((part, call)) or self._broken.get((part, ""), "")

    def breakable(self, ports):
        """Return `ports`, each part of PARTS that there is behind a Breakable."""
        parts = {name: getattr(ports, name) for name in NAMES}
        for name in PARTS:
            if parts[name] is not None:
                parts[name] = Breakable(parts[name], name, self)
        self._parts = [parts[name] for name in PARTS if parts[name] is not None]
        return Ports(**parts)


class Breakable:
    """Passes everything on to `part`, unless it is broken.

    Each call that was asked for is kept as an attribute of its own, in working order or not: the
    meter makes many in a step.
    """

    def __init__(self, part, name: str, breakage):
        self._part, self._name, self._breakage = part, name, breakage
        self._calls = []

    def __getattr__(self, name):
        value = getattr(self._part, name)
        if not callable(value):
            return value
        self._calls.append(name)
        self._bind(name)
        return getattr(self, name)

    def bind(self):
        """Let each call do what it does now: something broke, or was mended."""
        for call in self._calls:
            self._bind(call)

    def _bind(self, call):
        how = self._breakage.of(self._name, call)
        works = getattr(self._part, call)
        setattr(self, call, (lambda *_arguments: self._fail(how)) if how else works)

    def _fail(self, how):
        if how == "OSError":
            raise OSError(_EIO)
        if how == "MemoryError":
            raise MemoryError
        if how == "hang" and self._breakage.started:
            self._breakage.clock.now_ms += _HANG_MS
            raise Stuck
        raise RuntimeError("broken")
