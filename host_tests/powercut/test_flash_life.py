"""The flash outlives twenty years: a short span here, all of it in `make flash-life-campaign`.

What is written for each kWh is bounded: whoever makes the meter write more often, or more at a
time, has to look at the table of the campaign again.
"""

import pytest
from account import kept_state
from campaigns import flash_life
from campaigns.flash_life import STORES

WEEKS = 6
#: Most erases a kWh, by store and part: a twentieth above what was measured.
ERASES_A_KWH = {
    ("rp2 frozen", "ring"): 0.790,
    ("rp2 frozen", "ring of notes"): 0.025,
    ("rp2 stock", "LittleFS"): 1.640,
    ("esp32", "NVS"): 0.500,
    ("esp32", "LittleFS"): 6.210,
}
#: Stores that wear evenly by their own order: a short span tells of a long one.
_RINGS = ("ring", "NVS")


def too_much(wears):
    """Return (part, erases a kWh) of those above their bound."""
    return [
        (wear.part, a_kwh(wear))
        for wear in wears
        if a_kwh(wear) > ERASES_A_KWH[wear.store, wear.part]
    ]


def a_kwh(wear):
    return sum(wear.erases) / wear.kwh


@pytest.mark.parametrize("name", STORES)
def test_no_more_is_erased_for_a_kwh_than_was_measured(name, note):
    wears = flash_life.lived(name, WEEKS)
    assert not too_much(wears)
    for wear in wears:
        told = f"flash life, {name}, {wear.part}: {a_kwh(wear):.3f} erases a kWh in {WEEKS} weeks"
        if wear.part in _RINGS:
            kwh_in_all = flash_life.YEARS * flash_life.WH_A_YEAR / 1000
            hottest = max(wear.erases) / wear.kwh * kwh_in_all
            told += f"; so {hottest:,.0f} of the hottest sector in {flash_life.YEARS} years"
            assert hottest < flash_life.LIMIT * flash_life.ENDURANCE
        note(told)


def test_a_meter_that_saves_more_often_is_found(monkeypatch):
    monkeypatch.setattr(kept_state, "_CHECKPOINT_WH", flash_life._STEP_WH)
    assert "ring" in dict(too_much(flash_life.lived("rp2 frozen", 2)))


def test_steps_of_the_household_write_as_pulse_after_pulse_does(monkeypatch):
    """45 Wh at once are two steps to a checkpoint; pulses of 1 Wh come to the same."""
    quick = flash_life.lived("rp2 frozen", 1)
    monkeypatch.setattr(flash_life.Household, "_use", pulse_after_pulse)
    assert flash_life.lived("rp2 frozen", 1) == quick


def pulse_after_pulse(household):
    if not household._rig.app.front.relay_closed:
        household._buy()
    for _ in range(flash_life._STEP_WH):
        household._rig.meter.consume(1)
    household._pass(flash_life._STEP_MS)
