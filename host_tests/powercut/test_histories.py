"""Random histories of a meter against a plain model of one, with the power cut at random.

After each step the two must agree. When the power went, the meter may be anything that the
model was during that step, exactly, and the model goes on from there.

`make test` runs some; `make powercut-campaign STEPS=1000000` as many steps as wanted.
"""

import os
import sys
from functools import cache

from fakes import carriers, little_files, meters
from fakes.plain_meter import Meaning, PlainMeter, State
from flash_chip import FlashChip, PowerCut
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from meter.meter import Meter
from meter.slot_store import SlotStore
from meter.state import Identity
from powercut.campaign import FULL, sized

from meter20.vending.encoder import encode

STEPS = int(os.environ.get("METER20_STEPS", "8000"))
_STEPS_A_HISTORY = 50
_STEPS_A_REPORT = 20_000
_KEYS = (meters.KEY, bytes(range(16)), bytes(range(100, 116)))
_TIDS = 70  # different ones: more than the meter remembers
_POWER_LIMIT = 500
_KIND_NAMES = {
    "clear credit": "ClearCredit",
    "clear tamper": "ClearTamperCondition",
    "power limit": "SetMaximumPowerLimit",
}

run = {"steps": 0, "cuts": 0, "results": {}}


@cache
def digits(meaning):
    """Return the 20 digits of a token that means that, of the vending station's encoder."""
    key = _KEYS[meaning.key]
    if meaning.kind == "credit":
        fields = {"rnd": 5, "tid": meaning.tid, "amount_field": meaning.value // 100}
        return encode("TransferCredit.electricity", "11", key, fields)
    fields = {"rnd": 5, "tid": meaning.tid, "value": meaning.value}
    return encode(_KIND_NAMES[meaning.kind], "11", key, fields)


@cache
def section_digits(key, section, new_key, roll_over):
    """Return the digits of one section of the change from `key` to `new_key`, by their numbers."""
    words = [int.from_bytes(_KEYS[new_key][at : at + 4], "big") for at in (0, 4, 8, 12)]
    kind, fields = {
        1: (
            "Set1stSectionDecoderKey",
            {"kenho": 15, "krn": 1, "ro": roll_over, "kct3": 1, "kt": 2, "nkho": words[0]},
        ),
        2: ("Set2ndSectionDecoderKey", {"kenlo": 15, "ti": new_key, "nklo": words[3]}),
        3: ("Set3rdSectionDecoderKey", {"sgclo": 123457 & 0xFFF, "nkmo2": words[1]}),
        4: ("Set4thSectionDecoderKey", {"sgcho": 123457 >> 12, "nkmo1": words[2]}),
    }[section]
    return encode(kind, "11", _KEYS[key], fields)


class Histories(RuleBasedStateMachine):
    carrier = carriers.SMALL

    def __init__(self):
        super().__init__()
        self.image = _provisioned(self.carrier)
        self.model = PlainMeter(meters.MANUFACTURED)
        self.now = 0
        self.armed = None
        self.boot()

    def boot(self):
        self.chip = FlashChip(self.image)
        if self.armed is not None:
            self.chip.arm_cut(*self.armed)
        self.meter = Meter(SlotStore(self.carrier.media(self.chip)[0]))
        self.meter.start(0)
        self.now = 0

    def step(self, of_meter, of_model):
        """Let both do the same; after a cut let the model follow. Return both results."""
        run["steps"] += 1
        self.model.begin()
        expected = of_model()
        try:
            found = of_meter()
            self.agree()
            return found, expected
        except PowerCut:
            self.follow()
            return None, None

    def follow(self):
        """The power went, perhaps again while the meter starts."""
        run["cuts"] += 1
        self.armed = None
        self.boot()
        found = self.essence()
        assert found in self.model.trace, (found, self.model.trace)
        self.model.restart(found)

    def agree(self):
        assert self.essence() == self.model.state

    def essence(self):
        state = self.meter.state
        return State(
            state.register.credit, state.register.total_wh, state.tids,
            _KEYS.index(state.key.decoder_key.octets), state.failures, state.tamper,
            state.power_limit_w,
        )  # fmt: skip

    def enter(self, entered, meaning):
        found, expected = self.step(
            lambda: self.meter.enter(entered, self.now).result,
            lambda: self.model.enter(meaning, self.now),
        )
        assert found == expected, (meaning, found, expected)
        if found is None:
            return  # the power went
        run["results"][found] = run["results"].get(found, 0) + 1

    @rule(
        kind=st.sampled_from(
            ("credit", "credit", "credit", "clear credit", "clear tamper", "power limit")
        ),
        under=st.sampled_from((0, 0, 0, 0, 0, 0, 0, 1)),
        tid=st.integers(-3, _TIDS),
        amount=st.integers(1, 20),
    )
    def token(self, kind, under, tid, amount):
        key = (self.model.state.key + under) % len(_KEYS)
        value = {"credit": 100 * amount, "power limit": _POWER_LIMIT}.get(kind, 0)
        meaning = Meaning(kind, key, meters.MANUFACTURED + tid, value)
        self.enter(digits(meaning), meaning)

    @rule(section=st.integers(1, 4), roll_over=st.sampled_from((0, 0, 0, 1)))
    def section(self, section, roll_over):
        self.one_section(section, roll_over)

    def one_section(self, section, roll_over):
        key = self.model.state.key
        new_key = (key + 1) % len(_KEYS)
        roll_over = roll_over if section == 1 else 0
        meaning = Meaning("section", key, 0, (section, new_key, roll_over))
        self.enter(section_digits(key, section, new_key, roll_over), meaning)

    @rule(order=st.permutations((1, 2, 3, 4)))
    def key_change(self, order):
        for section in order:
            self.one_section(section, 0)

    @rule(wh=st.integers(1, 250))
    def use(self, wh):
        self.step(lambda: self._consume(wh), lambda: self.model.consume(wh))

    def _consume(self, wh):
        for _ in range(wh):
            self.meter.consume(1)

    @rule()
    def checkpoint(self):
        self.step(self.meter.checkpoint, self.model.checkpoint)

    @rule()
    def tamper(self):
        self.step(self.meter.detect_tamper, self.model.detect_tamper)

    @rule(seconds=st.sampled_from((1, 10, 40, 599, 600, 1300)))
    def pass_time(self, seconds):
        self.now += 1000 * seconds
        self.step(
            lambda: self.meter.expire_key_change(self.now), lambda: self.model.pass_time(self.now)
        )

    @rule()
    def restart(self):
        self.model.begin()
        self.model.trace = [self.model.flash]
        self.follow()

    @rule(after=st.integers(0, 6), tear=st.integers(0, 20))
    def arm(self, after, tear):
        """The power will go at a flash operation to come."""
        self.armed = after, self.carrier.tears[tear % len(self.carrier.tears)]
        self.chip.arm_cut(*self.armed)

    @rule(first=st.integers(0, 3), tear=st.integers(0, 20))
    def restart_and_cut_that(self, first, tear):
        """The power goes, and again while the meter starts."""
        self.model.begin()
        self.armed = first, self.carrier.tears[tear % len(self.carrier.tears)]
        try:
            self.boot()
        except PowerCut:
            pass
        self.follow()


class HistoriesOnFiles(Histories):
    carrier = little_files.ON_RP2


@cache
def _new(carrier):
    image = carrier.image()
    meter = Meter(SlotStore(carrier.media(FlashChip(image))[0]))
    meter.provision(Identity(meters.DRN, 1000), meters.key(ti="00"), meters.MANUFACTURED, 0)
    return image


def _provisioned(carrier):
    return carriers.copied(_new(carrier))


def played(machine, steps):
    """Play random histories, `steps` steps at least; return a line that tells what happened."""
    run.update(steps=0, cuts=0, results={})
    most = sized(steps, _STEPS_A_REPORT)
    while run["steps"] < steps:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=1 + min(most, steps - run["steps"]) // _STEPS_A_HISTORY,
                stateful_step_count=_STEPS_A_HISTORY,
                derandomize=not FULL and bool(os.environ.get("CI")),
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if FULL:
            print(f"{machine.__name__}: {run['steps']} of {steps} steps", file=sys.__stderr__)
    results = ", ".join(f"{name} {count}" for name, count in sorted(run["results"].items()))
    return f"{run['steps']} steps, {run['cuts']} cuts; {results}"


def test_histories_on_bare_flash(note):
    note("random histories on bare flash: " + played(Histories, STEPS))


def test_histories_on_littlefs(note):
    note("random histories on LittleFS: " + played(HistoriesOnFiles, STEPS // 10))
