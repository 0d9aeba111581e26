"""What each short code shows, in every dialect: customers and installers know them by heart."""

import unittest

from account.register import Register
from data import meters
from journal import events, faults, settings
from journal.events import Event
from journal.history import Entry
from panel import short_codes
from panel import view as views
from sts import results
from supply import decision

_NAMES = (
    "Restart", "Memory repaired", "Memory failed", "Tamper", "Locked out", "Overload", "New key",
    "Settings lost",
)  # fmt: skip
_TOKENS = [str(number) * 20 for number in range(1, 6)]
_KEY = ["SGC 654321", "TI 07", "KRN 3  KT 2", "EA 11"]


def view(profile="meter20", **changes):
    """A meter of which no two figures are equal."""
    seen = views.View(
        meters.state(
            register=Register(96_000, 7_654_321, 0, 0, 0, 0),
            key=meters.key(sgc="654321", ti="07", krn=3, ken=201),
            power_fails=17,
            last_result=results.USED,
        ),
        settings.changed(settings.default(), profile=profile, low_credit_wh=12_000, alarm_min=45),
        tuple(
            [Entry(results.ACCEPT, 900 + n, _TOKENS[n], 1000 * (n + 1), n % 3) for n in range(5)]
        ),
        1234,
        1000,
        decision.CREDIT,
        0,
        tuple([Event(code, code, 10 * code) for code in range(1, 9)]),
        faults.noted(faults.NONE, "display", "OSError"),
    )
    return views.View(*[changes.get(name, seen[at]) for at, name in enumerate(_FIELDS)])


_FIELDS = (
    "state", "settings", "history", "watts", "mean_w", "relay_reason", "lockout_s", "events",
    "faults",
)  # fmt: skip
_EMPTY = {"history": (), "events": (), "faults": faults.NONE}


def result(number):
    return "Accept, " + ("manual", "local", "remote")[(number - 1) % 3]


def token(number):
    title = "Last token" if number == 1 else "%d before last" % (number - 1)
    digit = str(number) * 4
    return [title, " ".join([digit] * 3), " ".join([digit] * 2), result(number)]


def amount(number):
    title = "Last amount" if number == 1 else "%d before last" % (number - 1)
    return [title, "%d.000 kWh" % number, "", result(number)]


def event(number):
    times = "once" if number == 1 else "%d times" % number
    return ["Event %d back" % (number - 1), _NAMES[number - 1], times, "%d kWh" % (10 * number)]


_NUMBER = ["Meter number", meters.DRN, "", ""]
_POWER = ["Power now", "1234 W", "", ""]
_TOTAL = ["Total used", "7654.321 kWh", "", ""]
_CREDIT = ["Credit", "96.000 kWh", "", ""]
_DAYS = ["Credit lasts", "4 days", "", ""]
_SGC = ["Supply group SGC", "654321", "", ""]
_TI = ["Tariff index TI", "07", "", ""]
_KRN = ["KRN 3", "KT 2", "", ""]
_KEN = ["Key expiry KEN", "201", "", ""]
_FAILS = ["Power fails", "17", "", ""]
_TID = ["TID of token", "900", "", ""]
_RESULT = ["Last result", results.USED, "", ""]

_EVERYWHERE = {
    "0": _NUMBER, "3": _TOTAL, "4": _CREDIT, "5": _KEY, "6": _KEN, "7": _DAYS, "64": _TID,
    "65": _SGC, "66": _TI, "67": _KRN, "68": _KEN, "69": _FAILS, "1": _POWER, "2": amount(1),
    "77": ["Faults 1", "Last in:", "display", "OSError"],
    "78": ["Alarm interval", "45 min", "", ""], "79": ["Low credit level", "12 kWh", "", ""],
    "078": _RESULT,
}  # fmt: skip
_OWN = {
    "meter20": {},
    "conlog": {},
    "landisgyr": {
        "000": _NUMBER, "001": _POWER, "002": _CREDIT, "008": _DAYS, "050": _FAILS,
        "054": token(1), "055": _TID, "056": amount(1), "057": _KRN, "058": _TI, "060": _SGC,
        "061": _TOTAL, "301": token(1), "302": token(2), "303": token(3), "304": token(4),
        "305": token(5),
    },
    "pln": {
        "03": _TOTAL, "09": _POWER, "37": _CREDIT, "38": _TOTAL, "47": _POWER, "75": _NUMBER,
        "81": _DAYS,
    },
}  # fmt: skip


