"""The screens for test tokens. A board reads this when the first one comes.

Pure domain: no ports, no clock, no I/O.
"""

from account import requested_tests

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
    requested_tests.FLAGS: ("Flags 0 to 4", _flags),
    requested_tests.LOAD_SWITCH: ("Load switch test", lambda view: "opens for 3 s"),
    requested_tests.DISPLAY: ("#" * screens.WIDTH, lambda view: "8" * screens.WIDTH),
    requested_tests.TOTAL: ("Total used", screens.total_used),
    requested_tests.KRN: ("Key revision KRN", lambda view: str(view.state.key.krn)),
    requested_tests.TI: ("Tariff index TI", lambda view: view.state.key.ti),
    requested_tests.KEYPAD: ("Keypad test", lambda view: "press the keys"),
    requested_tests.POWER_LIMIT: ("Power limit", lambda view: _limit(view.state.power_limit_w)),
    requested_tests.TAMPER: ("Tamper", lambda view: "DETECTED" if view.state.tamper else "none"),
    requested_tests.POWER: ("Power now", lambda view: "%d W" % view.watts),
    requested_tests.VERSION: ("Software", lambda view: screens.FIRMWARE),
    requested_tests.PHASE_UNBALANCE: (
        "Phase unbalance",
        lambda view: _limit(view.state.unbalance_limit_w),
    ),
    requested_tests.TARIFF_RATE: ("Tariff rate", lambda view: str(view.state.tariff_rate)),
    requested_tests.EA: ("Algorithm EA", lambda view: view.state.key.ea),
    requested_tests.KCT_COUNT: ("Key change", lambda view: _SET_SIZES[view.state.key.ea]),
    requested_tests.SGC: ("Supply group SGC", lambda view: view.state.key.sgc),
    requested_tests.KEN: ("Key expiry KEN", lambda view: str(view.state.key.ken)),
    requested_tests.DRN: ("Meter number DRN", lambda view: view.state.identity.drn or "none"),
}
