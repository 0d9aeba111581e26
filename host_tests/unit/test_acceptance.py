import unittest

from account import acceptance
from account.register import CREDIT_MAX_WH, Register
from data import meters
from sts import kinds, results, tid
from sts.decoder import Token
from sts.decoder_key import DCTK, DDTK, DITK, DUTK

ENERGY = acceptance.MeterKind(in_currency=False, phases=1)
TID = meters.MANUFACTURED + 1000
CLEAR_TAMPER = Token(2, 5, kinds.CLEAR_TAMPER, {"rnd": 5, "tid": TID, "value": 0}, True)


def credit(token_tid=TID, amount_field=256, kind=kinds.ELECTRICITY, subclass=0):
    fields = {"rnd": 5, "tid": token_tid, "amount_field": amount_field}
    return Token(0, subclass, kind, fields, True)


class AcceptanceTest(unittest.TestCase):
    def result(self, state, token):
        """Judge; a token that is not accepted must not have changed anything."""
        after, result, amount_wh = acceptance.judged(state, token, ENERGY)
        if result != results.ACCEPT:
            self.assertTrue(after is state)
            self.assertEqual(amount_wh, 0)
        return result

    def test_credit_is_added_and_its_tid_remembered(self):
        before = meters.state(register=Register(-4, 10, 3, 0, 0, 0))
        after, result, amount_wh = acceptance.judged(before, credit(), ENERGY)
        self.assertEqual((result, amount_wh), (results.ACCEPT, 25_600))
        self.assertEqual(after.register, Register(25_596, 10, 3, 0, 0, 0))
        self.assertEqual(tid.refusal(after.tids, TID), results.USED)

    def test_token_before_manufacture_is_old(self):
        token = credit(meters.MANUFACTURED - 1)
        self.assertEqual(self.result(meters.state(), token), results.OLD)

    def test_token_of_the_minute_of_manufacture_is_used(self):
        token = credit(meters.MANUFACTURED)
        self.assertEqual(self.result(meters.state(), token), results.USED)

    def test_late_token_counts_while_newer_than_the_oldest_kept(self):
        state = meters.state(tids=tuple(range(TID, TID + 2 * tid.CAPACITY, 2)))
        self.assertEqual(self.result(state, credit(TID + 1)), results.ACCEPT)
        self.assertEqual(self.result(state, credit(TID + 2)), results.USED)
        self.assertEqual(self.result(state, credit(TID - 1)), results.OLD)

    def test_key_expiry_compares_the_high_byte(self):
        last = meters.state(key=meters.key(ken=TID >> 16))
        self.assertEqual(self.result(last, credit()), results.ACCEPT)
        gone = meters.state(key=meters.key(ken=(TID >> 16) - 1))
        self.assertEqual(self.result(gone, credit()), results.KEY_EXPIRED)

    def test_initial_key_has_no_expiry_and_every_other_one_has(self):
        for kt in (DITK, DDTK, DUTK, DCTK):
            state = meters.state(key=meters.key(kt=kt, ken=1), tamper=True)
            expected = results.ACCEPT if kt == DITK else results.KEY_EXPIRED
            self.assertEqual(self.result(state, CLEAR_TAMPER), expected)

    def test_expired_is_said_before_used(self):
        state = meters.state(key=meters.key(ken=0), tids=(TID,))
        self.assertEqual(self.result(state, credit()), results.KEY_EXPIRED)

    def test_default_and_initial_keys_take_no_credit(self):
        for kt, expected in (
            (DITK, results.DDTK),
            (DDTK, results.DDTK),
            (DUTK, results.ACCEPT),
            (DCTK, results.ACCEPT),
        ):
            state = meters.state(key=meters.key(kt=kt))
            self.assertEqual(self.result(state, credit()), expected)

    def test_overflowing_credit_is_refused_and_works_later(self):
        full = meters.state(register=Register(CREDIT_MAX_WH - 25_599, 0, 0, 0, 0, 0))
        self.assertEqual(self.result(full, credit()), results.OVERFLOW)
        room = meters.state(register=Register(CREDIT_MAX_WH - 25_600, 0, 0, 0, 0, 0))
        self.assertEqual(self.result(room, credit()), results.ACCEPT)

    def test_other_utilities_are_not_this_meters_function(self):
        for kind in (kinds.WATER, kinds.GAS, kinds.TIME):
            self.assertEqual(self.result(meters.state(), credit(kind=kind)), results.FUNCTION)

    def test_unassigned_subclass_is_a_function_error(self):
        token = Token(0, 9, None, {}, True)
        self.assertEqual(self.result(meters.state(), token), results.FUNCTION)


if __name__ == "__main__":
    unittest.main()
