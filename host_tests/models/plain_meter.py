"""A meter as the standard tells it to a child: the model that random histories are held against.

It knows tokens as what they mean, not as digits, and keeps its state in plain values. It shares
no code with the meter. `flash` is what a power cut leaves; `trace` all that it was since
`begin`, so that a cut may leave any of it.
"""

from collections import namedtuple

#: kind: of KINDS. key: number of the key that it is encrypted under. tid: minutes. value: of the
#: token: Wh, W, or for a section of a key change (section, number of the new key, roll-over: 0
#: except in section 1).
Meaning = namedtuple("Meaning", ("kind", "key", "tid", "value"))

KINDS = ("credit", "clear credit", "clear tamper", "power limit", "section")
CAPACITY = 50
WINDOW_MS = 10 * 60 * 1000
CHECKPOINT_WH = 90
KCT = {1: "1stKCT", 2: "2ndKCT", 3: "3rdKCT", 4: "4thKCT"}

#: tids: all ever remembered, ascending, CAPACITY of them.
State = namedtuple(
    "State", ("credit", "total", "tids", "key", "failures", "tamper", "power_limit")
)


class PlainMeter:
    """state: as in RAM. flash: as after a restart. Times in milliseconds since power came."""

    def __init__(self, manufactured):
        self.state = self.flash = State(0, 0, (manufactured,) * CAPACITY, 0, 0, False, 0)
        self.trace = [self.flash]
        self._sections = {}
        self._sections_until = self._locked_until = 0

    def begin(self):
        """From here on `trace` is told."""
        self.trace = [self.flash]

    def restart(self, flash):
        """Power comes; `flash` is what is there, one of `trace`."""
        self.state = self.flash = flash
        self._sections = {}
        self._locked_until = 1000 * self._wait_s()

    def consume(self, wh):
        """Use `wh`, one by one."""
        for _ in range(wh):
            state = self.state
            self.state = state._replace(credit=state.credit - 1, total=state.total + 1)
            if self.state.total - self.flash.total >= CHECKPOINT_WH:
                self._commit()

    def checkpoint(self):
        if self.state.total != self.flash.total:
            self._commit()

    def detect_tamper(self):
        if not self.state.tamper:
            self._commit(tamper=True)

    def pass_time(self, now):
        if self._sections and now >= self._sections_until:
            self._sections = {}
            self._commit()

    def enter(self, meaning, now):
        """Return the result of a token."""
        if now < self._locked_until:
            return "LockedOut"
        before = self.state.failures
        self._commit(failures=min(before + 1, 255))
        if meaning.key != self.state.key:
            self._locked_until = now + 1000 * self._wait_s()
            return "CRCError"
        if meaning.kind == "section":
            return self._section(meaning.value, before, now)
        result, changes = self._judged(meaning)
        if result == "Accept":
            tids = tuple(sorted((*self.state.tids, meaning.tid))[-CAPACITY:])
            self._commit(failures=0, tids=tids, **changes)
        else:
            self._commit(failures=before)
        return result

    def _judged(self, meaning):
        state = self.state
        if meaning.tid in state.tids:
            return "UsedError", {}
        if meaning.tid < state.tids[0]:
            return "OldError", {}
        if meaning.kind == "credit":
            if state.tamper:
                return "FunctionError", {}
            return "Accept", {"credit": state.credit + meaning.value}
        if meaning.kind == "clear credit":
            return "Accept", {"credit": 0}
        if meaning.kind == "clear tamper":
            return "Accept", {"tamper": False}
        return "Accept", {"power_limit": meaning.value}

    def _section(self, value, before, now):
        section = value[0]
        if now >= self._sections_until or self._sections.get(section, value[1:]) != value[1:]:
            self._sections = {}
        if not self._sections:
            self._sections_until = now + WINDOW_MS
        self._sections[section] = value[1:]
        if len(self._sections) < 4:
            self._commit(failures=before)
            return KCT[section]
        self._commit(
            failures=0,
            key=self._sections[1][0],
            **({"tids": (0,) * CAPACITY} if self._sections[1][1] else {}),
        )
        self._sections = {}
        return "Accept"

    def _wait_s(self):
        failures = self.state.failures
        return 0 if failures < 3 else min(10 * 2 ** (failures - 3), 1280)

    def _commit(self, **changes):
        self.state = self.flash = self.state._replace(**changes)
        self.trace.append(self.flash)