class ShortCodesTest(unittest.TestCase):
    def test_every_code_of_every_dialect_shows_what_it_is_known_for(self):
        known = dict(_EVERYWHERE)
        for number in range(1, 6):
            known[str(53 + number)] = token(number)
            known[str(58 + number)] = amount(number)
        for number in range(1, 9):
            known[str(89 + number)] = event(number)
        for profile, own in _OWN.items():
            seen = view(profile)
            codes = dict(known)
            codes.update(own)
            for code, screen in codes.items():
                self.assertEqual(short_codes.screen(code, seen), screen, (profile, code))

    def test_all_other_codes_are_none(self):
        known = len(_EVERYWHERE) + 5 + 5 + 8
        for profile, own in _OWN.items():
            seen = view(profile)
            codes = ["%d" % n for n in range(1000)]
            codes += ["0%d" % n for n in range(100)] + ["00%d" % n for n in range(10)]
            found = [code for code in codes if short_codes.screen(code, seen) is not None]
            self.assertEqual(len(found), known + len(own), profile)

    def test_a_meter_that_saw_nothing_yet_says_none(self):
        seen = view(**_EMPTY)
        for code, title in (
            ("2", "Last amount"), ("54", "Last token"), ("55", "1 before last"),
            ("58", "4 before last"), ("63", "4 before last"), ("64", "TID of token"),
            ("77", "Faults"), ("90", "Event 0 back"), ("97", "Event 7 back"),
        ):  # fmt: skip
            self.assertEqual(short_codes.screen(code, seen), [title, "none", "", ""], code)
        self.assertEqual(short_codes.screen("7", view(mean_w=0, watts=0))[1], "unknown")

    def test_low_credit_is_told_in_whole_kwh(self):
        for low_credit_wh, shown in ((20_999, "20 kWh"), (99_000, "99 kWh"), (0, "0 kWh")):
            level = settings.changed(settings.default(), low_credit_wh=low_credit_wh)
            self.assertEqual(short_codes.screen("79", view(settings=level))[1], shown)

    def test_setting_codes_take_their_two_digits_and_nothing_else(self):
        for code, screen in (
            ("45600", ["Low credit level", "0 kWh", "", ""]),
            ("45699", ["Low credit level", "99 kWh", "", ""]),
            ("12301", ["Alarm interval", "1 min", "", ""]),
            ("12399", ["Alarm interval", "99 min", "", ""]),
        ):
            self.assertEqual(short_codes.changed(code, settings.default())[1], screen)
        for code in ("4561", "456", "456012", "123", "1230", "123456", "45799", "99999"):
            self.assertEqual(short_codes.changed(code, settings.default()), None, code)


class EventCodesTest(unittest.TestCase):
    def test_codes_are_those_that_older_records_hold(self):
        codes = (
            events.RESTART, events.REPAIRED, events.STORE_FAULT, events.TAMPER, events.LOCK_OUT,
            events.OVERLOAD, events.NEW_KEY, events.SETTINGS_LOST,
        )  # fmt: skip
        self.assertEqual(codes, (1, 2, 3, 4, 5, 6, 7, 8))
        self.assertEqual(tuple([events.NAMES[code] for code in codes]), _NAMES)
        self.assertEqual(len(events.NAMES), len(codes))


if __name__ == "__main__":
    unittest.main()
