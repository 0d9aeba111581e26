"""Everything that changes the state of a meter: what leads up to it, and the act itself.

Each is a function of a rigs.whole_meter.Rig. CPython only.
"""

from collections import namedtuple

from data import meters
from unit.test_key_change import SET_OF_FOUR as KEY_SET

from rigs.whole_meter import token

#: prepare: brings a newly provisioned Rig to where the act is possible, or None. factory: the
#: meter is not provisioned. act: what is cut. digits: the token that the act enters, or None.
Action = namedtuple("Action", ("prepare", "factory", "act", "digits"))

WRONG = "59386323472137426968"
CREDIT = token()
CLEAR_CREDIT = token("ClearCredit", meters.MANUFACTURED + 1001, value=0)
CLEAR_TAMPER = token("ClearTamperCondition", meters.MANUFACTURED + 1002, value=0)
POWER_LIMIT = token("SetMaximumPowerLimit", meters.MANUFACTURED + 1003, value=500)
FLAGS = token("SetControlOrFlag", meters.MANUFACTURED + 1004, value=63 << 10 | 2 << 1 | 1)


def _enters(digits, *before):
    """An Action that enters `digits` after the tokens `before`."""

    def prepare(rig):
        for earlier in before:
            rig.enter(earlier)

    return Action(prepare, False, lambda rig: rig.enter(digits), digits)


def _credited(rig):
    rig.enter(CREDIT)


def _used(rig):
    _credited(rig)
    rig.use(89)


def _nearly_used(rig):
    rig.enter(meters.TOKEN_100_WH)
    rig.use(95)


def _runs_out(rig):
    rig.use(5)
    rig.app.step(1)
    assert not rig.switch.closed


def _tampered(rig):
    rig.tamper.open = True
    rig.app.step(1)
    rig.tamper.open = False


def _emergency(rig):
    for key in "#8#":
        rig.app.front.press(key, 1)


def _settings(rig):
    for key in "#45620#":
        rig.app.front.press(key, 1)


def _act(act, prepare=None, factory=False):
    return Action(prepare, factory, act, None)


ALL = {
    "credit": _enters(CREDIT),
    "clear credit": _enters(CLEAR_CREDIT, CREDIT),
    "set a power limit": _enters(POWER_LIMIT),
    "set a flag": _enters(FLAGS),
    "clear tamper": Action(_tampered, False, lambda rig: rig.enter(CLEAR_TAMPER), CLEAR_TAMPER),
    "key change, 1st section": _enters(KEY_SET[0]),
    "key change, 2nd section": _enters(KEY_SET[1], *KEY_SET[:1]),
    "key change, 3rd section": _enters(KEY_SET[2], *KEY_SET[:2]),
    "key change, last section": _enters(KEY_SET[3], *KEY_SET[:3]),
    "key change given up": _act(
        lambda rig: rig.app.step(700_000), lambda rig: rig.enter(KEY_SET[0])
    ),
    "wrong token": _act(lambda rig: rig.enter(WRONG)),
    "lock-out": _act(lambda rig: rig.enter(WRONG), lambda rig: [rig.enter(WRONG) for _ in "12"]),
    "used token": _act(lambda rig: rig.enter(CREDIT), _credited),
    "tamper": _act(_tampered),
    "checkpoint": _act(lambda rig: rig.use(1), _used),
    "switch opens": _act(_runs_out, _nearly_used),
    "emergency credit": _act(_emergency),
    "settings by short code": _act(_settings),
    "boot": _act(lambda rig: rig.boot(), _credited),
    "provisioning": _act(lambda rig: rig.provision(), factory=True),
}
