"""Short codes: what `#` digits `#` shows or sets, in the dialects of several makers.

Every dialect knows the codes of `COMMON`; where a maker uses another number for
the same thing, or the same number for another, its own table comes first. In the
dialect "pln" a code needs no leading #.

Pure: no ports, no clock, no I/O.
"""

from account import carrier
from journal import events, history
from journal import settings as meter_settings
from sts import digits as sts_digits

from panel import screens
from panel import view as views

#: Codes that begin so set something: the two digits after them are the value.
LOW_CREDIT, ALARM = "456", "123"
_SET_LENGTH = 5

#: Code that calls up emergency credit.
EMERGENCY = "8"
#: Code that tells what the meter finds when it looks at its parts.
SELF_TEST = "70"


def screen(code: str, view):
    """Return the screen of short code `code`, digits, or None if there is no such code.

    view: panel.view.View.
    """
    name = _named(_DIALECTS[view.settings.profile], code) or _named(COMMON, code)
    if not name:
        return None
    kind, _at, number = name.partition(" ")
    return _SCREENS[kind](view, int(number)) if number else _SCREENS[kind](view)


def changed(code: str, settings):
    """Return (Settings with what `code` sets, its screen), or None if it sets nothing."""
    if len(code) != _SET_LENGTH:
        return None
    value = int(code[3:])
    if code[:3] == LOW_CREDIT:
        new = meter_settings.changed(settings, low_credit_wh=1000 * value)
        return new, screens.message("Low credit level", "%d kWh" % value)
    if code[:3] == ALARM:
        new = meter_settings.changed(settings, alarm_min=value)
        return new, screens.message("Alarm interval", _alarm(value))
    return None


def _named(table, code):
    """Return the name that `table` has for `code`, "" for none."""
    start = table.find("\n" + code + " ")
    return table[start + len(code) + 2 : table.find("\n", start + 1)] if start >= 0 else ""


def _number(view):
    return screens.message("Meter number", view.state.identity.drn or "none")


def _power(view):
    return screens.message("Power now", "%d W" % view.watts)


def _total(view):
    return screens.message("Total used", screens.total_used(view))


def _credit(view):
    amount = screens.credit(view.state.register.credit, view.state.in_currency)
    return screens.message("Credit", amount)


def _key(view):
    key = view.state.key
    return ["SGC " + key.sgc, "TI " + key.ti, "KRN %d  KT %d" % (key.krn, key.kt), "EA " + key.ea]


def _sgc(view):
    return screens.message("Supply group SGC", view.state.key.sgc)


def _ti(view):
    return screens.message("Tariff index TI", view.state.key.ti)


def _krn(view):
    return screens.message("KRN %d" % view.state.key.krn, "KT %d" % view.state.key.kt)


def _ken(view):
    return screens.message("Key expiry KEN", str(view.state.key.ken))


def _power_fails(view):
    return screens.message("Power fails", str(view.state.power_fails))


def _faults(view):
    faults = view.faults
    if not faults.total:
        return screens.message("Faults", "none")
    return ["Faults %d" % faults.total, "Last in:", faults.part, faults.kind]


def _days(view):
    days = views.days_left(view)
    return screens.message("Credit lasts", "unknown" if days is None else "%d days" % days)


def _low_credit(view):
    return screens.message("Low credit level", "%d kWh" % (view.settings.low_credit_wh // 1000))


def _alarm_interval(view):
    return screens.message("Alarm interval", _alarm(view.settings.alarm_min))


def _alarm(minutes):
    return "%d min" % minutes if minutes else "silent"


def _last_result(view):
    return screens.message("Last result", view.state.last_result or "none")


def _nth(view, number):
    """Return the history.Entry of the purchase `number`, 1 the last, or None."""
    bought = history.purchases(view.history)
    return bought[number - 1] if number <= len(bought) else None


def _back(title, number):
    return title if number == 1 else "%d before last" % (number - 1)


def _result(entry):
    return "%s, %s" % (entry.result, carrier.NAMES[entry.by])


def _token(view, number):
    entry = _nth(view, number)
    if entry is None:
        return screens.message(_back("Last token", number), "none")
    grouped = sts_digits.grouped(entry.digits)
    shown = (grouped[:14], grouped[15:]) if grouped else ("digits not kept", "")
    return [_back("Last token", number), shown[0], shown[1], _result(entry)]


def _amount(view, number):
    entry = _nth(view, number)
    if entry is None or not entry.amount:
        return screens.message(_back("Last amount", number), "none")
    amount = screens.credit(entry.amount, view.state.in_currency)
    return screens.message(_back("Last amount", number), amount, "", _result(entry))


def _tid(view, number):
    entry = _nth(view, number)
    token_tid = None if entry is None else entry.tid
    return screens.message("TID of token", "none" if token_tid is None else str(token_tid))


def _event(view, number):
    if number > len(view.events):
        return screens.message("Event %d back" % (number - 1), "none")
    event = view.events[number - 1]
    return [
        "Event %d back" % (number - 1),
        events.NAMES[event.code],
        "%d times" % event.count if event.count > 1 else "once",
        "%d kWh" % event.total_kwh,
    ]


_SCREENS = {
    "event": _event,
    "number": _number,
    "power": _power,
    "total": _total,
    "credit": _credit,
    "key": _key,
    "sgc": _sgc,
    "ti": _ti,
    "krn": _krn,
    "ken": _ken,
    "fails": _power_fails,
    "faults": _faults,
    "days": _days,
    "low": _low_credit,
    "alarm": _alarm_interval,
    "result": _last_result,
    "token": _token,
    "amount": _amount,
    "tid": _tid,
}

# A code and its screen on each line. *Why text*: as dicts they took 2.5 times the memory.
COMMON = """
0 number
1 power
2 amount 1
3 total
4 credit
5 key
6 ken
7 days
54 token 1
55 token 2
56 token 3
57 token 4
58 token 5
59 amount 1
60 amount 2
61 amount 3
62 amount 4
63 amount 5
64 tid 1
65 sgc
66 ti
67 krn
68 ken
69 fails
77 faults
78 alarm
79 low
078 result
90 event 1
91 event 2
92 event 3
93 event 4
94 event 5
95 event 6
96 event 7
97 event 8
"""

_DIALECTS = {
    "meter20": "",
    "conlog": """
1 power
2 amount 1
078 result
""",
    "landisgyr": """
000 number
001 power
002 credit
008 days
050 fails
054 token 1
055 tid 1
056 amount 1
057 krn
058 ti
060 sgc
061 total
301 token 1
302 token 2
303 token 3
304 token 4
305 token 5
""",
    "pln": """
03 total
09 power
37 credit
38 total
47 power
75 number
81 days
""",
}
