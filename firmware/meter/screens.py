"""Screens: what the display shows, as lists of lines.

A screen is four lines, most important first, each of at most 16 characters, so
that one wording serves every display: 20x4 and 128x64 show all four, a 16x2
shows them two at a time (`pages`).

Pure domain: no ports, no clock, no I/O.
"""

from micropython import const
from sts import results

from meter import meter_test, supply

WIDTH = const(16)
_TWO_ROWS = const(2)
FIRMWARE = "meter20 0.1.0"

#: Words and advice for each result, under its name in the standard.
_WORDS = {
    results.ACCEPT: ("Token accepted", ""),
    results.OVERFLOW: ("Credit is full", "Try again later"),
    results.KEY_TYPE: ("Key not allowed", "Ask your seller"),
    results.FORMAT: ("Not 20 digits of", "a token: check"),
    results.RANGE: ("Value not known", "Ask your seller"),
    results.FUNCTION: ("Meter has no", "such function"),
    results.OLD: ("Token is too old", "Buy a new one"),
    results.USED: ("Used before", "Buy a new one"),
    results.KEY_EXPIRED: ("Key has expired", "Ask for new key"),
    results.DDTK: ("No selling key", "Ask for new key"),
    results.CRC: ("Mistyped or for", "another meter"),
    results.MFR_CODE: ("Made for other", "meter makers"),
}

_REASONS = {
    supply.CREDIT: "Supply on",
    supply.NO_CREDIT: "OFF: no credit",
    supply.NOT_PROVISIONED: "OFF: no key yet",
    supply.TEST: "OFF: switch test",
}


def kwh(wh: int) -> str:
    """Return `wh` as kWh with three decimals, "-0.004" for -4."""
    sign = "-" if wh < 0 else ""
    return "%s%d.%03d" % (sign, abs(wh) // 1000, abs(wh) % 1000)


def pages(screen, rows: int):
    """Return `screen` cut into pages of `rows` lines; empty lines close up on small displays."""
    if rows > _TWO_ROWS:
        return [screen[:rows]]
    lines = [line for line in screen if line]
    return [lines[at : at + rows] for at in range(0, len(lines), rows)] or [[""]]


def idle(view):
    """The screen at rest. view: meter.app.View."""
    if not view.state.identity.drn:
        return ["Not provisioned", _REASONS[supply.NOT_PROVISIONED], FIRMWARE, ""]
    return [
        kwh(view.state.register.credit_wh) + " kWh",
        _lockout(view) or ("LOW CREDIT" if view.low_credit else _REASONS[view.relay_reason]),
        "%d W" % view.watts,
        "Enter a token",
    ]


def entry(digits: str, is_code: bool):
    """The screen of an entry under way: digits by fours, and the position."""
    if is_code:
        return ["Short code", "#" + digits + "_", "# shows it", "* takes back"]
    groups = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    return [
        " ".join(groups[:3]) + ("_" if len(digits) < 12 else ""),
        "%d of 20 digits" % len(digits),
        " ".join(groups[3:]) + ("_" if 12 <= len(digits) < 20 else ""),
        "* back   # enter",
    ]


def entry_small(digits: str, is_code: bool):
    """The same for two rows: the three groups being entered, and the position."""
    if is_code:
        return ["Short code", "#" + digits + "_"]
    first = max(0, (len(digits) - 1) // 4 - 2) * 4
    groups = [digits[at : at + 4] for at in range(first, len(digits), 4)]
    return [" ".join(groups) + "_", "%d of 20 digits" % len(digits)]


def outcome(outcome, credit_wh: int):
    """The screen that says what became of a token, and the credit now."""
    words, advice = _WORDS[outcome.result]
    if outcome.amount_wh:
        words, advice = "+%s kWh" % kwh(outcome.amount_wh), "Thank you"
    return [outcome.result, words, advice, "= %s kWh" % kwh(credit_wh)]


def locked_out(seconds: int):
    """The screen for a token entered during a lock-out."""
    return [results.LOCKED_OUT, "Too many wrong", "Wait %d s" % seconds, "Then try again"]


def message(*lines):
    """A screen of up to four plain lines."""
    return list(lines) + [""] * (4 - len(lines))


def about(view, page: int, rows: int):
    """Page `page` of what the meter tells about itself, `rows` lines; None past the last."""
    state = view.state
    key = state.key
    if not state.identity.drn:
        return None
    told = (
        ["Meter number", state.identity.drn, "Total used", kwh(state.register.total_wh) + " kWh"],
        [
            "SGC " + key.sgc,
            "KRN %d  KT %d" % (key.krn, key.kt),
            "TI " + key.ti,
            "KEN %d" % key.ken,
        ],
        ["EA " + key.ea, FIRMWARE, "Power fails", str(state.power_fails)],
    )
    cut = [lines for screen in told for lines in pages(screen, rows)]
    return cut[page] if page < len(cut) else None


def test(number: int, view):
    """The screen of test `number` of a class 1 token. Source: IEC 62055-41, test/display."""
    name, value = _TESTS[number]
    return message(name, value(view))


def _lockout(view):
    return "Locked %d s" % view.lockout_s if view.lockout_s else ""


def _limit(watts):
    return "%d W" % watts if watts else "none"


_TESTS = {
    meter_test.LOAD_SWITCH: ("Load switch test", lambda view: "opens for 3 s"),
    meter_test.DISPLAY: ("#" * WIDTH, lambda view: "8" * WIDTH),
    meter_test.TOTAL: ("Total used", lambda view: kwh(view.state.register.total_wh) + " kWh"),
    meter_test.KRN: ("Key revision KRN", lambda view: str(view.state.key.krn)),
    meter_test.TI: ("Tariff index TI", lambda view: view.state.key.ti),
    meter_test.KEYPAD: ("Keypad test", lambda view: "press the keys"),
    meter_test.POWER_LIMIT: ("Power limit", lambda view: _limit(view.state.power_limit_w)),
    meter_test.TAMPER: ("Tamper", lambda view: "none"),
    meter_test.POWER: ("Power now", lambda view: "%d W" % view.watts),
    meter_test.VERSION: ("Software", lambda view: FIRMWARE),
    meter_test.EA: ("Algorithm EA", lambda view: view.state.key.ea),
    meter_test.KCT_COUNT: ("Key change", lambda view: "2 to 4 tokens"),
    meter_test.SGC: ("Supply group SGC", lambda view: view.state.key.sgc),
    meter_test.KEN: ("Key expiry KEN", lambda view: str(view.state.key.ken)),
    meter_test.DRN: ("Meter number DRN", lambda view: view.state.identity.drn or "none"),
}
