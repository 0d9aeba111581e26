import unittest

from account.meter import Meter
from data import meters
from sts import key_change, results, tid
from unit.test_key_change import NEW_KEY, SET_OF_FOUR

FIRST, SECOND, THIRD, FOURTH = SET_OF_FOUR
LATE = key_change.WINDOW_MS


class MeterKeyChangeTest(unittest.TestCase):
    def setUp(self):
        self.meter = meters.meter()
        self.store = self.meter.store

    def enter(self, *entered, at=0):
        return [self.meter.enter(digits, at).result for digits in entered]

    def has_new_key(self):
        return self.meter.state.key.decoder_key.octets == bytes.fromhex(NEW_KEY)

    def test_sections_in_any_order_change_the_key_with_the_last(self):
        orders = (
            (SET_OF_FOUR, ["1stKCT", "2ndKCT", "3rdKCT", "Accept"]),
            ((FOURTH, THIRD, SECOND, FIRST), ["4thKCT", "3rdKCT", "2ndKCT", "Accept"]),
            ((SECOND, FOURTH, FIRST, THIRD), ["2ndKCT", "4thKCT", "1stKCT", "Accept"]),
        )
        for order, expected in orders:
            self.meter = meters.meter()
            found = []
            for digits in order:
                self.assertFalse(self.has_new_key())
                found += self.enter(digits)
            self.assertEqual(found, expected)
            self.assertTrue(self.has_new_key())
            self.assertEqual(self.meter.state.key.ti, "02")

    def test_missing_sections_are_told(self):
        self.assertEqual(self.meter.enter(SECOND, 0).missing, (1, 3, 4))
        self.assertEqual(self.meter.enter(FIRST, 0).missing, (3, 4))
        self.assertFalse(self.meter.enter(THIRD, 0).is_test)  # so it gets into the history

    def test_section_entered_again_replaces_itself(self):
        self.assertEqual(self.enter(FIRST, FIRST, SECOND), ["1stKCT", "1stKCT", "2ndKCT"])

    def test_new_key_outlives_a_restart_and_the_old_tokens_are_dead(self):
        self.enter(*SET_OF_FOUR)
        self.meter = Meter(self.store)
        self.assertFalse(self.meter.start(0))
        self.assertTrue(self.has_new_key())
        self.assertEqual(self.enter(meters.TOKEN_100_WH, FIRST), ["CRCError", "CRCError"])

    def test_tokens_of_the_old_key_are_dead_as_soon_as_the_key_is_changed(self):
        self.enter(*SET_OF_FOUR)
        self.assertEqual(self.enter(meters.TOKEN_100_WH, FIRST), ["CRCError", "CRCError"])

    def test_credit_and_tid_memory_stay_without_roll_over(self):
        self.enter(meters.TOKEN_100_WH)
        tids = self.meter.state.tids
        self.enter(*SET_OF_FOUR)
        self.assertEqual(self.meter.state.register.credit, 100)
        self.assertEqual(self.meter.state.tids, tids)

    def test_roll_over_clears_the_tid_memory(self):
        decode = self.meter.reader.decode

        def rolling(token):
            decoded = decode(token)
            if "ro" in decoded.fields:
                decoded.fields["ro"] = 1
            return decoded

        self.meter.reader.decode = rolling
        self.enter(*SET_OF_FOUR)
        self.assertEqual(self.meter.state.tids, tid.filled(0))

    def test_memory_too_short_for_a_key_change_is_found_before_the_try_is_counted(self):
        def short():
            raise MemoryError

        self.meter.reader.expect_section = short
        commits = self.store.commits
        with self.assertRaises(MemoryError):
            self.enter(FIRST)
        self.assertEqual((self.meter.state.failures, self.store.commits), ((0, 0, 0), commits))

    def test_incomplete_set_is_dropped_after_ten_minutes(self):
        self.enter(FIRST, SECOND, THIRD)
        self.assertFalse(self.meter.expire_key_change(LATE - 1))
        self.assertTrue(self.meter.expire_key_change(LATE))
        self.assertFalse(self.meter.expire_key_change(LATE))
        self.assertEqual(self.enter(FOURTH, at=LATE), ["4thKCT"])
        self.assertFalse(self.has_new_key())

    def test_late_section_begins_a_new_set_even_before_the_old_is_dropped(self):
        self.enter(FIRST, SECOND, THIRD)
        self.assertEqual(self.enter(FOURTH, at=LATE), ["4thKCT"])
        self.assertEqual(self.meter.enter(FIRST, LATE).missing, (2, 3))

    def test_power_cut_drops_an_incomplete_set_and_says_so_once(self):
        self.enter(FIRST, SECOND, THIRD)
        self.meter = Meter(self.store)
        self.assertTrue(self.meter.start(0))
        self.assertEqual(self.meter.enter(FOURTH, 0).missing, (1, 2, 3))
        self.meter.expire_key_change(LATE)
        self.assertFalse(Meter(self.store).start(0))

    def test_credit_between_the_sections_is_taken(self):
        found = self.enter(FIRST, meters.TOKEN_100_WH, SECOND, THIRD, FOURTH)
        self.assertEqual(found, ["1stKCT", "Accept", "2ndKCT", "3rdKCT", "Accept"])
        self.assertEqual(self.meter.state.register.credit, 100)

    def test_key_change_works_under_an_expired_key(self):
        self.meter = meters.meter(key=meters.key(ken=0))
        found = self.enter(meters.TOKEN_100_WH, *SET_OF_FOUR)
        self.assertEqual(found, ["KeyExpiredError", "1stKCT", "2ndKCT", "3rdKCT", "Accept"])

    def test_forbidden_key_type_stops_at_the_first_section(self):
        self.meter = meters.meter(key=meters.key(kt=3))
        allowed = key_change.TRANSITIONS[3]
        key_change.TRANSITIONS[3] = (3,)
        try:
            self.assertEqual(self.enter(FIRST), [results.KEY_TYPE])
        finally:
            key_change.TRANSITIONS[3] = allowed

    def test_sections_neither_count_as_failures_nor_clear_them(self):
        self.meter = meters.meter(failures=(2, 0, 0))
        self.enter(FIRST)
        self.assertEqual(self.meter.state.failures, (2, 0, 0))
        self.enter(SECOND, THIRD, FOURTH)
        self.assertEqual(self.meter.state.failures, (0, 0, 0))


if __name__ == "__main__":
    unittest.main()
