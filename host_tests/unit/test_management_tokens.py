import unittest

from account import acceptance, flags
from account.register import CREDIT_MAX_CURRENCY, Register
from data import meters
from sts import kinds, results, tid
from sts.decoder import Token

TID = meters.MANUFACTURED + 1000
ENERGY = acceptance.MeterKind(in_currency=False, phases=1)
CURRENCY = acceptance.MeterKind(in_currency=True, phases=1)
THREE_PHASES = acceptance.MeterKind(in_currency=False, phases=3)
CREDIT = Register(5000, 7, 1, 0, 0, 0)


def token(kind, value):
    return Token(2, 0, kind, {"rnd": 5, "tid": TID, "value": value}, True)


def currency(se, amount_field):
    fields = {"se": se, "tid": TID, "amount_field": amount_field}
    return Token(0, 4, kinds.ELECTRICITY_CURRENCY, fields, True)


class ManagementTokensTest(unittest.TestCase):
    def judged(self, judged_token, meter=ENERGY, **changes):
        """Return (state, result); an accepted token's TID is kept, another changes nothing."""
        before = meters.state(register=CREDIT, **changes)
        after, result, _amount = acceptance.judged(before, judged_token, meter)
        if result == results.ACCEPT:
            self.assertEqual(tid.refusal(after.tids, TID), results.USED)
        else:
            self.assertTrue(after is before)
        return after, result

    def test_power_limit_is_set_in_watts_and_0_takes_it_away(self):
        for field, watts in ((1000, 1000), (0x8000, 180_224), (0xFFFF, 18_201_624), (0, 0)):
            after, result = self.judged(token(kinds.POWER_LIMIT, field), power_limit_w=5)
            self.assertEqual((result, after.power_limit_w), (results.ACCEPT, watts))

    def test_clear_credit_clears_electricity_or_all_and_knows_no_other_register(self):
        for value in (0, 0xFFFF):
            after, result = self.judged(token(kinds.CLEAR_CREDIT, value))
            self.assertEqual(
                (result, after.register), (results.ACCEPT, Register(0, 7, 1, 0, 0, 0))
            )
        for value in (1, 2, 3, 4, 5, 6, 7, 8, 0xFFFE):
            self.assertEqual(self.judged(token(kinds.CLEAR_CREDIT, value))[1], results.RANGE)

    def test_meter_that_keeps_money_clears_that_register(self):
        for value, expected in ((4, results.ACCEPT), (0xFFFF, results.ACCEPT), (0, results.RANGE)):
            found = self.judged(token(kinds.CLEAR_CREDIT, value), CURRENCY)[1]
            self.assertEqual(found, expected)

    def test_clear_credit_clears_debt_too(self):
        before = meters.state(register=Register(-90, 0, 0, 0, 0, 0))
        after = acceptance.judged(before, token(kinds.CLEAR_CREDIT, 0), ENERGY)[0]
        self.assertEqual(after.register.credit, 0)

    def test_tariff_rate_is_kept(self):
        after, result = self.judged(token(kinds.TARIFF_RATE, 1234))
        self.assertEqual((result, after.tariff_rate), (results.ACCEPT, 1234))

    def test_clear_tamper_needs_an_empty_pad(self):
        after, result = self.judged(token(kinds.CLEAR_TAMPER, 0), tamper=True)
        self.assertEqual((result, after.tamper), (results.ACCEPT, False))
        found = self.judged(token(kinds.CLEAR_TAMPER, 1), tamper=True)[1]
        self.assertEqual(found, results.FORMAT)

    def test_tamper_blocks_credit_and_nothing_else(self):
        fields = {"rnd": 5, "tid": TID, "amount_field": 1}
        bought = Token(0, 0, kinds.ELECTRICITY, fields, True)
        self.assertEqual(self.judged(bought, tamper=True)[1], results.FUNCTION)
        limit = token(kinds.POWER_LIMIT, 5)
        self.assertEqual(self.judged(limit, tamper=True)[1], results.ACCEPT)

    def test_unbalance_limit_needs_three_phases(self):
        limit = token(kinds.UNBALANCE_LIMIT, 500)
        self.assertEqual(self.judged(limit)[1], results.FUNCTION)
        after, result = self.judged(limit, THREE_PHASES)
        self.assertEqual((result, after.unbalance_limit_w), (results.ACCEPT, 500))

    def test_water_meter_factor_is_no_function_of_this_meter(self):
        self.assertEqual(self.judged(token(kinds.WATER_FACTOR, 1))[1], results.FUNCTION)

    def test_flags_of_the_extended_set_are_set_and_cleared(self):
        set_it = 63 << 10 | flags.DISCONNECT_SERVICE << 1 | 1
        after, result = self.judged(token(kinds.SET_EXTENDED, set_it))
        self.assertEqual(result, results.ACCEPT)
        self.assertTrue(flags.has(after.flags, flags.DISCONNECT_SERVICE))
        after, result = self.judged(token(kinds.SET_EXTENDED, set_it & ~1), flags=after.flags)
        self.assertFalse(flags.has(after.flags, flags.DISCONNECT_SERVICE))
        self.assertEqual(after.flags, flags.DEFAULT)

    def test_controls_and_other_flags_are_reserved(self):
        for value in (0x007B, 62 << 10, 63 << 10 | 5 << 1, 63 << 10 | 0x1FF << 1 | 1):
            self.assertEqual(self.judged(token(kinds.SET_EXTENDED, value))[1], results.FUNCTION)

    def test_management_tokens_work_under_a_default_key(self):
        found = self.judged(token(kinds.POWER_LIMIT, 5), key=meters.key(kt=1))[1]
        self.assertEqual(found, results.ACCEPT)

    def test_management_tokens_have_a_tid_like_credit(self):
        limit = token(kinds.POWER_LIMIT, 5)
        self.assertEqual(self.judged(limit, tids=(TID,))[1], results.USED)
        self.assertEqual(self.judged(limit, tids=(TID + 1,))[1], results.OLD)
        self.assertEqual(self.judged(limit, key=meters.key(ken=0))[1], results.KEY_EXPIRED)

    def test_currency_is_added_and_taken_as_the_reference_says(self):
        after, result = self.judged(currency(0, 0x60AA), CURRENCY)  # 1 unit: 1.00004
        self.assertEqual((result, after.register.credit), (results.ACCEPT, 5000 + 100_004))
        after, result = self.judged(currency(8, 0x60A9), CURRENCY)  # -1 unit: -0.99994
        self.assertEqual((result, after.register.credit), (results.ACCEPT, 5000 - 99_994))

    def test_currency_beyond_the_register_overflows_both_ways(self):
        most = CREDIT_MAX_CURRENCY
        for credit, bought in ((most, (0, 0x60AA)), (-most, (8, 0x60AA))):
            before = meters.state(register=Register(credit, 0, 0, 0, 0, 0))
            found = acceptance.judged(before, currency(*bought), CURRENCY)[1]
            self.assertEqual(found, results.OVERFLOW)

    def test_each_accounting_refuses_the_others_credit(self):
        self.assertEqual(self.judged(currency(0, 0x60AA), ENERGY)[1], results.FUNCTION)
        fields = {"rnd": 5, "tid": TID, "amount_field": 1}
        energy = Token(0, 0, kinds.ELECTRICITY, fields, True)
        self.assertEqual(self.judged(energy, CURRENCY)[1], results.FUNCTION)

    def test_function_is_judged_before_the_tid(self):
        found = self.judged(currency(0, 0x60AA), ENERGY, tids=(TID,))[1]
        self.assertEqual(found, results.FUNCTION)

    def test_credit_above_zero_ends_emergency_credit(self):
        fields = {"rnd": 5, "tid": TID, "amount_field": 1}
        bought = Token(0, 0, kinds.ELECTRICITY, fields, True)
        for credit, emergency in ((-99, False), (-100, True), (-500, True)):
            before = meters.state(register=Register(credit, 0, 0, 0, 0, 0), emergency=True)
            after = acceptance.judged(before, bought, ENERGY)[0]
            self.assertEqual(after.emergency, emergency)


if __name__ == "__main__":
    unittest.main()
