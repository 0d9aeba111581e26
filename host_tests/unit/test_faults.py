import unittest

from journal import faults

HOUR_MS = 3_600_000


class FaultsTest(unittest.TestCase):
    def test_each_fault_in_a_row_holds_the_supply_longer(self):
        row, holds_s = faults.NONE, []
        for _ in range(9):
            holds_s.append(faults.hold_ms(row) // 1000)
            row = faults.noted(row, "keypad", "OSError")
        self.assertEqual(holds_s, [0, 60, 120, 240, 480, 960, 1920, 3600, 3600])

    def test_an_hour_without_one_ends_the_row_but_not_the_total(self):
        once = faults.noted(faults.NONE, "keypad", "OSError")
        self.assertEqual(faults.hold_ms(faults.calmed(once)), 0)
        self.assertEqual(faults.calmed(once).total, 1)

    def test_a_watchdog_that_ran_out_without_a_word_means_a_hang(self):
        found = faults.restarted(faults.NONE, True)
        self.assertEqual((found.total, found.part, found.kind), (1, "program", "hang"))

    def test_a_noted_fault_is_not_counted_again_by_its_restart(self):
        once = faults.noted(faults.NONE, "keypad", "OSError")
        again = faults.restarted(once, True)
        self.assertEqual((again.total, again.part, again.fresh), (1, "keypad", False))
        self.assertEqual(faults.restarted(once, False), again)  # the power went first

    def test_power_that_comes_is_no_fault(self):
        self.assertEqual(faults.restarted(faults.NONE, False), faults.NONE)

    def test_a_fault_in_every_run_stops_wearing_the_flash(self):
        row = faults.NONE
        for _ in range(faults.ROW_MAX):
            row = faults.restarted(faults.noted(row, "keypad", "OSError"), True)
        self.assertEqual(faults.noted(row, "keypad", "OSError"), row)
        self.assertEqual(faults.restarted(row, True), row)

    def test_unknown_words_become_general_ones(self):
        found = faults.noted(faults.NONE, "toaster", "BurntError")
        self.assertEqual((found.part, found.kind), ("program", "error"))

    def test_bytes_hold_every_part_and_kind(self):
        for part in faults.PARTS:
            for kind in faults.KINDS:
                for fresh in (False, True):
                    one = faults.Faults(0xFFFF, 16, part, kind, fresh)
                    self.assertEqual(faults.from_bytes(faults.to_bytes(one)), one)
                    self.assertEqual(len(faults.to_bytes(one)), faults.SIZE)

    def test_places_of_parts_and_kinds_are_those_that_older_records_hold(self):
        self.assertEqual(
            faults.PARTS[:15],
            (
                "program", "start", "store", "pulses", "metering", "tamper", "clock",
                "load switch", "keypad", "token", "display", "buzzer", "service port",
                "brown-out", "credit display",
            ),
        )  # fmt: skip
        self.assertEqual(
            faults.KINDS[:11],
            (
                "hang", "error", "OSError", "MemoryError", "ValueError", "TypeError",
                "AttributeError", "IndexError", "KeyError", "OverflowError", "RuntimeError",
            ),
        )  # fmt: skip
        one = faults.Faults(258, 3, "keypad", "OSError", True)
        self.assertEqual(faults.to_bytes(one), bytes([2, 1, 3, 0x88, 2]))

    def test_bytes_that_are_no_faults_are_refused(self):
        for data in (bytes([0, 0, 0, 0, 200]), bytes([0, 0, 0, 0x7F, 0]), bytes(4), bytes(6)):
            with self.assertRaises((ValueError, IndexError)):
                faults.from_bytes(data)


if __name__ == "__main__":
    unittest.main()
