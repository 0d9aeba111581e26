"""Every screen the meter has fits the smallest display, and says something."""

import unittest

from account import requested_tests
from account.outcome import Outcome
from account.register import CREDIT_MAX_CURRENCY, CREDIT_MAX_WH, Register
from account.state import Identity
from data import meters
from journal import events, faults, settings
from journal.events import Event
from journal.history import Entry
from panel import about, meter_tests, outcomes, screens, short_codes
from panel import view as views
from sts import kinds, results
from sts.decoder_key import DecoderKey
from supply import decision

REASONS = (
    decision.CREDIT, decision.EMERGENCY, decision.FRIENDLY, decision.NO_CREDIT, decision.TAMPER,
    decision.SERVICE, decision.OVERLOAD, decision.OVERLOAD_LOCK, decision.TEST,
    decision.STORE_FAULT,
    decision.FAULT,
)  # fmt: skip


def view(reason=decision.CREDIT, in_currency=False, credit=CREDIT_MAX_WH, **changes):
    steps = ((0, 1),) if in_currency else ()
    return views.View(
        meters.state(
            register=Register(credit, 9_999_999_999, 0, 0, 0, 0),
            in_currency=in_currency,
            **changes,
        ),
        settings.changed(settings.default(), steps=steps),
        (Entry(results.ACCEPT, 0xFFFFFF, "1" * 20, credit, 0), Entry(results.CRC, None, "", 0, 2)),
        99_999,
        0,
        reason,
        1280 if any(changes.get("failures", ())) else 0,
        tuple([Event(code, 255, 0xFFFFFFFF) for code in events.NAMES]),
        faults.noted(faults.NONE, "service port", "AttributeError"),
    )


def told(outcome, seen, wait_s):
    """Return the one screen of `outcome`, where the load switch follows."""
    (screen,) = outcomes.shown(outcome, False, seen, wait_s)
    return screen


