"""What a SlotMedium and a RecordStore promise, asked of files on real LittleFS."""

import pytest
from contract import slot_medium
from flash_chip import SECTOR, FlashChip, PowerCut, RamImage
from models import carriers, little_files
from models.little_files import RP2, LittleFiles
from store.file_slots import FileSlots
from store.slot_store import SlotStore


@pytest.fixture(params=little_files.ALL, ids=lambda carrier: carrier.name)
def carrier(request):
    return request.param


@pytest.mark.parametrize("check", slot_medium.CHECKS, ids=lambda check: check.__name__)
def test_files_keep_the_contract_of_a_slot_medium(carrier, check):
    check(carrier)


def test_files_carry_a_record_store(carrier):
    chip = FlashChip(carrier.image())
    assert SlotStore(carrier.media(chip)[0]).load() is None
    for n in range(100):
        SlotStore(carrier.media(chip)[0]).commit(b"record %d" % n)
        assert SlotStore(carrier.media(chip)[0]).load() == b"record %d" % n


def made(image):
    """Let a FileSlots come up; return how many flash operations that took."""
    chip = FlashChip(image)
    files = LittleFiles(chip)
    FileSlots("/state", files.open, files.os)
    return chip.operations


def test_folders_whose_making_was_cut_are_made_again_and_then_never_more():
    """At each of the first operations, and then at every 53rd, until the making is whole."""
    new = RamImage(RP2.blocks * SECTOR)
    LittleFiles(FlashChip(new), format_first=True)
    in_all = made(carriers.copied(new))
    for after in (*range(20), *range(20, in_all, 53), in_all - 1):
        image = carriers.copied(new)
        chip = FlashChip(image)
        files = LittleFiles(chip)
        chip.arm_cut(after, False)
        with pytest.raises(PowerCut):
            FileSlots("/state", files.open, files.os)
        assert made(image) >= in_all / 2
        assert made(image) == 0


def test_state_and_notes_do_not_meet(carrier):
    chip = FlashChip(carrier.image())
    state, notes = (SlotStore(medium) for medium in carrier.media(chip))
    state.commit(b"state")
    notes.commit(b"notes")
    assert [SlotStore(medium).load() for medium in carrier.media(chip)] == [b"state", b"notes"]
