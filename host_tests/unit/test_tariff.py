import unittest

from account import register, tariff
from account.register import EMPTY

STEPS = ((50_000, 100_000), (200_000, 200_000), (0, 350_000))  # 1, 2 and 3.5 units per kWh


class TariffTest(unittest.TestCase):
    def test_consumption_is_priced_step_by_step(self):
        self.assertEqual(tariff.cost(STEPS, 0, 50_000), 50_000 * 100_000)
        self.assertEqual(tariff.cost(STEPS, 49_999, 2), 100_000 + 200_000)
        self.assertEqual(tariff.cost(STEPS, 500_000, 10), 10 * 350_000)
        whole = 50_000 * 100_000 + 150_000 * 200_000 + 100_000 * 350_000
        self.assertEqual(tariff.cost(STEPS, 0, 300_000), whole)

    def test_price_now_is_that_of_the_next_wh(self):
        for period_wh, price in (
            (0, 100_000),
            (49_999, 100_000),
            (50_000, 200_000),
            (1 << 30, 350_000),
        ):
            self.assertEqual(tariff.price_now(STEPS, period_wh), price)

    def test_however_pulses_are_grouped_the_money_is_the_same(self):
        one_by_one = EMPTY
        for _ in range(20_000):
            one_by_one = register.consumed(one_by_one, 10, 777, STEPS, 5)
        self.assertEqual(one_by_one, register.consumed(EMPTY, 200_000, 777, STEPS, 5))
        self.assertTrue(0 <= one_by_one.cost_remainder < 1000)

    def test_new_month_begins_at_the_first_step(self):
        january = register.consumed(EMPTY, 60_000, 1000, STEPS, 1)
        self.assertEqual((january.period_wh, january.credit), (60_000, -7_000_000))
        february = register.consumed(january, 1000, 1000, STEPS, 2)
        self.assertEqual((february.period_wh, february.credit), (1000, -7_100_000))

    def test_clock_that_goes_back_begins_no_steps_anew(self):
        steps = ((1000, 100), (0, 900))
        after = EMPTY
        for period in (10, 11, 10, 11, 10):  # a correction over the end of a month, and again
            after = register.consumed(after, 400, 1000, steps, period)
        self.assertEqual((after.period, after.period_wh), (11, 1600))
        after = register.consumed(after, 400, 1000, steps, 3)  # the clock had been wrong
        self.assertEqual((after.period, after.period_wh), (3, 2000))
        after = register.consumed(after, 400, 1000, steps, 4)
        self.assertEqual((after.period, after.period_wh), (4, 400))

    def test_without_a_trusted_clock_the_first_price_holds(self):
        after = register.consumed(EMPTY, 60_000, 1000, STEPS, tariff.NO_PERIOD)
        self.assertEqual(after.credit, -6_000_000)

    def test_worth_of_money_and_of_energy(self):
        steps = ((0, 100_000),)
        money = register.with_credit(EMPTY, 250_000)
        self.assertEqual(tariff.credit_wh(money, steps), 2500)
        self.assertEqual(tariff.in_credit(2500, money, steps), 250_000)
        self.assertEqual(tariff.in_credit(1, money, ((0, 1),)), 1)

    def test_a_meter_that_counts_energy_has_its_credit_in_wh(self):
        energy = register.with_credit(EMPTY, 2500)
        self.assertEqual(tariff.credit_wh(energy, ()), 2500)
        self.assertEqual(tariff.in_credit(7, energy, ()), 7)

    def test_credit_buys_at_the_price_of_the_step_reached(self):
        money = register.Register(200_000, 0, 0, 0, 1, 60_000)
        self.assertEqual(tariff.credit_wh(money, ((50_000, 100_000), (0, 200_000))), 1000)

    def test_periods_are_months(self):
        self.assertEqual(tariff.period_of(None), tariff.NO_PERIOD)
        december, january = tariff.period_of((2026, 12, 31)), tariff.period_of((2027, 1, 1))
        self.assertEqual(january - december, 1)

    def test_what_is_no_tariff_is_refused(self):
        for steps in (
            (),
            ((0, 0),),
            ((5, 1),),
            ((0, 1), (0, 2)),
            ((5, 1), (5, 2), (0, 3)),
            ((1, 1), (2, 1), (3, 1), (4, 1), (0, 1)),
        ):
            with self.assertRaises(ValueError):
                tariff.check(steps)
        tariff.check(STEPS)


if __name__ == "__main__":
    unittest.main()
