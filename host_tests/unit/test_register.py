import unittest

from account import register
from account.register import EMPTY, Register


def credited(before, amount):
    return register.credited(before, amount, register.CREDIT_MAX_WH)


class RegisterTest(unittest.TestCase):
    def test_a_thousand_pulses_are_a_kwh_at_any_constant(self):
        for imp_per_kwh in (1, 3, 7, 800, 1000, 1600, 3200, 99_999, 100_000):
            after = register.consumed(EMPTY, imp_per_kwh, imp_per_kwh)
            self.assertEqual(after, Register(-1000, 1000, 0, 0, 0, 0))

    def test_remainder_is_kept_exactly_however_pulses_are_grouped(self):
        for imp_per_kwh in (1, 3, 999, 3200, 99_999):
            one_by_one = EMPTY
            for _ in range(1000):
                one_by_one = register.consumed(one_by_one, 1, imp_per_kwh)
            self.assertEqual(one_by_one, register.consumed(EMPTY, 1000, imp_per_kwh))

    def test_no_drift_over_a_billion_pulses(self):
        pulses, imp_per_kwh = 0, 99_991
        now = EMPTY
        while pulses < 1_000_000_000:
            now = register.consumed(now, 9_999_991, imp_per_kwh)
            pulses += 9_999_991
            self.assertEqual(now.total_wh * imp_per_kwh + now.remainder, 1000 * pulses)
            self.assertTrue(0 <= now.remainder < imp_per_kwh)
        self.assertEqual(now.credit, -now.total_wh)

    def test_credit_is_added_to_what_is_left(self):
        self.assertEqual(credited(Register(-5, 9, 2, 0, 0, 0), 100), Register(95, 9, 2, 0, 0, 0))

    def test_full_register_takes_no_more(self):
        full = Register(register.CREDIT_MAX_WH, 0, 0, 0, 0, 0)
        self.assertEqual(credited(full, 1), None)
        almost = Register(register.CREDIT_MAX_WH - 1, 0, 0, 0, 0, 0)
        self.assertEqual(credited(almost, 1), full)

    def test_debt_ends_at_the_most_that_the_display_shows(self):
        after = register.consumed(EMPTY, 1_000_000_000, 1)
        self.assertEqual((after.credit, after.total_wh), (-register.CREDIT_MAX_WH, 10**12))
        after = register.consumed(EMPTY, 1_000_000_000, 1, ((0, 0xFFFFFFFF),))
        self.assertEqual(after.credit, -register.CREDIT_MAX_CURRENCY)

    def test_consumption_of_a_period_stops_at_what_the_record_holds(self):
        steps = ((0, 1),)
        after = register.consumed(EMPTY, 5_000_000_000, 1000, steps, 1)
        self.assertEqual(after.period_wh, 0xFFFFFFFF)
        self.assertEqual(register.consumed(after, 1, 1000, steps, 1).period_wh, 0xFFFFFFFF)
        self.assertEqual(register.consumed(after, 7, 1000, steps, 2).period_wh, 7)

    def test_without_a_trusted_clock_there_is_no_period_to_add_up(self):
        after = register.consumed(EMPTY, 5_000_000_000, 1000, ((0, 1),), 0)
        self.assertEqual((after.period, after.period_wh), (0, 0))


if __name__ == "__main__":
    unittest.main()
