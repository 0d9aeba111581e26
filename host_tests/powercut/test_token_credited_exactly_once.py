"""Power is cut at every flash operation of a token, whole and torn: it counts exactly once."""

import unittest

from account.meter import Meter
from account.state import Identity
from data import meters
from flash_chip import FlashChip, PowerCut, RamImage
from store.nor_slots import NorSlots
from store.slot_store import SlotStore
from sts import results

_SECTORS = 2
_SLOTS = 16


def booted(image):
    """Return (chip, meter) of a meter whose power just came."""
    chip = FlashChip(image)
    meter = Meter(SlotStore(NorSlots(chip)))
    meter.start(0)
    return chip, meter


def provisioned(commits, sectors=_SECTORS):
    """Return the image of a meter after `commits` more, so that tests begin all round the ring."""
    image = RamImage(sectors * 4096)
    _chip, meter = booted(image)
    meter.provision(Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 0)
    for _ in range(commits):
        meter.start(0)
    return image


def interrupt(image, offset, _old, new, _number):
    """Ctrl-C comes when an operation is done."""
    image.write(offset, new)
    raise KeyboardInterrupt


def interrupt_before(_image, _offset, _old, _new, _number):
    """Ctrl-C comes before an operation."""
    raise KeyboardInterrupt


class PowerCutTest(unittest.TestCase):
    def cut_at_every_operation(self, commits, torn, sectors=_SECTORS, rests=False):
        """Return how many operations there were to cut, those of a rest before it included."""
        cut_at = 0
        while True:
            image = provisioned(commits, sectors)
            chip, meter = booted(image)
            chip.arm_cut(cut_at, torn)
            try:
                while rests and meter.kept._store.prepare():
                    pass
                meter.enter(meters.TOKEN_100_WH, 0)
                return cut_at
            except PowerCut:
                self.counts_once_from_here(image)
            cut_at += 1

    def interrupted_at_every_operation(self, commits, done):
        """Return how many operations a Ctrl-C came before, or after if they are `done`."""
        at = 0
        while True:
            image = provisioned(commits)
            chip, meter = booted(image)
            chip.arm_cut(at, interrupt if done else interrupt_before)
            try:
                meter.enter(meters.TOKEN_100_WH, 0)
                return at
            except KeyboardInterrupt:
                meter.consume(7)
                meter.checkpoint()
                self.counts_once_from_here(image, 7)
            at += 1

    def counts_once_from_here(self, image, used_wh=0):
        state = booted(image)[1].state
        stored = meters.TOKEN_100_WH_TID in state.tids
        self.assertEqual(state.register.total_wh, used_wh)
        self.assertEqual(state.register.credit, (100 if stored else 0) - used_wh)
        result = booted(image)[1].enter(meters.TOKEN_100_WH, 0).result
        self.assertEqual(result, results.USED if stored else results.ACCEPT)
        meter = booted(image)[1]
        self.assertEqual(meter.state.register.credit, 100 - used_wh)
        self.assertEqual(meter.enter(meters.TOKEN_100_WH, 0).result, results.USED)

    def test_end_in_good_order_at_any_operation_neither_loses_nor_doubles_a_token(self):
        for done in (False, True):
            for commits in range(_SECTORS * _SLOTS):
                operations = self.interrupted_at_every_operation(commits, done)
                self.assertTrue(operations in (4, 5, 6))

    def test_cut_at_any_operation_neither_loses_nor_doubles_a_token(self):
        for torn in (False, True):
            for commits in range(_SECTORS * _SLOTS):
                operations = self.cut_at_every_operation(commits, torn)
                self.assertTrue(operations in (4, 5, 6))  # two records of two, perhaps erases

    def test_cut_at_any_operation_of_a_rest_and_of_the_token_after_it(self):
        for sectors, more in ((2, 3), (4, 1)):  # a commit and its erase; an erase
            early = 0
            for torn in (False, True):
                for commits in range(_SLOTS + 8, 2 * _SLOTS + 2):
                    early += self.cut_at_every_operation(commits, torn, sectors, True) >= 4 + more
            self.assertTrue(early >= 4)


if __name__ == "__main__":
    unittest.main()
