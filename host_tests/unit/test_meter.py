import unittest

from account import lockout
from account import reader as account_reader
from account.carrier import LOCAL, MANUAL, REMOTE
from account.kept_state import CHECKPOINT_MAX_WH
from account.meter import Meter, NotProvisioned, StoreLost
from account.state import Identity, changed
from data import meters
from sts import results
from sts.decoder import Token
from sts.decoder_key import DecoderKey

WRONG = "59386323472137426968"  # the good one with its last digit changed


class MeterTest(unittest.TestCase):
    def setUp(self):
        self.meter = meters.meter()
        self.store = self.meter.store

    def enter(self, digits, now_ms=0):
        return self.meter.enter(digits, now_ms).result

    def rebooted(self, now_ms=0):
        again = Meter(self.store)
        again.start(now_ms)
        return again

    def test_token_counts_once_also_after_a_restart(self):
        self.assertEqual(self.enter(meters.TOKEN_100_WH), results.ACCEPT)
        self.assertEqual(self.enter(meters.TOKEN_100_WH), results.USED)
        again = self.rebooted()
        self.assertEqual(again.state.register.credit, 100)
        self.assertEqual(again.enter(meters.TOKEN_100_WH, 0).result, results.USED)

    def test_what_is_no_token_costs_no_try(self):
        for digits in ("", "1", "7" * 19, "7" * 21, "73786976294838206464", "9" * 20, "x" * 20):
            self.assertEqual(self.enter(digits), results.FORMAT)
        self.assertEqual(self.meter.state.failures, (0, 0, 0))

    def test_three_wrong_tokens_lock_and_time_unlocks(self):
        for _ in range(lockout.FREE_FAILURES):
            self.assertEqual(self.enter(WRONG), results.CRC)
        self.assertEqual(self.meter.lockout_ms(0), 10_000)
        self.assertEqual(self.enter(meters.TOKEN_100_WH, 9_999), results.LOCKED_OUT)
        self.assertEqual(self.enter(meters.TOKEN_100_WH, 10_000), results.ACCEPT)
        self.assertEqual(self.meter.state.failures, (0, 0, 0))

    def test_wrong_tokens_of_one_carrier_leave_the_others_alone(self):
        others = {MANUAL: (LOCAL, REMOTE), LOCAL: (REMOTE, MANUAL), REMOTE: (MANUAL, LOCAL)}
        for by, rest in others.items():
            self.meter = meters.meter()
            for _ in range(lockout.FREE_FAILURES):
                self.assertEqual(self.meter.enter(WRONG, 0, by).result, results.CRC)
            self.assertEqual(self.meter.enter(WRONG, 0, by).result, results.LOCKED_OUT)
            for other in rest:
                self.assertEqual(self.meter.lockout_ms(0, other), 0)
                self.assertEqual(self.meter.enter(WRONG, 0, other).result, results.CRC)

    def test_accepted_token_clears_the_count_of_its_own_carrier_alone(self):
        self.meter = meters.meter(failures=(1, 2, 3))
        self.meter.enter(meters.TOKEN_100_WH, 20_000, LOCAL)
        self.assertEqual(self.meter.state.failures, (1, 0, 3))

    def test_waits_of_all_carriers_begin_again_after_a_restart(self):
        self.meter = meters.meter(failures=(4, 200, 200))
        waits_ms = [self.meter.lockout_ms(0, by) for by in (MANUAL, LOCAL, REMOTE)]
        self.assertEqual(waits_ms, [20_000, 10_240_000, 20_480_000])

    def test_test_tokens_are_served_during_a_lock_out(self):
        for _ in range(lockout.FREE_FAILURES):
            self.enter(WRONG)
        self.assertEqual(self.enter(meters.TEST_TOTAL), results.ACCEPT)

    def test_test_tokens_may_be_repeated_and_leave_no_trace(self):
        before, commits = self.meter.state, self.store.commits
        for _ in range(3):
            self.assertEqual(self.enter(meters.TEST_ALL), results.ACCEPT)
        after = changed(
            self.meter.state, last_result=before.last_result, last_token=before.last_token
        )
        self.assertEqual(after, before)
        self.assertEqual(self.store.commits, commits)

    def test_lock_out_begins_again_after_a_restart(self):
        for _ in range(lockout.FREE_FAILURES):
            self.enter(WRONG)
        self.assertEqual(self.rebooted(500).lockout_ms(500), 10_000)

    def test_failure_is_stored_before_the_token_is_decrypted(self):
        failures = []

        def decode(_token):
            failures.append(self.rebooted().state.failures)
            return Token(0, None, None, {}, False)

        self.meter.reader.decode = decode
        self.enter(WRONG)
        self.assertEqual(failures, [(1, 0, 0)])

    def test_memory_too_short_to_read_a_token_is_found_before_the_try_is_counted(self):
        def short(*_):
            raise MemoryError

        meter = self.rebooted()
        commits, real, account_reader.Reader = self.store.commits, account_reader.Reader, short
        try:
            with self.assertRaises(MemoryError):
                meter.enter(meters.TOKEN_100_WH, 0)
        finally:
            account_reader.Reader = real
        self.assertEqual((meter.state.failures, self.store.commits), ((0, 0, 0), commits))
        self.assertEqual(meter.enter(meters.TOKEN_100_WH, 0).result, results.ACCEPT)

    def test_used_token_neither_counts_as_a_failure_nor_clears_them(self):
        self.enter(meters.TOKEN_100_WH)
        self.enter(WRONG)
        self.enter(WRONG)
        self.assertEqual(self.enter(meters.TOKEN_100_WH), results.USED)
        self.assertEqual(self.meter.state.failures, (2, 0, 0))

    def test_reserved_class_is_a_function_error(self):
        class_3 = "%020d" % (int(WRONG) | 3 << 27)
        self.assertEqual(self.enter(class_3), results.FUNCTION)

    def test_store_that_fails_keeps_the_old_credit(self):
        self.store.fails = True
        with self.assertRaises(OSError):
            self.enter(meters.TOKEN_100_WH)
        self.assertEqual(self.meter.state.register.credit, 0)
        self.store.fails = False
        self.assertEqual(self.enter(meters.TOKEN_100_WH), results.ACCEPT)

    def test_store_that_fails_once_the_try_is_counted_takes_nothing(self):
        commit = self.store.commit

        def once(record):
            commit(record)
            self.store.fails = True

        self.store.commit = once
        with self.assertRaises(OSError):
            self.enter(meters.TOKEN_100_WH)
        self.assertEqual(self.meter.state.register.credit, 0)
        self.store.fails, self.store.commit = False, commit
        self.assertEqual(self.enter(meters.TOKEN_100_WH), results.ACCEPT)
        self.assertEqual(self.rebooted().state.register.credit, 100)

    def test_at_most_a_tenth_of_a_kwh_is_lost_in_a_cut(self):
        self.enter(meters.TOKEN_100_WH)
        for _ in range(1000):
            self.meter.consume(1)
            kept_wh = self.rebooted().state.register.total_wh
            lost_wh = self.meter.state.register.total_wh - kept_wh
            self.assertTrue(0 <= lost_wh < CHECKPOINT_MAX_WH)

    def test_checkpoints_are_rare(self):
        before = self.store.commits
        self.meter.consume(1)
        for _ in range(999):
            self.meter.consume(1)
        self.assertTrue(self.store.commits - before <= 12)

    def test_a_store_that_takes_nothing_at_a_start_lets_nothing_be_supplied(self):
        self.enter(meters.TOKEN_100_WH)
        self.assertFalse(self.rebooted().kept.unsafe)
        self.store.fails = True
        self.assertTrue(self.rebooted().kept.unsafe)

    def test_a_store_that_fails_is_not_tried_at_each_wh(self):
        tries, self.store.fails = [], True
        commit = self.store.commit

        def counted(record):
            tries.append(self.meter.state.register.total_wh)
            commit(record)

        self.store.commit = counted
        for _ in range(CHECKPOINT_MAX_WH + 25):
            self.meter.consume(1)
        self.assertTrue(len(tries) <= 4, tries)
        self.assertTrue(tries[-1] > CHECKPOINT_MAX_WH, tries)

    def test_restarts_are_counted(self):
        self.assertEqual(self.meter.state.power_fails, 1)
        self.assertEqual(self.rebooted().state.power_fails, 2)


