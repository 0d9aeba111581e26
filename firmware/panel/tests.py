"""Answers of the display to test tokens. A board reads this when the first one comes.

Pure domain: no ports, no clock, no I/O.
"""

from account import meter_test

from panel import screens


def screen(number: int, view):
    """The screen of test `number` of a class 1 token. Source: IEC 62055-41, test/display."""
    name, value = _TESTS[number]
    return screens.message(name, value(view))


def _limit(watts):
    return "%d W" % watts if watts else "none"


def _flags(view):
    return "".join([str(view.state.flags >> number & 1) for number in range(5)])


#: Tokens of a key change that a meter takes, by its encryption algorithm.
_SET_SIZES = {"07": "2 or 3 tokens", "11": "4 tokens"}

_TESTS = {
    meter_test.FLAGS: ("Flags 0 to 4", _flags),
    meter_test.LOAD_SWITCH: ("Load switch test", lambda view: "opens for 3 s"),
    meter_test.DISPLAY: ("#" * screens.WIDTH, lambda view: "8" * screens.WIDTH),
    meter_test.TOTAL: ("Total used", screens.total_used),
    meter_test.KRN: ("Key revision KRN", lambda view: str(view.state.key.krn)),
    meter_test.TI: ("Tariff index TI", lambda view: view.state.key.ti),
    meter_test.KEYPAD: ("Keypad test", lambda view: "press the keys"),
    meter_test.POWER_LIMIT: ("Power limit", lambda view: _limit(view.state.power_limit_w)),
    meter_test.TAMPER: ("Tamper", lambda view: "DETECTED" if view.state.tamper else "none"),
    meter_test.POWER: ("Power now", lambda view: "%d W" % view.watts),
    meter_test.VERSION: ("Software", lambda view: screens.FIRMWARE),
    meter_test.PHASE_UNBALANCE: (
        "Phase unbalance",
        lambda view: _limit(view.state.unbalance_limit_w),
    ),
    meter_test.TARIFF_RATE: ("Tariff rate", lambda view: str(view.state.tariff_rate)),
    meter_test.EA: ("Algorithm EA", lambda view: view.state.key.ea),
    meter_test.KCT_COUNT: ("Key change", lambda view: _SET_SIZES[view.state.key.ea]),
    meter_test.SGC: ("Supply group SGC", lambda view: view.state.key.sgc),
    meter_test.KEN: ("Key expiry KEN", lambda view: str(view.state.key.ken)),
    meter_test.DRN: ("Meter number DRN", lambda view: view.state.identity.drn or "none"),
}
