"""What a SlotMedium and a RecordStore promise, asked of files on real LittleFS."""

import pytest
from contract import slot_medium
from fakes import little_files
from flash_chip import FlashChip
from meter.slot_store import SlotStore


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


def test_state_and_notes_do_not_meet(carrier):
    chip = FlashChip(carrier.image())
    state, notes = (SlotStore(medium) for medium in carrier.media(chip))
    state.commit(b"state")
    notes.commit(b"notes")
    assert [SlotStore(medium).load() for medium in carrier.media(chip)] == [b"state", b"notes"]
