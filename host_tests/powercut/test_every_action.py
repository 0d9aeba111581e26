"""Every act that changes the state, cut before, inside and after each flash operation.

Whatever was cut: after the restart the state is one of those that the same act passes
through without a cut, and a token counts once. Carriers: bare flash, NVS, and LittleFS.
"""

import functools

import pytest
from account import state
from journal import events
from models import carriers, little_files, tears
from powercut.campaign import sized
from powercut.cuts import Dark, sectors_after_cuts
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
    image, allowed, operations = once(carrier, action, commits)
    dark = Dark(carrier, image)
    cuts, seen = 0, set()
    for left in sectors_after_cuts(image, {}, operations, TEARS[carrier]):
        cuts += 1
        if is_new(left, seen):
            rig = dark.rig(left)
            check(rig, action, allowed)
            assert rig.failures_found in [failures for _essence, failures in allowed]
    return cuts


def is_new(left, seen):
    """Return whether `left`, sectors that a cut leaves, are not among `seen`; then they are."""
    known = len(seen)
    seen.add(frozenset(left.items()))
    return len(seen) > known


@pytest.mark.parametrize("carrier", PAIRS_ON, ids=lambda carrier: carrier.name)
def test_two_cuts_while_a_token_is_entered(carrier, note):
    """Cut the token, then the restart or the next try to enter it: every pair."""
    action = actions.ALL["credit"]
    image, allowed, operations = once(carrier, action, STARTS[carrier][-1])
    dark = Dark(carrier, image)
    pairs, pairs_after, seen = 0, {}, set()
    tears_of_first = FIRST_TEARS.get(carrier, TEARS[carrier])
    for left in sectors_after_cuts(image, {}, operations, tears_of_first):
        first = frozenset(left.items())
        if first not in pairs_after:
            again = dark.rig(left).operations(restart_and_enter)
            pairs_after[first] = 0
            for twice in sectors_after_cuts(image, left, again, SECOND_TEARS[carrier]):
                pairs_after[first] += 1
                if is_new(twice, seen):
                    check(dark.rig(twice), action, allowed)
        pairs += pairs_after[first]
    note(f"pairs of cuts in a credit token, {carrier.name}: {pairs}")


def restart_and_enter(rig):
    rig.boot()
    rig.enter(actions.CREDIT)


@pytest.mark.parametrize("name", actions.ALL)
@pytest.mark.parametrize("carrier", STARTS, ids=lambda carrier: carrier.name)
def test_what_cuts_leave_is_what_a_meter_leaves_whose_power_goes(carrier, name):
    """For one cut of each act on each carrier: the other tests play them."""
    action, commits = actions.ALL[name], STARTS[carrier][0]
    image, _allowed, operations = once(carrier, action, commits)
    tear = TEARS[carrier][-1]
    after = len(operations) // 2
    left = list(sectors_after_cuts(image, {}, operations, [tear]))[after]
    rig = prepared(carrier, action, image_before(carrier, action, commits))
    assert rig.image.cells == image.cells
    assert rig.cut(action.act, after, tear)
    assert rig.image.cells == Dark(carrier, image).rig(left).image.cells


@pytest.mark.parametrize(
    "carrier", [carriers.NVS, *little_files.ALL], ids=lambda carrier: carrier.name
)
def test_a_disturbed_neighbour_may_cost_a_copy_and_never_invents_one(carrier, note):
    """More than LittleFS and NVS are made for. An ESP32 has both, and forgets nothing."""
    tally = {"old or new": 0, "nothing left": 0}
    for commits in STARTS[carrier]:
        image, allowed, operations = once(carrier, actions.ALL["credit"], commits)
        dark = Dark(carrier, image)
        for left in sectors_after_cuts(image, {}, operations, [tears.beside_it]):
            tally[disturbed(dark.rig(left), [essence for essence, _ in allowed])] += 1
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


def once(carrier, action, commits):
    """Do the act once, without a cut, after `commits` more to the store.

    Return the flash before it; what is stored meanwhile, [(essence, failures), ...]; and the
    operations of the flash, see Rig.operations.
    """
    rig = prepared(carrier, action, image_before(carrier, action, commits))
    image = carriers.copied(rig.image)
    store = rig.app._ports.store
    commit = store.commit
    seen = [stored(store.load())] if store.load() else [(rig.essence, 0)]

    def watched(record):
        commit(record)
        seen.append(stored(record))

    store.commit = watched
    return image, seen, rig.operations(action.act)


def image_before(carrier, action, commits):
    """Return the flash of a meter that is about to be prepared for `action`."""
    return carriers.copied(
        Rig(carrier).image if action.factory else provisioned_image(carrier, commits)
    )


@functools.cache
def provisioned_image(carrier, commits):
    return whole_meter.provisioned(carrier, commits).image


def prepared(carrier, action, image):
    rig = Rig.dark(carrier, image).boot()
    if action.prepare:
        action.prepare(rig)
    return rig


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
