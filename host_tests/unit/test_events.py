import unittest

from account.outcome import Outcome
from data import meters
from journal import events, settings
from journal.events import Event
from journal.notes import Notes
from ports.record_store import GOOD, LOST, REPAIRED
from store import slot_store
from sts import results


class EventsTest(unittest.TestCase):
    def test_newest_comes_first_and_the_oldest_gives_way(self):
        kept = ()
        for code in sorted(events.NAMES) + [events.RESTART]:
            kept = events.noted(kept, code, 1000 * code)
        self.assertEqual(len(kept), events.CAPACITY)
        self.assertEqual(kept[0], Event(events.RESTART, 1, 1))
        self.assertEqual(kept[-1], Event(events.REPAIRED, 1, 2))

    def test_same_event_again_counts_up_and_stays_in_a_byte(self):
        kept = events.noted((), events.TAMPER, 5)
        for n in range(300):
            kept = events.noted(kept, events.RESTART, 1000 * n)
        self.assertEqual(kept, (Event(events.RESTART, 255, 299), Event(events.TAMPER, 1, 0)))

    def test_names_fit_the_display(self):
        for name in events.NAMES.values():
            self.assertTrue(len(name) <= 16)

    def test_bytes_come_back_and_what_follows_is_left(self):
        kept = ()
        for code in events.NAMES:
            kept = events.noted(kept, code, 1 << 42)
            self.assertEqual(events.from_bytes(events.to_bytes(kept) + b"rest"), (kept, b"rest"))

    def test_bytes_that_are_no_events_are_refused(self):
        for data in (b"\x09" + bytes(54), b"\x01\x01\x01", b"\x01\x09\x01\0\0\0\0"):
            with self.assertRaises(ValueError):
                events.from_bytes(data)


class NotedEventsTest(unittest.TestCase):
    def setUp(self):
        self.store = meters.RamStore()
        self.notes = Notes(self.store)

    def test_events_outlive_a_restart_and_fit_beside_all_the_rest(self):
        steps = tuple((1000 * n, 5) for n in range(1, 4)) + ((0, 9),)
        self.notes.configure(settings.changed(self.notes.settings, steps=steps))
        outcome = Outcome(results.ACCEPT, "x", 5, 5_900_000, (), (), False, False)
        for n, code in enumerate(events.NAMES):
            self.notes.log([code], 1000 * n)
            self.notes.note(outcome, "1" * 20, 0)
        self.notes.note(Outcome(results.USED, "x", 0, 5, (), (), False, False), "1" * 20, 2)
        again = Notes(self.store)
        self.assertEqual(again.events, self.notes.events)
        self.assertEqual((len(again.events), len(again.history)), (8, 6))
        self.assertTrue(len(self.store.record) + slot_store.OVERHEAD <= 256)

    def test_events_are_written_once_and_only_if_they_are_to_be_kept(self):
        self.notes.log([events.TAMPER, events.OVERLOAD], 5000)
        self.assertEqual(self.store.commits, 1)
        kept = (Event(events.OVERLOAD, 1, 5), Event(events.TAMPER, 1, 5))
        self.assertEqual(Notes(self.store).events, kept)
        self.notes.log([], 6000)
        self.notes.log([events.NEW_KEY], 6000, False)
        self.assertEqual(self.store.commits, 1)
        self.assertEqual(Notes(self.store).events, kept)
        self.assertEqual(self.notes.events, (Event(events.NEW_KEY, 1, 6),) + kept)

    def test_log_that_cannot_be_written_stays_in_ram(self):
        self.store.fails = True
        self.notes.log([events.TAMPER], 0)
        self.assertEqual(self.notes.events, (Event(events.TAMPER, 1, 0),))

    def test_record_that_cannot_be_read_gives_defaults_and_says_so(self):
        self.assertEqual(self.notes.health, GOOD)
        for record in (b"\x07whatever", b"\x02", b"\x02" + bytes(3), b"\x02" + b"\xff" * 60):
            self.store.record = record
            again = Notes(self.store)
            self.assertEqual((again.health, again.settings), (LOST, settings.default()))

    def test_health_of_the_store_is_told(self):
        self.store.health = REPAIRED
        self.assertEqual(Notes(self.store).health, REPAIRED)


if __name__ == "__main__":
    unittest.main()
