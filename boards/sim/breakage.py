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
    """What is broken, if `any` is. started: whether the meter has, so that parts may hang."""

    def __init__(self, clock):
        self._broken = {}
        self.any = False
        self.clock = clock
        self.started = False

    def set(self, part: str, call: str, how: str):
        """Break `call` of `part`, "" for every call; "" for `how` mends the whole part."""
        self._broken = {key: way for key, way in self._broken.items() if key[0] != part}
        if how:
            self._broken[part, call] = how
        self.any = bool(self._broken)

    def of(self, part: str, call: str) -> str:
        """Return how `call` of `part` fails, "" if it does not."""
        return self._broken.get((part, call)) or self._broken.get((part, ""), "")

    def breakable(self, ports):
        """Return `ports`, each part of PARTS that there is behind a Breakable."""
        parts = {name: getattr(ports, name) for name in NAMES}
        for name in PARTS:
            if parts[name] is not None:
                parts[name] = Breakable(parts[name], name, self)
        return Ports(**parts)


class Breakable:
    """Passes everything on to `part`, unless it is broken."""

    def __init__(self, part, name: str, breakage):
        self._part, self._name, self._breakage = part, name, breakage

    def __getattr__(self, call):
        value = getattr(self._part, call)
        if not self._breakage.any:  # nearly always; this is called several times a step
            return value
        how = self._breakage.of(self._name, call)
        if not how or not callable(value):
            return value
        return lambda *_arguments: self._fail(how)

    def _fail(self, how):
        if how == "OSError":
            raise OSError(_EIO)
        if how == "MemoryError":
            raise MemoryError
        if how == "hang" and self._breakage.started:
            self._breakage.clock.now_ms += _HANG_MS
            raise Stuck
        raise RuntimeError("broken")
