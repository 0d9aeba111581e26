"""Every act that changes the state, cut before, inside and after each flash operation.

Whatever was cut: after the restart the state is one of those that the same act passes
through without a cut, and a token counts once. Carriers: bare flash, NVS, and LittleFS.
"""

import pytest
from account import state
from flash_chip import SECTOR
from journal import events
from models import carriers, little_files, tears
from powercut.campaign import sized
from rigs import actions, whole_meter
from rigs.whole_meter import Rig
from sts import digits as sts_digits
from sts import results

#: Carriers, and the commits before the act, so that some acts meet a sector to be erased.
STARTS = {
    carriers.SMALL: sized((3, 10), tuple(range(16))),
    carriers.SIMULATOR: sized((12,), (0, 11, 12, 13)),
    carriers.NVS: sized((58,), (0, *range(46, 60))),
    little_files.ON_RP2: sized((4,), tuple(range(9))),
    little_files.ON_ESP32: sized((1,), (0, 1, 2)),
    little_files.ESP32_BOARD: sized((119,), (0, 1, 118, 119)),
}
#: Ways to cut, here; in the campaign all.
_FEW_TEARS = {
    carriers.NVS: (tears.first_byte, tears.most_bits),
    little_files.ON_RP2: (tears.first_byte, tears.all_but_the_last_byte, tears.most_bits),
    little_files.ON_ESP32: (tears.first_byte, tears.most_bits),
    little_files.ESP32_BOARD: (tears.half,),
}
TEARS = {
    carrier: sized(_FEW_TEARS.get(carrier, carrier.tears), carrier.tears) for carrier in STARTS
}
FIRST_TEARS = {carriers.NVS: sized((tears.some_bits,), carriers.NVS.tears)}
SECOND_TEARS = {
    carrier: sized((None, carrier.tears[-1])[: 1 + (carrier in carriers.BARE)], carrier.tears)
    for carrier in STARTS
}
#: The board's two media stand for it here, one by one.
PAIRS_ON = sized([carrier for carrier in STARTS if carrier != little_files.ESP32_BOARD], STARTS)


@pytest.mark.parametrize("carrier", STARTS, ids=lambda carrier: carrier.name)
def test_cut_at_any_operation_leaves_all_or_nothing(carrier, note):
    cuts = {
        name: sum(cut_everywhere(carrier, action, commits) for commits in STARTS[carrier])
        for name, action in actions.ALL.items()
    }
    assert all(cuts.values()), "each act writes something"
    note(f"single cuts, {carrier.name}: {sum(cuts.values())} in {len(cuts)} acts")


def cut_everywhere(carrier, action, commits):
    """Cut `action` at every operation in every way; return how many cuts that were."""
    image = image_before(carrier, action, commits)
    allowed = passed_through(prepared(carrier, action, image), action)
    cuts, seen = 0, set()
    for tear in TEARS[carrier]:
        after, went = 0, True
        while went:
            rig = prepared(carrier, action, image)
            went = rig.cut(action.act, after, tear)
            after += 1
            if went:
                cuts += 1
                left = written(rig.image, image)
                if left not in seen:
                    seen.add(left)
                    check(rig, action, allowed)
                    assert rig.failures_found in [failures for _essence, failures in allowed]
    return cuts


def written(image, before):
    """Return the sectors of `image` that are not as in `before`, ((offset, bytes), ...).

    They stand for all: files fill a few of hundreds.
    """
    cells, old = image.cells, before.cells
    return tuple(
        (at, bytes(cells[at : at + SECTOR]))
        for at in range(0, len(cells), SECTOR)
        if cells[at : at + SECTOR] != old[at : at + SECTOR]
    )


@pytest.mark.parametrize("carrier", PAIRS_ON, ids=lambda carrier: carrier.name)
def test_two_cuts_while_a_token_is_entered(carrier, note):
    """Cut the token, then the restart or the next try to enter it: every pair."""
    action = actions.ALL["credit"]
    image = image_before(carrier, action, STARTS[carrier][-1])
    allowed = passed_through(prepared(carrier, action, image), action)
    pairs, pairs_after, seen = 0, {}, set()
    for tear in FIRST_TEARS.get(carrier, TEARS[carrier]):
        first, went = 0, True
        while went:
            rig = prepared(carrier, action, image)
            went = rig.cut(action.act, first, tear)
            first += 1
            if went:
                left = written(rig.image, image)
                if left not in pairs_after:
                    again = carrier, rig.image, action, allowed
                    pairs_after[left] = cut_again(*again, image, seen)
                pairs += pairs_after[left]
    note(f"pairs of cuts in a credit token, {carrier.name}: {pairs}")


