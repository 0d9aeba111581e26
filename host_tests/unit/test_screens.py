"""Every screen the meter has fits the smallest display, and says something."""

import unittest

from fakes import meters
from meter import events, faults, meter_test, screens, settings, short_codes, supply
from meter import view as views
from meter.events import Event
from meter.history import Entry
from meter.meter import Outcome
from meter.register import CREDIT_MAX_CURRENCY, CREDIT_MAX_WH, Register
from meter.state import Identity
from sts import kinds, results
from sts.decoder_key import DecoderKey

REASONS = (
    supply.CREDIT, supply.EMERGENCY, supply.FRIENDLY, supply.NO_CREDIT, supply.TAMPER,
    supply.SERVICE, supply.OVERLOAD, supply.OVERLOAD_LOCK, supply.TEST,
    supply.STORE_FAULT,
    supply.FAULT,
)  # fmt: skip


def view(reason=supply.CREDIT, in_currency=False, credit=CREDIT_MAX_WH, **changes):
    steps = ((0, 1),) if in_currency else ()
    return views.View(
        meters.state(register=Register(credit, 9_999_999_999, 0, 0, 0, 0), **changes),
        settings.changed(settings.default(), steps=steps),
        (Entry(results.ACCEPT, 0xFFFFFF, "1" * 20, credit), Entry(results.CRC, None, "", 0)),
        99_999,
        0,
        reason,
        1280 if changes.get("failures") else 0,
        tuple([Event(code, 255, 0xFFFFFFFF) for code in events.NAMES]),
        faults.noted(faults.NONE, "service port", "AttributeError"),
    )


class ScreensTest(unittest.TestCase):
    def fits(self, screen):
        self.assertTrue(screen[0] != "" and len(screen) <= 4)
        for line in screen:
            self.assertTrue(len(line) <= screens.WIDTH, line)
        for page in screens.pages(screen, 2):
            self.assertTrue(1 <= len(page) <= 2)

    def test_rest_fits_in_every_state_of_the_supply(self):
        for reason in REASONS:
            for failures in (0, 9):
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
            self.assertEqual(screens.about(full, 0, 4)[3], shown)
            self.fits(screens.about(full, 0, 4))
            self.fits(screens.test(meter_test.TOTAL, full))
            self.fits(short_codes.screen("3", full))

    def test_result_fits_whatever_is_owed(self):
        outcome = Outcome(results.OVERFLOW, kinds.ELECTRICITY, 0, 1, (), (), False, False)
        self.fits(screens.outcome(outcome, view(credit=-CREDIT_MAX_WH)))

    def test_every_result_has_a_screen(self):
        for result in results.NAMES:
            missing = (1, 2, 3) if result[1:] in ("stKCT", "ndKCT", "rdKCT", "thKCT") else ()
            if result == results.LOCKED_OUT:
                continue  # a screen of its own
            for kind, amount in ((kinds.ELECTRICITY, CREDIT_MAX_WH), (kinds.KEY_1, 0), ("", 0)):
                for tamper in (False, True):
                    shown = Outcome(result, kind, amount, None, (), missing, False, False)
                    self.fits(screens.outcome(shown, view(tamper=tamper)))
        self.fits(screens.locked_out(1280))
        for screen in (
            screens.key_change_dropped(), screens.not_stored(), screens.repaired(),
            screens.idle(view(supply.STORE_FAULT, identity=Identity("", 1000))),
        ):  # fmt: skip
            self.fits(screen)

    def test_every_test_has_a_screen(self):
        for number in meter_test.SUPPORTED + (meter_test.FLAGS,):
            self.fits(screens.test(number, view()))

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
            while screens.about(view(), page, rows) is not None:
                self.assertTrue(len(screens.about(view(), page, rows)) <= rows)
                self.fits(screens.about(view(), page, rows))
                page += 1
            self.assertTrue(page >= 3)

    def test_every_short_code_of_every_dialect_fits_and_shows_no_key(self):
        for profile in settings.PROFILES:
            seen = view()
            dialect = settings.changed(seen.settings, profile=profile)
            seen = views.View(*(seen[:1] + (dialect,) + seen[2:]))
            tables = short_codes._COMMON + short_codes._DIALECTS[profile]
            codes = [line.partition(" ")[0] for line in tables.split("\n") if line]
            self.assertTrue(len(codes) > 35)
            for code in codes:
                screen = short_codes.screen(code, seen)
                self.fits(screen)
                self.assertFalse("f94b" in "".join(screen))

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
