import unittest

from sts import results, tid

FULL = tuple(range(1000, 1000 + tid.CAPACITY))


class TidTest(unittest.TestCase):
    def test_an_empty_memory_refuses_nothing(self):
        for first in (0, 1, 0xFFFFFF):
            self.assertIsNone(tid.refusal((), first))

    def test_token_entered_twice_is_used(self):
        tids = tid.remember(tid.filled(5), 7)
        self.assertEqual(tid.refusal(tids, 7), results.USED)

    def test_token_older_than_the_lowest_is_old(self):
        self.assertEqual(tid.refusal(FULL, 999), results.OLD)
        self.assertEqual(tid.refusal((1000,), 999), results.OLD)

    def test_token_that_equals_the_lowest_is_used(self):
        self.assertEqual(tid.refusal(FULL, 1000), results.USED)

    def test_late_token_inside_the_memory_is_new(self):
        gap = tuple([t for t in FULL if t != 1010])
        self.assertIsNone(tid.refusal(gap, 1010))

    def test_full_memory_forgets_its_lowest(self):
        tids = tid.remember(FULL, 5000)
        self.assertEqual((len(tids), tids[0], tids[-1]), (tid.CAPACITY, 1001, 5000))

    def test_what_was_forgotten_is_old_and_never_new_again(self):
        tids = tid.remember(FULL, 5000)
        self.assertEqual(tid.refusal(tids, 1000), results.OLD)

    def test_late_token_is_kept_in_order(self):
        tids = tid.remember(tid.remember(tid.filled(5), 9), 7)
        self.assertEqual(tids[-3:], (5, 7, 9))

    def test_new_meter_refuses_tokens_from_before_its_manufacture(self):
        tids = tid.filled(1000)
        self.assertEqual(len(tids), tid.CAPACITY)
        self.assertEqual(tid.refusal(tids, 999), results.OLD)
        self.assertEqual(tid.refusal(tids, 1000), results.USED)
        self.assertIsNone(tid.refusal(tids, 1001))

    def test_new_meter_drops_one_manufacturing_tid_for_each_token(self):
        tids = tid.filled(1000)
        for token_tid in range(2000, 2000 + tid.CAPACITY - 1):
            tids = tid.remember(tids, token_tid)
            self.assertEqual(len(tids), tid.CAPACITY)
        self.assertEqual(tids[:2], (1000, 2000))
        self.assertEqual(tid.refusal(tids, 999), results.OLD)
        tids = tid.remember(tids, 3000)
        self.assertEqual(tid.refusal(tids, 1999), results.OLD)

    def test_after_a_roll_over_every_tid_but_zero_is_new(self):
        tids = tid.filled(0)
        self.assertIsNone(tid.refusal(tids, 1))
        self.assertEqual(tid.refusal(tids, 0), results.USED)

    def test_key_expires_with_the_step_after_its_ken(self):
        self.assertFalse(tid.expired(0x55FFFF, 0x55))
        self.assertTrue(tid.expired(0x560000, 0x55))
        self.assertFalse(tid.expired(0xFFFFFF, 255))
        self.assertTrue(tid.expired(0x010000, 0))

    def test_memory_survives_packing(self):
        tids = (0, 1, 255, 256, 65536, 0xFFFFFF)
        data = tid.pack(tids)
        self.assertEqual(len(data), 18)
        self.assertEqual(data[9:12], b"\x00\x01\x00")
        self.assertEqual(tid.unpack(data), tids)
        self.assertEqual(tid.unpack(memoryview(data)), tids)
        self.assertEqual(tid.unpack(b""), ())

    def test_packing_does_not_depend_on_what_was_packed_before(self):
        memories = [(), (5,), (9,), (5, 9), FULL, FULL[1:] + (5000,), FULL, (5000,) + FULL[1:]]
        for before in memories:
            for tids in memories:
                tid.pack(before)
                self.assertEqual(tid.unpack(tid.pack(tids)), tids)
                self.assertEqual(tid.unpack(tid.pack(list(tids))), tids)
                data = tid.pack(tids)
                tid.unpack(tid.pack(before))
                self.assertEqual(tid.pack(tids), data)

    def test_a_memory_is_in_order_wherever_the_new_one_belongs(self):
        for new in (0, 999, 1000, 1025, 1049, 1050, 9000):
            kept = tid.remember(FULL, new)
            self.assertEqual(kept, tuple(sorted(FULL + (new,)))[1:])

    def test_part_of_a_tid_is_refused(self):
        with self.assertRaises(ValueError):
            tid.unpack(b"\x00\x01")

    def test_dates(self):
        for number, base_year, date in (
            (0, 1993, (1993, 1, 1, 0, 0)),
            (5871715, 1993, (2004, 3, 1, 13, 55)),
            (5871660, 1993, (2004, 3, 1, 13, 0)),
            (1698595, 1993, (1996, 3, 25, 13, 55)),
            (0xFFFFFF, 1993, (2024, 11, 24, 20, 15)),
            (0xFFFFFF, 2014, (2045, 11, 24, 20, 15)),
            (0xFFFFFF, 2035, (2066, 11, 24, 20, 15)),
            (365 * 1440 - 1, 2014, (2014, 12, 31, 23, 59)),
            (365 * 1440, 2014, (2015, 1, 1, 0, 0)),
            ((365 * 3 + 59) * 1440 - 2 * 365 * 1440, 2015, (2016, 2, 29, 0, 0)),
        ):
            self.assertEqual(tid.date(number, base_year), date)


if __name__ == "__main__":
    unittest.main()
