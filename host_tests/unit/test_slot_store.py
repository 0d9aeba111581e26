import unittest

from flash_chip import PAGE, SECTOR, FlashChip, RamImage
from models import carriers
from ports.record_store import GOOD, LOST, REPAIRED
from ports.slot_medium import SlotMedium
from store.alternate_slots import MissingSlots
from store.file_slots import FileSlots
from store.nor_slots import NorSlots
from store.slot_store import OVERHEAD, SlotStore, _encoded

_SIZE = 2 * SECTOR
_SLOTS = _SIZE // PAGE
_RECORD = b"a record of some length"


def offset(slot):
    """Where `slot` lies on the flash."""
    return (slot % 2 * (_SLOTS // 2) + slot // 2) * PAGE


def refused(_offset):
    raise OSError(5)


class NeverReady(NorSlots):
    """Slots of which none can be written any more."""

    def ready(self, slot, newest):
        return False


class SlotStoreTest(unittest.TestCase):
    def setUp(self):
        self.image = RamImage(_SIZE)

    def booted(self):
        self.chip = FlashChip(self.image)
        return SlotStore(NorSlots(self.chip))

    def filled(self, commits):
        """Commit so often; return the store as it is after a restart."""
        self.image = RamImage(_SIZE)
        store = self.booted()
        for n in range(commits):
            store.commit(_RECORD + bytes([n]))
        return self.booted()

    def spoil(self, at, mask):
        self.image.write(at, bytes([self.image.read(at, 1)[0] ^ mask]))

    def test_store_in_good_health_stays_so_all_round_the_ring(self):
        for commits in range(2 * _SLOTS + 3):
            self.assertEqual(self.filled(commits).health, GOOD)

    def test_any_flipped_bit_of_the_newest_is_found_and_the_one_before_stands(self):
        """All bits in use, at places all round the ring; those of the mark cost nothing."""
        used = len(_RECORD) + 1 + OVERHEAD - 1
        for commits in (2, 16, 31, 32, 33, 47):
            self.filled(commits)
            intact = carriers.copied(self.image)
            page = offset(commits - 1 & _SLOTS - 1)
            for at in list(range(used)) + [PAGE - 1]:
                for bit in range(8):
                    self.image = carriers.copied(intact)
                    self.spoil(page + at, 1 << bit)
                    store = self.booted()
                    lost = at != PAGE - 1
                    self.assertEqual(store.load()[-1], commits - 1 - lost)
                    self.assertEqual(store.health, REPAIRED if lost else GOOD)
                    store.commit(b"next")
                    self.assertEqual(self.booted().load(), b"next")

    def test_health_is_good_again_soon_after_a_repair(self):
        self.filled(20)
        self.spoil(offset(19), 1)
        store = self.booted()
        self.assertEqual(store.health, REPAIRED)
        store.commit(b"next")
        self.assertEqual(self.booted().health, GOOD)

    def test_lost_or_zeroed_sector_costs_one_record_at_most_and_is_found(self):
        for commits in range(4, 70):
            for sector in (0, 1):
                for ruin in (b"\x00", b"\xff"):
                    self.filled(commits)
                    self.image.write(sector * SECTOR, ruin * SECTOR)
                    store = self.booted()
                    self.assertTrue(store.load()[-1] in (commits - 1, commits - 2))
                    self.assertEqual(store.health, REPAIRED)

    def test_all_lost_is_told_from_never_used(self):
        self.assertEqual((self.booted().load(), self.booted().health), (None, GOOD))
        for ruin in (b"\x00", b"\x55"):
            self.image = RamImage(_SIZE)
            self.image.write(0, ruin * _SIZE)
            self.assertEqual((self.booted().load(), self.booted().health), (None, LOST))

    def test_first_record_half_written_is_no_loss(self):
        for done in range(len(_RECORD) + OVERHEAD):
            self.image = RamImage(_SIZE)
            self.image.write(0, (b"\x01\0\0\0\0" + bytes([len(_RECORD)]) + _RECORD)[:done])
            self.assertEqual(self.booted().health, GOOD)

    def test_lost_store_can_be_used_again_and_what_heals_is_never_the_newest(self):
        self.filled(5)
        lost = carriers.copied(self.image)
        for slot in range(5):
            self.spoil(offset(slot) + 7, 1)
        store = self.booted()
        self.assertEqual((store.load(), store.health), (None, LOST))
        store.commit(b"anew")
        again = self.booted()
        self.assertEqual(again.load(), b"anew")
        healed = lost.read(offset(3), PAGE)
        self.image.write(offset(3), healed)
        self.assertEqual(self.booted().load(), b"anew")

    def test_number_past_what_is_believed_is_no_record(self):
        """Its checksum is right; but a record after it could not be counted any more."""
        for slot in (3, 5):  # where the ring goes on, or would be next but one
            self.filled(5)
            page = _encoded(0xFFFFFFFE, 1, _RECORD)
            page = page + b"\xff" * (PAGE - 1 - len(page)) + b"\x00"
            self.image.write(offset(slot), page)
            store = self.booted()
            self.assertEqual(store.load(), _RECORD + bytes([4]))
            store.commit(b"next")
            self.assertEqual(self.booted().load(), b"next")

    def test_store_that_counted_to_the_end_refuses_and_keeps_the_last_record(self):
        self.image = RamImage(_SIZE)
        page = _encoded(0xF0000000, 0, _RECORD)
        self.image.write(0, page + b"\xff" * (PAGE - 1 - len(page)) + b"\x00")
        with self.assertRaises(OSError):
            self.booted().commit(b"next")
        self.assertEqual(self.booted().load(), _RECORD)

    def test_store_without_a_slot_that_is_ready_refuses_and_keeps_the_last_record(self):
        self.filled(5)
        store = SlotStore(NeverReady(self.chip))
        self.assertRaises(OSError, store.commit, b"next")
        self.assertEqual(store.load(), _RECORD + bytes([4]))

    def loaded(self, mark):
        """What is found after a sixth record whose mark, an octet, settled as `mark`."""
        self.filled(5)
        page = _encoded(6, 1, b"sixth")
        page += b"\xff" * (PAGE - 1 - len(page)) + bytes([mark])
        self.image.write(offset(5), page)
        return self.booted().load()

    def test_two_bits_of_the_mark_make_a_record_and_a_single_one_makes_none(self):
        for bit in range(8):
            self.assertEqual(self.loaded(0xFF ^ 1 << bit), _RECORD + bytes([4]))
            self.assertEqual(self.loaded(0xFF ^ 1 << bit ^ 1 << (bit + 3) % 8), b"sixth")

    def test_newest_record_lost_after_two_cuts_in_a_row_is_found(self):
        self.filled(5)
        for slot in (5, 7):  # where a record goes after a good one, and after a cut
            self.image.write(offset(slot), b"\x06")
            self.assertEqual(self.booted().health, GOOD)
        self.booted().commit(b"next")
        self.assertEqual(self.booted().load(), b"next")
        self.spoil(offset(8) + 7, 1)
        store = self.booted()
        self.assertEqual((store.load(), store.health), (_RECORD + bytes([4]), REPAIRED))

    def erases_waited_for(self, sectors, prepares, a_rest=2):
        """Commit 200 times, `a_rest` times between two rests; return (erases of them, all)."""
        self.image = RamImage(sectors * SECTOR)
        store, waited = self.booted(), 0
        for n in range(200 // a_rest):
            while prepares and store.prepare():
                pass
            before = sum(self.chip.erases)
            for each in range(a_rest):
                store.commit(bytes([n, each]))
            waited += sum(self.chip.erases) - before
            self.assertEqual(SlotStore(NorSlots(self.chip)).load(), bytes([n, a_rest - 1]))
        return waited, sum(self.chip.erases)

    def test_no_commit_waits_for_an_erase_that_was_done_when_there_was_time(self):
        waited, erases = self.erases_waited_for(6, prepares=False)
        self.assertEqual(waited, erases)
        self.assertEqual(self.erases_waited_for(6, prepares=True), (0, erases))

    def test_erase_that_was_early_spares_one_erase_and_not_those_of_later_rounds(self):
        for prepared in (0, 1):
            self.image = RamImage(4 * SECTOR)
            store = self.booted()
            self.assertEqual([store.prepare() for _ in range(prepared)], [True] * prepared)
            for n in range(4 * _SLOTS + 2):
                store.commit(_RECORD + bytes([n]))
            self.assertEqual(self.chip.erases, [3, 2, 3, 2])

    def test_record_on_two_sectors_is_committed_again_so_that_the_next_waits_for_no_erase(self):
        self.assertEqual(self.erases_waited_for(2, prepares=False, a_rest=1), (14, 14))
        self.assertEqual(self.erases_waited_for(2, prepares=True, a_rest=1), (1, 14))  # the first

    def test_two_records_stand_after_each_rest_whichever_of_them_is_spoiled(self):
        for sectors in (2, 4):
            self.image = RamImage(sectors * SECTOR)
            store = self.booted()
            for n in range(3 * _SLOTS):
                store.commit(_RECORD + bytes([n]))
                if n == 0:
                    continue
                while store.prepare():
                    pass
                intact = carriers.copied(self.image)
                page = self.chip.size // 2 // PAGE * (store._slot % 2) + store._slot // 2
                self.spoil(page * PAGE + 7, 1)
                again = self.booted()
                self.assertEqual(again.health, REPAIRED)
                self.assertTrue(again.load()[-1] in (n, n - 1))
                self.image = intact
                store = self.booted()
                self.assertEqual((store.load()[-1], store.health), (n, GOOD))

    def test_record_that_cannot_be_committed_again_stands_and_rest_ends(self):
        store = self.filled(2 * _SLOTS - 1)
        store.commit(_RECORD)
        self.chip.endurance = 0
        self.assertEqual([store.prepare() for _ in range(3)], [False] * 3)
        self.assertEqual((store.load(), self.booted().load()), (_RECORD, _RECORD))

    def test_store_is_in_good_health_after_a_restart_between_an_erase_and_its_record(self):
        self.image = RamImage(4 * SECTOR)
        store = self.booted()
        for n in range(3 * _SLOTS):
            while store.prepare():
                pass
            store.commit(_RECORD + bytes([n]))
            if n:
                while store.prepare():
                    pass
                store = self.booted()
                self.assertEqual((store.load()[-1], store.health), (n, GOOD))

    def test_erase_that_failed_is_tried_again_by_the_commit(self):
        self.image = RamImage(4 * SECTOR)
        store = self.booted()
        erase, self.chip.erase = self.chip.erase, refused
        self.assertEqual(store.prepare(), False)
        self.chip.erase = erase
        store.commit(_RECORD)
        self.assertEqual((self.booted().load(), self.chip.erases[0]), (_RECORD, 0))

    def test_worn_sector_is_passed_over(self):
        self.image = RamImage(6 * SECTOR)
        store = self.booted()
        self.chip.endurance, self.chip.erases[4] = 10, 10  # one of six is at its end
        for n in range(300):
            store.commit(b"%d" % n)
            self.assertEqual(SlotStore(NorSlots(self.chip)).load(), b"%d" % n)

    def test_store_worn_out_refuses_and_keeps_the_last_record(self):
        store = self.filled(5)
        self.chip.endurance = 0
        kept = store.load()
        refused = 0
        for n in range(80):
            try:
                store.commit(b"%d" % n)
                kept = b"%d" % n
            except OSError:
                refused += 1
            self.assertEqual(SlotStore(NorSlots(self.chip)).load(), kept)
        self.assertTrue(refused > 40)


class TwoSlots(SlotMedium):
    """Two slots in RAM."""

    slots, size, whole = 2, PAGE, True

    def __init__(self):
        self.held = [b"", b""]

    def ready(self, slot, newest):
        return slot != newest

    def read(self, slot):
        return self.held[slot]

    def write(self, slot, data):
        self.held[slot] = data


class TwoSlotsTest(unittest.TestCase):
    def test_copy_before_the_newest_that_is_spoiled_is_no_lost_newer_one(self):
        medium = TwoSlots()
        store = SlotStore(medium)
        for number in range(3):
            store.commit(_RECORD + bytes([number]))
        medium.held[1] = medium.held[1][:8] + b"?" + medium.held[1][9:]
        store = SlotStore(medium)
        self.assertEqual((store.load()[-1], store.health), (2, GOOD))


class MissingSlotsTest(unittest.TestCase):
    def test_medium_that_is_missing_keeps_the_places_of_the_files_that_it_stands_for(self):
        places = MissingSlots.slots, MissingSlots.size, MissingSlots.whole
        self.assertEqual(places, (FileSlots.slots, FileSlots.size, FileSlots.whole))
        self.assertEqual(places[:2], (2, 256))


if __name__ == "__main__":
    unittest.main()
