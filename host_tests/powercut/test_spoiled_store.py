"""A spoiled store: found, told and never turned into credit; on bare flash and on LittleFS."""

import random

import pytest
from account.meter import NotProvisioned, StoreLost
from data import meters
from flash_chip import PAGE, SECTOR, FlashChip
from journal import events
from meter.app import App
from models import carriers, little_files
from parts import Clock, SimPulses
from powercut.campaign import sized
from rigs import whole_meter
from rigs.used_meter import NEWEST, OLDER, codes, used
from rigs.whole_meter import Rig, token
from store.slot_store import LostStore, SlotStore
from sts import results
from supply import decision

from meter20.vending.encoder import encode

BARE = carriers.BARE
EVERY = carriers.ALL + little_files.ALL


@pytest.fixture(params=EVERY, ids=lambda carrier: carrier.name)
def carrier(request):
    return request.param


def flip(image, at, bit):
    image.write(at, bytes([image.read(at, 1)[0] ^ 1 << bit]))


def check_nothing_is_invented(rig):
    """The credit is what it was at some time, or the meter says that it lost its store."""
    if rig.meter.provisioned:
        assert rig.state.register.credit in (OLDER, NEWEST)
        return
    assert rig.state.register.credit == 0
    assert not rig.switch.closed


@pytest.mark.parametrize("carrier", BARE, ids=lambda carrier: carrier.name)
def test_every_flipped_bit_of_the_newest_record_is_found_logged_and_shown(carrier, note):
    intact = used(carrier)
    record = intact.app._ports.store.load()
    pages = [
        at
        for at in range(0, intact.chip.size - 2 * SECTOR, PAGE)
        if intact.image.read(at, PAGE)[6 : 6 + len(record)] == record
    ]
    page = pages[0]
    in_use = range(6 + len(record) + 4)
    for at in in_use:
        for bit in range(8):
            image = carriers.copied(intact.image)
            flip(image, page + at, bit)
            rig = Rig(carrier, image)
            assert rig.state.register.credit == OLDER
            assert codes(rig)[:2] == [events.RESTART, events.REPAIRED]
            assert rig.app.front.lines[0] == "Memory repaired"
    note(
        f"one bit flipped in the newest record, {carrier.name}: {8 * len(in_use)} bits, all found"
    )


@pytest.mark.parametrize("carrier", little_files.ALL, ids=lambda carrier: carrier.name)
def test_flipped_bits_under_littlefs_never_invent_credit(carrier, note):
    """Bits of blocks in use, at random: LittleFS's own structures too."""
    intact = used(carrier)
    blank = b"\xff" * 32
    in_use = [
        at + cell
        for at in range(0, intact.chip.size, 32)
        if intact.image.read(at, 32) != blank
        for cell in range(32)
    ]
    tally = {}
    chosen = random.Random(20)
    flips = sized(200 if carrier is little_files.ESP32_BOARD else 600, 10_000)
    for _ in range(flips):
        image = carriers.copied(intact.image)
        flip(image, chosen.choice(in_use), chosen.randrange(8))
        what = spoiled(carrier, image)
        tally[what] = tally.get(what, 0) + 1
    note(f"one bit flipped under LittleFS, {carrier.name}: {tally}")
    assert set(tally) <= allowed(carrier)


def test_flipped_bits_of_an_nvs_page_lose_no_copy_on_a_board(note):
    """The header, the table, the names of the namespaces: each may take all that NVS holds."""
    carrier = little_files.ESP32_BOARD
    intact = used(carrier)
    tally = {}
    for image in with_a_spoiled_page_head(intact.image):
        what = spoiled(carrier, image)
        tally[what] = tally.get(what, 0) + 1
    note(f"one bit flipped at the start of a page of NVS, {carrier.name}: {tally}")
    assert set(tally) <= allowed(carrier)


