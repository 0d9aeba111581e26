import unittest

from account.outcome import Outcome
from account.register import CREDIT_MAX_CURRENCY, CREDIT_MAX_WH
from data import meters
from journal import faults, history, settings
from journal.notes import Notes
from ports.record_store import LOST
from store import slot_store
from sts import results

PAGE = 256


def outcome(result=results.ACCEPT, amount=100, tid=5_900_000):
    return Outcome(result, "TransferCredit.electricity", amount, tid, (), (), False, False)


class NotesTest(unittest.TestCase):
    def setUp(self):
        self.store = meters.RamStore()
        self.notes = Notes(self.store)

    def test_new_meter_has_defaults_and_no_history(self):
        self.assertEqual(self.notes.settings, settings.default())
        self.assertEqual(self.notes.history, ())

    def test_settings_and_history_outlive_a_restart(self):
        steps = ((1000, 5), (0, 0xFFFFFFFF))
        new = settings.changed(self.notes.settings, profile="pln", alarm_min=0, steps=steps)
        self.notes.configure(new)
        self.notes.note(outcome(), meters.TOKEN_100_WH, 0)
        again = Notes(self.store)
        self.assertEqual(again.settings, new)
        self.assertEqual(again.history, self.notes.history)

    def test_carrier_of_each_token_is_kept(self):
        for by in (2, 0, 1):
            self.notes.note(outcome(amount=1), meters.TOKEN_100_WH, by)
        self.assertEqual([entry.by for entry in Notes(self.store).history], [1, 0, 2])

    def test_history_keeps_the_last_five_newest_first(self):
        for n in range(7):
            self.notes.note(outcome(amount=-1 - n), "%020d" % n, 0)
        self.assertEqual([entry.amount for entry in self.notes.history], [-7, -6, -5, -4, -3])
        self.assertEqual(Notes(self.store).history[0].digits, "0" * 19 + "6")

    def test_what_is_refused_or_brings_no_credit_pushes_out_no_purchase(self):
        for n in range(1, 4):
            self.notes.note(outcome(amount=n), "%020d" % n, 0)
        for result in results.NAMES:
            self.notes.note(outcome(result, amount=0), "1" * 20, 0)
        self.notes.note(outcome(results.USED, amount=0), "2" * 20, 0)
        kept = Notes(self.store).history
        self.assertEqual([entry.amount for entry in history.purchases(kept)], [3, 2, 1])
        self.assertEqual([entry.result for entry in kept], [results.USED] + [results.ACCEPT] * 3)
        for n in range(4, 8):
            self.notes.note(outcome(amount=n), "%020d" % n, 0)
        kept = Notes(self.store).history
        self.assertEqual([entry.amount for entry in kept], [7, 6, 5, 4, 0, 3])

    def test_token_that_the_state_has_forgotten_is_seen(self):
        def ahead(result, tid, *tids):
            self.notes.note(outcome(result, tid=tid), meters.TOKEN_100_WH, 0)
            return history.is_ahead(self.notes.history, tids)

        self.assertTrue(ahead(results.ACCEPT, 7, 5, 5, 6))
        self.assertTrue(not ahead(results.ACCEPT, 7, 5, 6, 7))
        self.assertTrue(not ahead(results.ACCEPT, 7, 7, 8, 9))  # and then forgotten in time
        self.assertTrue(not ahead(results.ACCEPT, 7, 8, 8, 9))
        self.assertTrue(not ahead(results.ACCEPT, None, 0, 0, 0))  # a key with a new memory
        self.assertTrue(not ahead(results.CRC, 7, 5, 5, 6))
        self.assertTrue(not ahead(results.ACCEPT, 7))
        self.assertTrue(not history.is_ahead((), (5, 6)))

    def test_digits_that_may_still_be_worth_something_are_not_kept(self):
        for result in results.NAMES:
            self.notes.note(outcome(result, tid=None), meters.TOKEN_100_WH, 0)
            kept = Notes(self.store).history[0]
            spent = result in (results.ACCEPT, results.USED)
            self.assertEqual(kept.digits, meters.TOKEN_100_WH if spent else "")
            self.assertEqual((kept.result, kept.tid), (result, None))

    def test_what_costs_no_try_is_not_noted(self):
        self.assertTrue(history.is_worth_noting(outcome(results.USED)))
        for result in (results.FORMAT, results.LOCKED_OUT):
            self.assertFalse(history.is_worth_noting(outcome(result)))
        test = Outcome(results.ACCEPT, "InitiateMeterTest.2digit", 0, None, (1,), (), True, False)
        self.assertFalse(history.is_worth_noting(test))

    def test_store_that_fails_keeps_the_history_in_ram(self):
        self.store.fails = True
        self.notes.note(outcome(), meters.TOKEN_100_WH, 0)
        self.assertEqual(len(self.notes.history), 1)
        self.assertEqual(Notes(self.store).history, ())

    def test_faults_outlive_a_restart_and_a_row_ends_when_calm(self):
        self.notes.add_fault("keypad", "OSError")
        again = Notes(self.store)
        again.restarted(True)
        self.assertEqual(again.faults, faults.Faults(1, 1, "keypad", "OSError", False))
        again.calm()
        self.assertEqual(Notes(self.store).faults, faults.Faults(1, 0, "keypad", "OSError", False))

    def test_what_says_nothing_new_about_faults_costs_no_commit(self):
        self.notes.restarted(False)
        self.notes.calm()
        self.assertEqual(self.store.commits, 0)

    def test_a_fault_that_cannot_be_written_is_kept_in_ram(self):
        self.store.fails = True
        self.notes.add_fault("store", "OSError")
        self.assertEqual(self.notes.faults.total, 1)

    def test_board_without_a_second_store_keeps_notes_in_ram(self):
        notes = Notes(None)
        notes.note(outcome(), meters.TOKEN_100_WH, 0)
        self.assertEqual(len(notes.history), 1)

    def test_largest_record_fits_a_flash_page(self):
        steps = ((1, 1), (2, 1), (3, 1), (0, 1))
        self.notes.configure(settings.changed(self.notes.settings, steps=steps))
        for result in (results.ACCEPT, results.USED):
            for _ in range(history.CAPACITY):
                self.notes.note(outcome(result), meters.TOKEN_100_WH, 0)
        for code in range(20):
            self.notes.log((code % 2 + 1,), 5)
        self.assertEqual(len(self.notes.history), history.CAPACITY)
        self.assertTrue(len(self.store.record) + slot_store.OVERHEAD <= PAGE)

    def test_settings_of_a_new_meter_and_their_bytes_are_those_of_older_records(self):
        new = settings.default()
        self.assertEqual(new, settings.Settings("meter20", 5000, 15, 0, 0, 0, ()))
        one = settings.changed(
            new, profile="landisgyr", low_credit_wh=258, alarm_min=3, emergency_wh=4,
            friendly_from=18, friendly_to=8, steps=((5, 6), (0, 7)),
        )  # fmt: skip
        octets = bytes([2, 2, 1, 0, 0, 3, 0, 4, 0, 0, 0, 18, 8, 2, 5, 0, 0, 0, 6, 0, 0, 0])
        octets += bytes([0, 0, 0, 0, 7, 0, 0, 0])
        self.assertEqual(settings.to_bytes(one), octets)
        self.assertEqual(settings.from_bytes(octets + b"x"), (one, b"x"))
        self.assertEqual(settings.PROFILES, ("meter20", "conlog", "landisgyr", "pln"))

    def test_settings_out_of_range_are_refused(self):
        for changes in (
            {"profile": "acme"},
            {"alarm_min": 1000},
            {"low_credit_wh": -1},
            {"emergency_wh": 100_001},
            {"friendly_from": 24},
            {"steps": ((5, 5),)},
        ):
            with self.assertRaises(ValueError):
                settings.changed(self.notes.settings, **changes)

    def test_record_with_settings_out_of_range_is_lost(self):
        for changes in ({"steps": ((0, 0),)}, {"alarm_min": 1000}, {"friendly_to": 24}):
            new = settings.Settings(*[
                changes.get(name, value)
                for name, value in zip(settings._FIELDS, settings.default())
            ])  # fmt: skip
            self.notes.configure(new)
            again = Notes(self.store)
            self.assertEqual((again.health, again.settings), (LOST, settings.default()))

    def test_token_that_leads_from_the_deepest_debt_to_the_most_credit_is_kept(self):
        for most, steps in ((CREDIT_MAX_WH, ()), (CREDIT_MAX_CURRENCY, ((0, 5),))):
            self.notes.begin(settings.changed(settings.default(), steps=steps))
            for amount in (2 * most, -2 * most):
                self.notes.note(outcome(amount=amount), meters.TOKEN_100_WH, 0)
                again = Notes(self.store)
                self.assertTrue(again.health != LOST)
                self.assertEqual(again.history[0].amount, amount)

    def test_record_with_what_no_token_brings_is_lost(self):
        for digits, amount in (("9" * 21, 0), ("1" * 20, 2 * CREDIT_MAX_WH + 1)):
            self.notes.note(outcome(amount=amount), digits, 0)
            again = Notes(self.store)
            self.assertEqual((again.health, again.history), (LOST, ()))
            self.notes.begin(settings.default())
        for _ in range(6):
            self.notes.history += (history.entry(outcome(), "1" * 20, 0),)
        self.notes.configure(settings.default())
        self.assertEqual(Notes(self.store).health, LOST)

    def test_history_of_another_unit_ends_when_the_meter_is_provisioned(self):
        self.notes.note(outcome(), meters.TOKEN_100_WH, 0)
        self.notes.log((1,), 5)
        self.notes.begin(settings.changed(settings.default(), steps=((0, 5),)))
        again = Notes(self.store)
        self.assertEqual((again.history, len(again.events)), ((), 1))

    def test_friendly_hours_may_span_midnight(self):
        night = settings.changed(settings.default(), friendly_from=18, friendly_to=8)
        found = [hour for hour in range(24) if settings.is_friendly(night, at(hour))]
        self.assertEqual(found, list(range(8)) + list(range(18, 24)))
        day = settings.changed(settings.default(), friendly_from=8, friendly_to=18)
        self.assertEqual(
            [h for h in range(24) if settings.is_friendly(day, at(h))], list(range(8, 18))
        )
        self.assertFalse(settings.is_friendly(settings.default(), at(12)))
        self.assertFalse(settings.is_friendly(night, None))


def at(hour):
    return (2026, 11, 22, 6, hour, 0, 0)


if __name__ == "__main__":
    unittest.main()