class ScreensTest(unittest.TestCase):
    def fits(self, screen):
        self.assertTrue(screen[0] != "" and len(screen) <= 4)
        for line in screen:
            self.assertTrue(len(line) <= screens.WIDTH, line)
        for page in screens.pages(screen, 2):
            self.assertTrue(1 <= len(page) <= 2)

    def test_rest_fits_in_every_state_of_the_supply(self):
        for reason in REASONS:
            for failures in ((0, 0, 0), (9, 9, 9)):
                self.fits(screens.idle(view(reason, failures=failures)))
        for credit in (CREDIT_MAX_CURRENCY, -CREDIT_MAX_CURRENCY):
            self.fits(screens.idle(view(in_currency=True, credit=credit)))

    def test_total_begins_anew_rather_than_outgrow_the_display(self):
        for total_wh, shown in (
            (99_999_999_999, "99999999.999 kWh"),
            (100_000_000_005, "0.005 kWh"),
            (1 << 62, "%d.%03d kWh" % divmod((1 << 62) % 10**11, 1000)),
        ):
            state = meters.state(register=Register(0, total_wh, 0, 0, 0, 0))
            full = views.View(*((state,) + tuple(view())[1:]))
            self.assertEqual(about.shown(full, 0, 4)[3], shown)
            self.fits(about.shown(full, 0, 4))
            self.fits(meter_tests.screen(requested_tests.TOTAL, full))
            self.fits(short_codes.screen("3", full))

    def test_result_fits_whatever_is_owed(self):
        outcome = Outcome(results.OVERFLOW, kinds.ELECTRICITY, 0, 1, (), (), False, False)
        self.fits(told(outcome, view(credit=-CREDIT_MAX_WH), 20_480))

    def test_every_result_has_a_screen(self):
        for result in results.NAMES:
            missing = (1, 2, 3) if result[1:] in ("stKCT", "ndKCT", "rdKCT", "thKCT") else ()
            for kind, amount in ((kinds.ELECTRICITY, CREDIT_MAX_WH), (kinds.KEY_1, 0), ("", 0)):
                for tamper in (False, True):
                    shown = Outcome(result, kind, amount, None, (), missing, False, False)
                    self.fits(told(shown, view(tamper=tamper), 0))
        for screen in (
            screens.key_change_dropped(), screens.not_stored(), screens.repaired(),
            screens.idle(view(decision.STORE_FAULT, identity=Identity("", 1000))),
        ):  # fmt: skip
            self.fits(screen)

    def test_every_test_has_a_screen(self):
        for number in requested_tests.SUPPORTED + (requested_tests.FLAGS,):
            self.fits(meter_tests.screen(number, view()))

    def test_every_position_of_an_entry_fits(self):
        for length in range(20):
            digits = "12345678901234567890"[:length]
            self.fits(screens.entry(digits, False))
            self.fits(screens.entry_small(digits, False))
        for length in range(6):
            self.fits(screens.entry("12345"[:length], True))
            self.fits(screens.entry_small("12345"[:length], True))

    def test_every_fault_has_a_screen(self):
        for part in faults.PARTS:
            for kind in faults.KINDS:
                self.fits(screens.fault(part, kind))

    def test_every_page_about_the_meter_fits(self):
        for rows in (2, 4):
            page = 0
            while about.shown(view(), page, rows) is not None:
                self.assertTrue(len(about.shown(view(), page, rows)) <= rows)
                self.fits(about.shown(view(), page, rows))
                page += 1
            self.assertTrue(page >= 3)

    def test_every_short_code_of_every_dialect_fits_and_shows_no_key(self):
        for profile in settings.PROFILES:
            seen = view()
            dialect = settings.changed(seen.settings, profile=profile)
            seen = views.View(*(seen[:1] + (dialect,) + seen[2:]))
            tables = short_codes.COMMON + short_codes._DIALECTS[profile]
            codes = [line.partition(" ")[0] for line in tables.split("\n") if line]
            self.assertTrue(len(codes) > 35)
            for code in codes:
                screen = short_codes.screen(code, seen)
                self.fits(screen)
                self.assertFalse("f94b" in "".join(screen))

    def test_every_reason_of_the_switch_has_its_words(self):
        words = (
            "Supply on", "EMERGENCY credit", "On: friendly hrs", "OFF: no credit", "OFF: tamper",
            "OFF: by seller", "OFF: overload", "OFF: overl. lock", "OFF: switch test",
            "OFF: memory bad", "OFF: fault",
        )  # fmt: skip
        for reason, said in zip(REASONS, words):
            shown = screens.idle(view(reason, credit=25_600))
            self.assertEqual(shown, ["25.600 kWh", said, "99999 W", "Enter a token"])
        self.assertEqual(screens.idle(view(credit=4999))[1], "LOW CREDIT")
        locked = screens.idle(view(failures=(3, 0, 0)))
        self.assertEqual((locked[1], locked[3]), ("Locked 1280 s", "Then try again"))
        self.assertEqual(screens.idle(view(in_currency=True, credit=123_456_000))[0], "Cr 1234.56")

    def test_money_of_a_meter_that_lost_its_tariff_is_not_shown_as_energy(self):
        for credit in (CREDIT_MAX_CURRENCY, 123_456_000, -CREDIT_MAX_CURRENCY):
            seen = view(decision.STORE_FAULT, in_currency=True, credit=credit)
            lost = views.View(*(seen[:1] + (settings.default(),) + seen[2:]))
            self.fits(screens.idle(lost))
            self.assertEqual(screens.idle(lost)[0], "Cr " + screens.money(credit))
            self.assertEqual(views.credit_wh(lost), 0)
            self.assertFalse(views.is_low(lost))

    def test_a_meter_without_a_number_says_why(self):
        new = view(decision.NOT_PROVISIONED, identity=Identity("", 0))
        words = ["Not provisioned", "OFF: no key yet", screens.FIRMWARE, ""]
        self.assertEqual(screens.idle(new), words)
        lost = view(decision.STORE_FAULT, identity=Identity("", 0))
        words = ["MEMORY LOST", "OFF: memory bad", "Call your seller", screens.FIRMWARE]
        self.assertEqual(screens.idle(lost), words)

    def test_a_token_that_was_not_stored_is_to_be_kept(self):
        words = ["NOT TAKEN", "Memory failed", "Keep the token", "Call your seller"]
        self.assertEqual(screens.not_stored(), words)

    def test_every_refusal_has_its_words_and_advice(self):
        for result, words in {
            results.OVERFLOW: ["Credit is full", "Try again later"],
            results.KEY_TYPE: ["Key not allowed", "Ask your seller"],
            results.FORMAT: ["Not a token:", "check 20 digits"],
            results.RANGE: ["Value not known", "Ask your seller"],
            results.FUNCTION: ["Meter has no", "such function"],
            results.OLD: ["Token is too old", "Buy a new one"],
            results.USED: ["Used before", "Buy a new one"],
            results.KEY_EXPIRED: ["Key has expired", "Ask for new key"],
            results.DDTK: ["No selling key", "Ask for new key"],
            results.CRC: ["Mistyped or for", "another meter"],
            results.MFR_CODE: ["Made for other", "meter makers"],
        }.items():
            shown = told(Outcome(result, "", 0, None, (), (), False, False), view(), 0)
            self.assertEqual(shown[:3], [result] + words)
        refused = Outcome(results.FUNCTION, "", 0, None, (), (), False, False)
        shown = told(refused, view(tamper=True), 0)
        self.assertEqual(shown[1:3], ["Tamper: credit", "is blocked"])

    def test_every_test_shows_the_figure_that_it_asks_for(self):
        seen = view(
            identity=Identity(meters.DRN, 1000), power_limit_w=12_000, unbalance_limit_w=3000,
            tariff_rate=9, flags=0b10110, key=meters.key(sgc="654321", ti="07", krn=3, ken=201),
        )  # fmt: skip
        for number, words in {
            requested_tests.FLAGS: ["Flags 0 to 4", "01101"],
            requested_tests.LOAD_SWITCH: ["Load switch test", "opens for 3 s"],
            requested_tests.DISPLAY: ["#" * 16, "8" * 16],
            requested_tests.TOTAL: ["Total used", "9999999.999 kWh"],
            requested_tests.KRN: ["Key revision KRN", "3"],
            requested_tests.TI: ["Tariff index TI", "07"],
            requested_tests.KEYPAD: ["Keypad test", "press the keys"],
            requested_tests.POWER_LIMIT: ["Power limit", "12000 W"],
            requested_tests.TAMPER: ["Tamper", "none"],
            requested_tests.POWER: ["Power now", "99999 W"],
            requested_tests.VERSION: ["Software", screens.FIRMWARE],
            requested_tests.PHASE_UNBALANCE: ["Phase unbalance", "3000 W"],
            requested_tests.TARIFF_RATE: ["Tariff rate", "9"],
            requested_tests.EA: ["Algorithm EA", "11"],
            requested_tests.KCT_COUNT: ["Key change", "4 tokens"],
            requested_tests.SGC: ["Supply group SGC", "654321"],
            requested_tests.KEN: ["Key expiry KEN", "201"],
            requested_tests.DRN: ["Meter number DRN", meters.DRN],
        }.items():
            self.assertEqual(meter_tests.screen(number, seen)[:2], words)
        self.assertEqual(
            meter_tests.screen(requested_tests.TAMPER, view(tamper=True))[1], "DETECTED"
        )
        old = view(key=meters.key(ea="07", decoder_key=DecoderKey(bytes(8))))
        self.assertEqual(meter_tests.screen(requested_tests.KCT_COUNT, old)[1], "2 or 3 tokens")
        self.assertEqual(meter_tests.screen(requested_tests.POWER_LIMIT, view())[1], "none")

    def test_locked_out_tells_why_and_how_long(self):
        refused = Outcome(results.LOCKED_OUT, "", 0, None, (), (), False, False)
        self.assertEqual(
            told(refused, view(), 1280),
            [results.LOCKED_OUT, "Too many wrong", "Wait 1280 s", "Then try again"],
        )

    def test_pages_about_the_meter_tell_what_they_are_known_for(self):
        seen = view(power_fails=17, key=meters.key(sgc="654321", ti="07", krn=3, ken=201))
        pages = [about.shown(seen, page, 4) for page in range(4)]
        self.assertEqual(
            pages,
            [
                ["Meter number", meters.DRN, "Total used", "9999999.999 kWh"],
                ["SGC 654321", "KRN 3  KT 2", "TI 07", "KEN 201"],
                ["EA 11", screens.FIRMWARE, "Power fails", "17"],
                None,
            ],
        )

    def test_an_entry_shows_its_digits_by_fours_and_its_position(self):
        digits = "12345678901234567890"
        for count, lines in {
            1: ["1_", "", "1 of 20 digits"],
            11: ["1234 5678 901_", "", "11 of 20 digits"],
            12: ["1234 5678 9012", "_", "12 of 20 digits"],
            13: ["1234 5678 9012", "3_", "13 of 20 digits"],
            19: ["1234 5678 9012", "3456 789_", "19 of 20 digits"],
            20: ["1234 5678 9012", "3456 7890", "20 of 20 digits"],
        }.items():
            self.assertEqual(screens.entry(digits[:count], False)[:3], lines)
        for count, shown in {
            1: "1_", 12: "1234 5678 9012_", 13: "5678 9012 3_", 16: "5678 9012 3456_",
            17: "9012 3456 7_", 20: "9012 3456 7890_",
        }.items():  # fmt: skip
            self.assertEqual(screens.entry_small(digits[:count], False)[0], shown)
        code = ["Short code", "#45_", "# shows it", "* takes back"]
        self.assertEqual(screens.entry("45", True), code)
        self.assertEqual(screens.entry_small("45", True), ["Short code", "#45_"])

    def test_codes_that_set_say_what_they_set(self):
        new, screen = short_codes.changed("45620", settings.default())
        self.assertEqual((new.low_credit_wh, screen[1]), (20_000, "20 kWh"))
        new, screen = short_codes.changed("12300", settings.default())
        self.assertEqual((new.alarm_min, screen[1]), (0, "silent"))
        self.assertEqual(short_codes.changed("999", settings.default()), None)

    def test_energy_and_money_are_cut_not_rounded(self):
        self.assertEqual(screens.kwh(-4), "-0.004")
        self.assertEqual(screens.kwh(25_600), "25.600")
        self.assertEqual(screens.money(199_999), "1.99")
        self.assertEqual(screens.money(-199_999), "-1.99")

    def test_days_left_follow_the_mean_power(self):
        seen = view(credit=240_000)
        self.assertEqual(views.days_left(views.View(*(seen[:4] + (1000,) + seen[5:]))), 10)

    def test_view_of_a_meter_hides_its_key(self):
        key = meters.key(decoder_key=DecoderKey(b"secretsecretsecr"))
        self.assertFalse("secret" in repr(view(key=key)))


if __name__ == "__main__":
    unittest.main()
