"""Cuts at random times while energy is used: the books balance, and err for the customer."""

import random

import pytest
from account.kept_state import CHECKPOINT_MAX_WH
from body import SimBody
from data import meters
from flash_chip import PowerCut
from models import carriers, little_files
from powercut.campaign import sized
from rigs import whole_meter
from rigs.whole_meter import token

CUTS = 1000
#: {pulses per kWh: how many a step of the meter brings}: one, and what comes in half a second at
#: 16 kW, which puts the checkpoint off.
AT_ONCE = {1000: 1, 3200: 7}


def lost_pulses(carrier, imp_per_kwh=1000, at_once=1, warned=False):
    """Use energy and cut the power CUTS times; return the pulses that each cut lost.

    The moment is random: between two pulses, or inside a flash operation. at_once: pulses that
    a step of the meter brings. warned: the supply tells a pulse ahead that it fails.
    """
    chosen = random.Random(20)
    rig = whole_meter.provisioned(carrier, imp_per_kwh=imp_per_kwh)
    for n in range(100):
        rig.enter(token(tid=meters.MANUFACTURED + 2000 + n, amount_field=16_000))
    bought_wh = rig.state.register.credit
    lost, counted = [], pulses_counted(rig)
    for _ in range(CUTS):
        if chosen.randrange(2) and not warned:
            rig.chip.arm_cut(chosen.randrange(8), chosen.choice(carrier.tears))
        used = metered(rig, chosen.randrange(1, imp_per_kwh // 2), at_once)
        if warned:
            rig.supply.sags = True
            rig.app.step(10_000)
            used += metered(rig, 1)
        rig.boot()
        assert rig.state.register.credit == bought_wh - rig.state.register.total_wh
        before, counted = counted, pulses_counted(rig)
        lost.append(before + used - counted)
    return lost


def metered(rig, pulses, at_once=1):
    """Give the meter `pulses`, a few at once; return how many came before the power went."""
    came = 0
    while came < pulses:
        few = min(at_once, pulses - came)
        came += few
        try:
            rig.meter.consume(few)
        except PowerCut:
            break
    return came


def pulses_counted(rig):
    register = rig.state.register
    return (register.total_wh * rig.state.identity.imp_per_kwh + register.remainder) // 1000


@pytest.mark.parametrize(
    "carrier",
    [carriers.SMALL, little_files.ON_RP2, *sized([], [carriers.NVS, little_files.ESP32_BOARD])],
    ids=lambda carrier: carrier.name,
)
@pytest.mark.parametrize("imp_per_kwh", AT_ONCE)
def test_a_cut_gives_the_customer_a_tenth_of_a_kwh_at_most(carrier, imp_per_kwh, note):
    lost = lost_pulses(carrier, imp_per_kwh, AT_ONCE[imp_per_kwh])
    lost_wh = [pulses * 1000 / imp_per_kwh for pulses in lost]
    note(
        f"energy at {CUTS} cuts, {carrier.name}, {imp_per_kwh} imp/kWh: "
        f"{min(lost_wh):.1f} to {max(lost_wh):.1f} Wh unbilled, {sum(lost_wh) / CUTS:.1f} mean"
    )
    assert min(lost) >= 0, "never against the customer"
    assert max(lost_wh) <= CHECKPOINT_MAX_WH


def test_with_a_warning_a_cut_costs_a_pulse_at_most(note):
    lost = lost_pulses(carriers.SMALL, warned=True)
    note(f"energy at {CUTS} cuts with a warning: {min(lost)} to {max(lost)} pulses unbilled")
    assert set(lost) == {1}


def test_a_supply_that_sags_or_flickers_does_not_wear_the_store_out():
    rig = whole_meter.provisioned(carriers.SMALL)
    rig.enter(token())
    before = rig.chip.operations
    for now_ms in range(20_000, 60_000, 10):
        rig.supply.sags = now_ms % 1000 < 500
        rig.app.step(now_ms)
        if now_ms % 500 == 0:
            rig.meter.consume(1)
    assert rig.chip.operations - before <= 4
    assert rig.state.register.total_wh == 80


def test_bench_lets_the_supply_sag():
    body = SimBody()
    for request in (b'{"do":"brown_out","failing":true}', b'{"do":"brown_out"}'):
        assert body.feed(request + b"\n") == b'{"ok": true}\n'