def with_a_spoiled_page_head(image):
    """Yield `image` with a bit flipped in header, table or first two entries of its first page."""
    for at in range(0, 32 + 32 + 2 * 32, sized(4, 1)):
        for bit in sized((at // 4 % 8,), range(8)):
            spoilt = carriers.copied(image)
            flip(spoilt, at, bit)
            yield spoilt


def test_token_that_the_head_of_an_nvs_page_takes_back_is_told(note):
    rig = whole_meter.provisioned(little_files.ESP32_BOARD, 8)  # the token is written into NVS
    rig.enter(token())
    taken_back = 0
    for image in with_a_spoiled_page_head(rig.image):
        found = Rig(little_files.ESP32_BOARD, image)
        if not found.state.register.credit:
            taken_back += 1
            assert events.REPAIRED in codes(found)
    note(f"token taken back by the head of a page of NVS: {taken_back} times, all told")
    assert taken_back


@pytest.mark.parametrize("carrier", EVERY, ids=lambda carrier: carrier.name)
def test_token_that_a_flipped_bit_takes_back_is_told_and_can_be_entered_again(carrier, note):
    """Any bit of what was written when it counted, at random."""
    rig = whole_meter.provisioned(carrier, 7)
    before = rig.image.read(0, rig.chip.size)
    rig.enter(token())
    after = rig.image.read(0, rig.chip.size)
    written = [
        block + cell
        for block in range(0, rig.chip.size, SECTOR)
        if before[block : block + SECTOR] != after[block : block + SECTOR]
        for cell in range(SECTOR)
        if before[block + cell] != after[block + cell]
    ]
    taken_back = untold = 0
    chosen = random.Random(20)
    flips = sized(60, 2000)
    for _ in range(flips):
        image = carriers.copied(rig.image)
        flip(image, chosen.choice(written), chosen.randrange(8))
        found = Rig(carrier, image)
        if found.state.register.credit:
            continue
        taken_back += 1
        if carrier is carriers.NVS and events.REPAIRED not in codes(found):
            untold += 1  # a bit of the page's table took what was noted of the token, too
            continue
        assert events.REPAIRED in codes(found)
        assert found.app.front.lines[0] == "Memory repaired"
        assert found.enter(token()) == results.ACCEPT
        assert events.REPAIRED not in codes(found.boot())[:1]
        assert found.enter(token()) == results.USED
    told = f"{taken_back} of {flips}, {untold} untold"
    note(f"token taken back by a flipped bit, {carrier.name}: {told}")
    assert untold <= flips // 100


def allowed(carrier):
    """What may become of a meter that lost one bit or block of its store, see `spoiled`.

    LittleFS takes a spoiled last write for one that the power cut, and gives what was before
    it; so does NVS with what a spoiled header or table of a page held. That is what a cut leaves,
    too, so nobody can tell, unless the write was of a token.
    """
    if carrier in BARE:
        return {"newest", "older copy, told"}
    return {"newest", "older copy, told", "older copy"}


def spoiled(carrier, image):
    """Start a meter from a spoiled image; return in a word how it fared."""
    try:
        rig = Rig(carrier, image)
    except OSError:
        return "not mounted"  # the board then has no store: see test_a_board_without_a_store
    check_nothing_is_invented(rig)
    if not rig.meter.provisioned:
        return "lost" if rig.meter.kept.store_lost else "as new"
    if rig.state.register.credit == NEWEST:
        return "newest"
    return "older copy, told" if events.REPAIRED in codes(rig) else "older copy"


@pytest.mark.parametrize("ruin", [b"\x00", b"\xff"], ids=["zeroed", "blank"])
def test_lost_sector_is_found_and_never_invents_credit(carrier, ruin, note):
    """Every sector that was in use."""
    intact = used(carrier, commits=40)
    tally = {}
    for at in range(0, intact.chip.size, SECTOR):
        if intact.image.read(at, SECTOR) == b"\xff" * SECTOR:
            continue
        image = carriers.copied(intact.image)
        image.write(at, ruin * SECTOR)
        what = spoiled(carrier, image)
        if carrier is not carriers.NVS:  # which no board has for its only one
            assert what in allowed(carrier)
        tally[what] = tally.get(what, 0) + 1
    note(f"sector lost ({ruin!r}), {carrier.name}: {tally}")


def lost(carrier):
    """Return a Rig whose whole store holds garbage."""
    rig = used(carrier)
    for medium in rig.carrier.media(rig.chip):
        for slot in range(medium.slots):
            if medium.read(slot).strip(b"\xff"):
                spoil_slot(rig, medium, slot)
    return rig.boot()


def spoil_slot(rig, medium, slot):
    if medium.whole:
        medium.write(slot, bytes(100))
    else:
        medium.append(slot, 6, bytes(100))


def test_meter_that_lost_its_store_opens_says_so_and_takes_no_token(carrier):
    rig = lost(carrier)
    before = rig.image.read(0, rig.image.size())
    assert not rig.switch.closed
    assert rig.app.front.view(0).relay_reason == decision.STORE_FAULT
    assert rig.app.front.lines[:2] == ["MEMORY LOST", "OFF: memory bad"]
    with pytest.raises(StoreLost):
        rig.enter(token())
    assert rig.app.front.enter(meters.TEST_ALL, 0).result == results.ACCEPT
    rig.use(500)
    assert codes(rig) == [events.STORE_FAULT]
    assert rig.app.front.view(0).events == (events.Event(events.STORE_FAULT, 1, 0),)
    assert rig.image.read(0, rig.image.size()) == before, "evidence is left alone"


def test_meter_that_lost_its_store_is_provisioned_again_only_when_told_so(carrier):
    rig = lost(carrier)
    with pytest.raises(StoreLost):
        rig.provision()
    rig.provision(again=True)
    assert rig.boot().meter.provisioned
    assert rig.enter(token()) == results.ACCEPT
    assert rig.boot().state.register.credit == OLDER


def test_record_of_another_version_is_left_for_the_firmware_that_knows_it(carrier):
    rig = used(carrier)
    store, _notes = (SlotStore(medium) for medium in carrier.media(rig.chip))
    record = b"\x63" + store.load()[1:]
    store.commit(record)
    rig.boot()
    assert rig.meter.kept.store_lost
    assert rig.app.front.view(0).relay_reason == decision.STORE_FAULT
    rig.use(1000)
    assert rig.boot().app._ports.store.load() == record


def currency_token():
    fields = {"se": 0, "tid": meters.MANUFACTURED + 1000, "amount_field": 0x63E8}
    return encode("TransferCredit.electricity_currency", "11", meters.KEY, fields)


def test_money_is_never_taken_for_energy_when_the_tariff_is_lost(carrier):
    """The tariff lies in the cold record; 1000 units of money are no 100 000 kWh."""
    rig = Rig(carrier)
    rig.provision(steps=((0, 200_000),))
    rig.enter(currency_token())
    money = rig.state.register.credit
    assert money > 100_000
    medium = carrier.media(rig.chip)[1]
    for slot in range(medium.slots):
        if medium.read(slot).strip(b"\xff"):
            spoil_slot(rig, medium, slot)
    rig.boot()
    assert not rig.switch.closed
    assert rig.app.front.view(0).relay_reason == decision.STORE_FAULT
    assert events.SETTINGS_LOST in codes(rig)
    with pytest.raises(StoreLost):
        rig.enter(token())
    rig.provision(again=True, steps=((0, 300_000),))
    assert (rig.boot().meter.lost, rig.state.register.credit) == (False, 0)


def test_blank_store_is_a_new_meter(carrier):
    rig = Rig(carrier)
    assert not rig.meter.kept.store_lost
    assert rig.app.front.view(0).relay_reason == decision.NOT_PROVISIONED
    with pytest.raises(NotProvisioned):
        rig.enter(token())


def test_events_are_shown_by_short_codes():
    rig = used(carriers.SMALL)
    rig.tamper.open = True
    rig.app.step(1)
    for key in "#90#":
        rig.app.front.press(key, 2)
    rig.app.step(3)
    assert rig.app.front.lines == ["Event 0 back", "Tamper", "once", "0 kWh"]
    for key in "#97#":
        rig.app.front.press(key, 2)
    rig.app.step(3)
    assert rig.app.front.lines[:2] == ["Event 7 back", "none"]


def test_lost_settings_alone_are_logged_as_that_and_a_lost_state_as_a_failed_memory():
    rig = used(carriers.SMALL)
    state, settings = rig.carrier.media(rig.chip)
    for slot in range(settings.slots):
        if settings.read(slot).strip(b"\xff"):
            spoil_slot(rig, settings, slot)
    assert rig.boot().meter.provisioned
    assert codes(rig) == [events.RESTART, events.SETTINGS_LOST]
    for medium in (state, settings):
        for slot in range(medium.slots):
            if medium.read(slot).strip(b"\xff"):
                spoil_slot(rig, medium, slot)
    assert codes(rig.boot()) == [events.STORE_FAULT]


def test_a_file_system_that_stock_micropython_made_anew_is_a_new_meter():
    """An RP2040's boot file formats what it cannot mount: nothing is left, nothing invented."""
    rig = used(little_files.ON_RP2)
    rig.image.write(0, bytes(2 * SECTOR))
    with pytest.raises(OSError):
        rig.boot()
    rig.carrier.media(FlashChip(rig.image), format_first=True)
    rig.boot()
    assert not rig.switch.closed
    assert rig.app.front.view(0).relay_reason == decision.NOT_PROVISIONED
    assert rig.state.register.credit == 0
    with pytest.raises(NotProvisioned):
        rig.enter(token())


def test_a_board_without_a_store_says_so():
    """What a board hands over when its file system does not mount."""
    app = App(
        whole_meter.ports(store=LostStore(), notes=LostStore(), pulses=SimPulses(Clock())), 0
    )
    app.step(0)
    assert app.front.lines[0] == "MEMORY LOST"
    assert not app.front.relay_closed
    with pytest.raises(StoreLost):
        app.front.enter(token(), 0)
