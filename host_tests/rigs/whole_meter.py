"""A rig: the whole application on a carrier, and a hand on its power. CPython only.

Nothing is emulated but what the state depends on: flash, pulses, cover, load switch.
"""

from account import lockout
from account import state as meter_state
from account.state import Identity
from data import meters
from flash_chip import FlashChip, PowerCut
from journal import settings
from meter.app import App
from parts import Clock, SimBrownOut, SimLoadSwitch, SimPulses, SimTamper
from ports import NAMES, Ports
from store.slot_store import SlotStore

from meter20.vending.encoder import encode


class _WatchedChip(FlashChip):
    """Adds each operation that is done to `done`: (offset, old bytes, new bytes, its number)."""

    def __init__(self, image, done):
        super().__init__(image)
        self._done = done

    def _operate(self, offset, old, new):
        super()._operate(offset, old, new)
        self._done.append((offset, old, new, self.operations))


class Rig:
    """A meter on `carrier`, see models.carriers, whose flash holds `image`.

    operations_done: of its flash, see _WatchedChip; None where they are not written down.
    """

    operations_done = None

    def __init__(self, carrier, image=None):
        self.carrier = carrier
        self.image = image or carrier.image()
        self._armed = None
        self.boot()

    @classmethod
    def dark(cls, carrier, image):
        """Return a Rig without power, which writes down the operations of its flash."""
        rig = cls.__new__(cls)
        rig.carrier, rig.image, rig._armed = carrier, image, None
        rig.operations_done = []
        rig.chip = rig._new_chip()
        return rig

    def _new_chip(self):
        if self.operations_done is None:
            return FlashChip(self.image)
        return _WatchedChip(self.image, self.operations_done)

    def boot(self):
        """Power comes."""
        self.chip = self._new_chip()
        if self._armed is not None:
            self.chip.arm_cut(*self._armed)
        clock = Clock()
        store, notes = self._stores = [
            SlotStore(medium) for medium in self.carrier.media(self.chip)
        ]
        self.tamper, self.switch, self.pulses = SimTamper(), SimLoadSwitch(), SimPulses(clock)
        self.supply = SimBrownOut()
        self.app = App(
            ports(
                store=store, notes=notes, pulses=self.pulses, load_switch=self.switch,
                tamper=self.tamper, brown_out=self.supply,
            ), 0,
        )  # fmt: skip
        self.meter = self.app.meter
        self.app.step(0)
        return self

    def rest(self):
        """There is time for what later commits would wait for."""
        for store in self._stores:
            while store.prepare():
                pass

    def cut(self, action, after, tear):
        """Do `action`(rig) and cut it; return whether the power went. The meter stays dark."""
        self._armed = after, tear
        self.chip.arm_cut(*self._armed)
        try:
            action(self)
        except PowerCut:
            return True
        finally:
            self._armed = None
            self.chip.disarm()
        return False

    def operations(self, action):
        """Do `action`(rig); return what it did to the flash, see `operations_done`."""
        begin = len(self.operations_done)
        action(self)
        return self.operations_done[begin:]

    @property
    def state(self):
        return self.meter.state

    @property
    def essence(self):
        """What no cut may leave in between, see `essence`."""
        return _essence(self.state)

    def enter(self, digits):
        return self.app.front.enter(digits, 0).result

    def use(self, wh):
        """Use energy, a pulse of 1 Wh after the other."""
        for _ in range(wh):
            self.meter.consume(1)

    def provision(self, steps=(), again=False, imp_per_kwh=1000):
        self.app.front.provision(
            Identity(meters.DRN, imp_per_kwh), meters.key(), meters.MANUFACTURED, 0,
            settings.changed(settings.default(), emergency_wh=5000, steps=steps), again,
        )  # fmt: skip


def essence(record):
    """Return what of a record of the state no cut may leave in between."""
    return _essence(meter_state.from_bytes(record))


def _essence(state):
    return meter_state.to_bytes(
        meter_state.changed(
            state,
            power_fails=0,
            key_change=False,
            last_result="",
            last_token=0,
            last_carrier=0,
            failures=lockout.NONE,
        )
    )


def ports(**given):
    """Return Ports of the parts `given`; a board lacks the others."""
    parts = {"phases": 1, **given}
    return Ports(*[parts.get(name) for name in NAMES])


def provisioned(carrier, commits=0, imp_per_kwh=1000):
    """Return a Rig with a number, a key and no credit, after `commits` more to its store."""
    rig = Rig(carrier)
    rig.provision(imp_per_kwh=imp_per_kwh)
    for _ in range(commits):
        rig.meter.start(0)
    return rig


def token(kind="TransferCredit.electricity", tid=meters.MANUFACTURED + 1000, **fields):
    """Return the digits of a token for the meter of data.meters."""
    if kind == "TransferCredit.electricity" and not fields:
        fields = {"amount_field": 100}
    return encode(kind, "11", meters.KEY, {"rnd": 5, "tid": tid, **fields})