class ProvisioningTest(unittest.TestCase):
    def setUp(self):
        self.meter = Meter(meters.RamStore())

    def provision(self, **changes):
        identity = Identity(changes.pop("drn", meters.DRN), changes.pop("imp_per_kwh", 1000))
        self.meter.provision(identity, meters.key(**changes), meters.MANUFACTURED, 0)

    def test_factory_meter_has_no_key_to_read_a_token_with(self):
        with self.assertRaises(NotProvisioned):
            self.meter.enter(meters.TOKEN_100_WH, 0)

    def test_factory_meter_runs_test_tokens(self):
        self.assertEqual(self.meter.enter(meters.TEST_ALL, 0).result, results.ACCEPT)

    def test_provisioned_meter_takes_tokens_and_stays_so(self):
        self.provision()
        self.assertEqual(self.meter.enter(meters.TOKEN_100_WH, 0).result, results.ACCEPT)
        with self.assertRaises(ValueError):
            self.provision()

    def test_meter_that_lost_its_store_is_provisioned_only_when_that_is_said(self):
        self.meter.kept.store_lost = True
        with self.assertRaises(StoreLost):
            self.provision()
        self.assertFalse(self.meter.provisioned)
        identity = Identity(meters.DRN, 1000)
        self.meter.provision(identity, meters.key(), meters.MANUFACTURED, 0, True)
        self.assertTrue(self.meter.provisioned and not self.meter.lost)

    def test_meter_that_forgot_has_nothing_of_what_it_was(self):
        self.provision()
        self.meter.enter(meters.TOKEN_100_WH, 0)
        self.meter.kept.forget()
        self.assertFalse(self.meter.provisioned)
        self.assertEqual((self.meter.state.register.credit, self.meter.state.tids), (0, ()))

    def test_wrong_values_are_refused_in_words_without_the_key(self):
        for changes in (
            {"drn": "12345678904"},
            {"drn": "1234567890x"},
            {"drn": ""},
            {"imp_per_kwh": 0},
            {"imp_per_kwh": 100_001},
            {"decoder_key": DecoderKey(b"\xab" * 15)},
            {"ea": "09"},
            {"krn": 0},
            {"krn": 10},
            {"kt": 4},
            {"ken": 256},
        ):
            try:
                self.provision(**changes)
                raise AssertionError("not refused: %r" % changes)
            except ValueError as wrong:
                self.assertTrue("abab" not in str(wrong) and len(str(wrong)) > 10)
            self.assertFalse(self.meter.provisioned)


if __name__ == "__main__":
    unittest.main()
