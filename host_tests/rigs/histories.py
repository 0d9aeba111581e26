"""A history: a meter and a plain model of one, to which the same is done, with cuts of the power.

After each act the two must agree. When the power went, the meter may be anything that the
model was during that act, exactly, and the model goes on from there. CPython only.
"""

from functools import cache

from account.meter import Meter
from account.state import Identity
from data import meters
from flash_chip import FlashChip, PowerCut
from models import carriers
from models.plain_meter import Meaning, PlainMeter, State
from store.slot_store import SlotStore

from meter20.vending.encoder import encode

TIDS = 70  # different ones: more than the meter remembers
KINDS = ("credit", "credit", "credit", "clear credit", "clear tamper", "power limit")
WAITS_S = (1, 10, 40, 599, 600, 1300)
_KEYS = (meters.KEY, bytes(range(16)), bytes(range(100, 116)))  # test keys
_POWER_LIMIT = 500
_KIND_NAMES = {
    "clear credit": "ClearCredit",
    "clear tamper": "ClearTamperCondition",
    "power limit": "SetMaximumPowerLimit",
}


@cache
def digits(meaning):
    """Return the 20 digits of a token that means that, of the vending station's encoder."""
    key = _KEYS[meaning.key]
    if meaning.kind == "section":
        return _section_digits(meaning.key, *meaning.value)
    if meaning.kind == "credit":
        fields = {"rnd": 5, "tid": meaning.tid, "amount_field": meaning.value // 100}
        return encode("TransferCredit.electricity", "11", key, fields)
    fields = {"rnd": 5, "tid": meaning.tid, "value": meaning.value}
    return encode(_KIND_NAMES[meaning.kind], "11", key, fields)


def _section_digits(key, section, new_key, roll_over):
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


class History:
    """A meter on `carrier`, see models.carriers. The public methods but `boot` are its acts.

    `of_age` begins with one that is no longer new. steps, cuts: how many so far. results: how
    often each result of a token came. Raises AssertionError where meter and model part.
    """

    def __init__(self, carrier, image=None, model=None):
        self.carrier = carrier
        self.image = image or carriers.copied(_new(carrier))
        self.model = model or PlainMeter(meters.MANUFACTURED)
        self.steps = self.cuts = 0
        self.results = {}
        self._armed = None
        self._last = None
        self.boot()

    def of_age(self):
        """Return another History that begins where this one is, after a restart."""
        model = PlainMeter(meters.MANUFACTURED)
        model.restart(self.model.flash)
        return History(self.carrier, carriers.copied(self.image), model)

    def boot(self):
        """Power comes."""
        self.chip = FlashChip(self.image)
        if self._armed is not None:
            self.chip.arm_cut(*self._armed)
        self._store = SlotStore(self.carrier.media(self.chip)[0])
        self.meter = Meter(self._store)
        self.meter.start(0)
        self.now = 0

    def token(self, kind, under, tid, amount):
        """A token of one of KINDS; under: how many keys on from the right one."""
        key = (self.model.state.key + under) % len(_KEYS)
        value = {"credit": 100 * amount, "power limit": _POWER_LIMIT}.get(kind, 0)
        self._enter(Meaning(kind, key, meters.MANUFACTURED + tid, value))

    def again(self):
        """The token that was entered last."""
        if self._last is not None:
            self._enter(self._last)

    def section(self, section, roll_over):
        """A section of a key change."""
        key = self.model.state.key
        new_key = (key + 1) % len(_KEYS)
        self._enter(
            Meaning("section", key, 0, (section, new_key, roll_over if section == 1 else 0))
        )

    def key_change(self, order):
        """All sections of a key change, in `order`."""
        for section in order:
            self.section(section, 0)

    def use(self, wh):
        """Energy is used, a pulse of 1 Wh after the other."""
        self._step(lambda: self._consume(wh), lambda: self.model.consume(wh))

    def checkpoint(self):
        self._step(self.meter.checkpoint, self.model.checkpoint)

    def rest(self):
        """There is time to erase for what comes."""
        self._step(self._store.prepare, lambda: None)

    def tamper(self):
        self._step(self.meter.detect_tamper, self.model.detect_tamper)

    def pass_time(self, seconds):
        self.now += 1000 * seconds
        self._step(
            lambda: self.meter.expire_key_change(self.now), lambda: self.model.pass_time(self.now)
        )

    def restart(self):
        """The power goes, between two operations."""
        self.steps += 1
        self.model.begin()
        self._follow()

    def arm(self, after, tear):
        """The power will go at a flash operation to come; tear: number of one of the carrier's."""
        self._armed = after, self.carrier.tears[tear % len(self.carrier.tears)]
        self.chip.arm_cut(*self._armed)

    def restart_and_cut_that(self, after, tear):
        """The power goes, and again while the meter starts."""
        self.steps += 1
        self.model.begin()
        self._armed = after, self.carrier.tears[tear % len(self.carrier.tears)]
        try:
            self.boot()
        except PowerCut:
            self.cuts += 1
        self._follow()

    def _enter(self, meaning):
        self._last = meaning
        entered = digits(meaning)
        found, expected = self._step(
            lambda: self.meter.enter(entered, self.now).result,
            lambda: self.model.enter(meaning, self.now),
        )
        assert found == expected, (meaning, found, expected)
        if found is not None:
            self.results[found] = self.results.get(found, 0) + 1

    def _step(self, of_meter, of_model):
        """Let both do the same; after a cut let the model follow. Return both results."""
        self.steps += 1
        self.model.begin()
        expected = of_model()
        try:
            found = of_meter()
        except PowerCut:
            self._follow()
            return None, None
        assert self._essence() == self.model.state
        return found, expected

    def _follow(self):
        self.cuts += 1
        self._armed = None
        self.boot()
        found = self._essence()
        assert found in self.model.trace, (found, self.model.trace)
        self.model.restart(found)

    def _essence(self):
        state = self.meter.state
        return State(
            state.register.credit, state.register.total_wh, state.tids,
            _KEYS.index(state.key.decoder_key.octets), state.failures[0], state.tamper,
            state.power_limit_w,
        )  # fmt: skip

    def _consume(self, wh):
        for _ in range(wh):
            self.meter.consume(1)


@cache
def _new(carrier):
    image = carrier.image()
    store, notes = (SlotStore(medium) for medium in carrier.media(FlashChip(image)))
    for medium in (store, notes):
        for _ in range(2):
            medium.commit(b"")  # or each start would make place for a file anew
    meter = Meter(store)
    meter.provision(Identity(meters.DRN, 1000), meters.key(ti="00"), meters.MANUFACTURED, 0)
    return image