def cut_again(carrier, image, action, allowed, before, seen):
    """Cut a second time at each operation of restart and token; return how many cuts.

    before: the flash before the first cut. seen: what cuts left of it, see `written`.
    """
    pairs = 0
    for tear in SECOND_TEARS[carrier]:
        after, went = 0, True
        while went:
            rig = Rig.dark(carrier, carriers.copied(image))
            went = rig.cut(restart_and_enter, after, tear)
            after += 1
            if went:
                pairs += 1
                left = written(rig.image, before)
                if left not in seen:
                    seen.add(left)
                    check(rig, action, allowed)
    return pairs


def restart_and_enter(rig):
    rig.boot()
    rig.enter(actions.CREDIT)


@pytest.mark.parametrize(
    "carrier", [carriers.NVS, *little_files.ALL], ids=lambda carrier: carrier.name
)
def test_a_disturbed_neighbour_may_cost_a_copy_and_never_invents_one(carrier, note):
    """More than LittleFS and NVS are made for. An ESP32 has both, and forgets nothing."""
    action = actions.ALL["credit"]
    tally = {"old or new": 0, "nothing left": 0}
    for commits in STARTS[carrier]:
        image = image_before(carrier, action, commits)
        allowed = [
            essence for essence, _ in passed_through(prepared(carrier, action, image), action)
        ]
        after, went = 0, True
        while went:
            rig = prepared(carrier, action, image)
            went = rig.cut(action.act, after, tears.beside_it)
            after += 1
            if went:
                tally[disturbed(rig, allowed)] += 1
    note(f"neighbouring page disturbed, {carrier.name}: {tally}")
    assert tally["old or new"]
    assert carrier != little_files.ESP32_BOARD or not tally["nothing left"]


def disturbed(rig, allowed):
    """Return in words what a Rig woke up with; check that its token counts once."""
    try:
        rig.boot()
    except OSError:
        return "nothing left"  # no file system: see test_a_board_without_a_store_says_so
    if not rig.meter.provisioned:
        assert (rig.state.register.credit, rig.switch.closed) == (0, False)
        return "nothing left"
    assert rig.essence in allowed
    known = rig.essence == allowed[-1]
    assert rig.enter(actions.CREDIT) == (results.USED if known else results.ACCEPT)
    assert rig.essence == allowed[-1]
    return "old or new"


def image_before(carrier, action, commits):
    """Return the flash of a meter that is about to `action`, but for what lives in RAM."""
    return (
        Rig(carrier).image if action.factory else whole_meter.provisioned(carrier, commits).image
    )


def prepared(carrier, action, image):
    rig = Rig(carrier, carriers.copied(image))
    if action.prepare:
        action.prepare(rig)
    return rig


def passed_through(rig, action):
    """Do the act without a cut; return what is stored meanwhile: [(essence, failures), ...]."""
    store = rig.app._ports.store
    commit = store.commit
    seen = [stored(store.load())] if store.load() else [(rig.essence, 0)]

    def watched(record):
        commit(record)
        seen.append(stored(record))

    store.commit = watched
    action.act(rig)
    return seen


def stored(record):
    return whole_meter.essence(record), state.from_bytes(record).failures


def check(rig, action, allowed):
    """After the cut: all or nothing; and what was bought can be had, once."""
    rig.failures_found = rig.boot().state.failures
    assert rig.essence in [essence for essence, _failures in allowed]
    assert events.REPAIRED not in [event.code for event in rig.app.notes.events]
    if action.factory:
        if not rig.meter.provisioned:
            rig.provision()
        assert rig.essence == allowed[-1][0]
    elif action.digits in actions.KEY_SET:
        check_key_change(rig)
    elif action.digits:
        check_token(rig, action, allowed)


def check_token(rig, action, allowed):
    decoded = rig.meter.reader.decode(sts_digits.parse(action.digits))
    known = decoded.fields["tid"] in rig.state.tids
    assert known == (rig.essence == allowed[-1][0])
    result = rig.enter(action.digits)
    assert result == (results.USED if known else results.ACCEPT)
    rig.boot()
    assert rig.essence == allowed[-1][0]
    assert rig.enter(action.digits) == results.USED


def check_key_change(rig):
    if rig.state.key.ti == "01":
        assert [rig.enter(digits) for digits in actions.KEY_SET][-1] == results.ACCEPT
    else:
        assert rig.enter(actions.KEY_SET[-1]) == results.CRC
    assert rig.boot().state.key.ti == "02"
