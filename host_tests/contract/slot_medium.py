"""What every SlotMedium promises: checks, for each to be asked of each carrier.

A check takes a carrier, see models.carriers, and raises AssertionError.
"""

from flash_chip import FlashChip, PowerCut

NEWEST, MARKED = b"newest record", b"\x00"


def fresh(carrier):
    """Return (chip, medium) of a carrier that was never written to."""
    chip = FlashChip(carrier.image())
    return chip, carrier.media(chip)[0]


def check_slots_are_two_or_more_and_hold_a_record(carrier):
    _chip, medium = fresh(carrier)
    assert medium.slots >= 2
    assert medium.size == 256


def check_new_medium_is_blank(carrier):
    _chip, medium = fresh(carrier)
    for slot in range(medium.slots):
        data = medium.read(slot)
        assert data == b"\xff" * len(data)


def check_slot_keeps_what_was_written_without_power(carrier):
    chip, medium = fresh(carrier)
    slot = written(medium, medium.slots - 1, NEWEST)
    again = carrier.media(chip)[0]
    assert again.read(slot)[: len(NEWEST)] == NEWEST


def check_append_adds_and_harms_nothing(carrier):
    _chip, medium = fresh(carrier)
    if medium.whole:
        return
    slot = written(medium, medium.slots - 1, NEWEST)
    medium.append(slot, medium.size - 1, MARKED)
    data = medium.read(slot)
    assert (data[: len(NEWEST)], data[-1:]) == (NEWEST, MARKED)


def check_every_slot_with_its_mark_is_found_written(carrier):
    """The others too, unless the last byte is blank; and each with what it holds."""
    _chip, medium = fresh(carrier)
    newest = medium.slots - 1
    for turn in range(medium.slots + 1):
        newest = written(medium, newest, b"record %d" % turn)
        if not medium.whole and turn % 3:
            medium.append(newest, medium.size - 1, MARKED)
        found = [(slot, bytes(data)) for slot, data in medium.written()]
        for slot in range(medium.slots):
            data = medium.read(slot)
            if medium.whole or data[-1:] != b"\xff":
                assert (slot, data) in found, (turn, slot)
        for slot, data in found:
            assert data == medium.read(slot), (turn, slot)


def check_there_is_always_a_ready_slot_and_the_newest_stands(carrier):
    _chip, medium = fresh(carrier)
    newest, record = medium.slots - 1, b""
    for turn in range(3 * medium.slots):
        after = b"record %d" % turn
        slot = written(medium, newest, after)
        assert slot != newest
        if record:
            assert medium.read(newest)[: len(record)] == record
        newest, record = slot, after


def check_no_cut_harms_the_newest(carrier):
    """Whatever tears whichever operation of the next write, all round the ring."""
    for tear in carrier.tears:
        chip, medium = fresh(carrier)
        newest, record = medium.slots - 1, b""
        for turn in range(2 * medium.slots):
            chip.arm_cut(turn % 3, tear)
            after = b"record %d" % turn
            try:
                written(medium, newest, after)
            except PowerCut:
                pass
            chip.disarm()
            medium = carrier.media(chip)[0]
            assert medium.read(newest)[: len(record)] == record, (tear, turn)
            newest, record = written(medium, newest, after), after


def check_no_cut_while_it_prepares_harms_the_newest(carrier):
    """Nor does a restart before the slot that it prepared is written."""
    for tear in carrier.tears:
        chip, medium = fresh(carrier)
        newest, record = medium.slots - 1, b""
        for turn in range(medium.slots):
            chip.arm_cut(0, tear)
            try:
                medium.prepare(newest, newest)
            except PowerCut:
                medium = carrier.media(chip)[0]
            chip.disarm()
            if turn % 2:
                medium.prepare(newest, newest)
            assert medium.read(newest)[: len(record)] == record, (tear, turn)
            record = b"record %d" % turn
            newest = written(medium, newest, record)
            assert medium.read(newest)[: len(record)] == record, (tear, turn)


def check_what_is_prepared_is_never_the_newest(carrier):
    """Whichever slot was tried last, after many that were worn out too."""
    _chip, medium = fresh(carrier)
    newest = medium.slots - 1
    for _turn in range(4):
        newest = written(medium, newest, NEWEST)
        for tried in range(medium.slots):
            medium.prepare(tried, newest)
        assert medium.read(newest)[: len(NEWEST)] == NEWEST


def check_only_a_slot_that_waits_costs_an_erase(carrier):
    """On a medium that is not `whole`; what a `whole` one does is its own affair."""
    chip, medium = fresh(carrier)
    newest = medium.slots - 1
    for turn in range(3 * medium.slots):
        if turn % 3 == 0:
            medium.prepare(newest, newest)
        waits = [slot for slot in range(medium.slots) if medium.waits(slot)]
        before = sum(chip.erases)
        newest = written(medium, newest, b"record %d" % turn)
        if medium.whole:
            assert not waits
        else:
            assert sum(chip.erases) - before == (newest in waits), turn


def written(medium, newest, data):
    """Write `data` to the next slot that is ready, and return that."""
    for step in range(1, medium.slots + 1):
        slot = (newest + step) % medium.slots
        if medium.ready(slot, newest):
            medium.write(slot, data)
            return slot
    raise AssertionError("no slot is ready")


CHECKS = (
    check_slots_are_two_or_more_and_hold_a_record,
    check_new_medium_is_blank,
    check_slot_keeps_what_was_written_without_power,
    check_append_adds_and_harms_nothing,
    check_every_slot_with_its_mark_is_found_written,
    check_there_is_always_a_ready_slot_and_the_newest_stands,
    check_no_cut_harms_the_newest,
    check_no_cut_while_it_prepares_harms_the_newest,
    check_what_is_prepared_is_never_the_newest,
    check_only_a_slot_that_waits_costs_an_erase,
)
