"""The arithmetic of guessing, and the campaign that compares it with the meter. CPython only."""

import random
from fractions import Fraction
from math import exp

import pytest
from account import lockout
from campaigns import guess_campaign
from campaigns.guess_campaign import PARTS, campaign, guess, meter_of, outcome, report, verdicts
from campaigns.guessing import (
    CLASS_0,
    UNIFORM,
    attacks,
    band,
    chance_within,
    chances,
    newer_share,
    seconds_for,
    years,
)
from data import meters

NEWER = newer_share(6_574_000)
TOKENS = 60_000


@pytest.mark.parametrize(
    ("how", "event", "one_in"),
    [(UNIFORM, "credit", 9_346_802), (CLASS_0, "credit", 1_724_181), (CLASS_0, "management", 0)],
)
def test_chance_of_a_guess(how, event, one_in):
    chance = chances(how, NEWER)[event]
    assert round(1 / chance if chance else 0) == one_in


def test_band_holds_999_of_1000():
    for expected in (0.01, 2.5, 12.4, 300.0):
        low, high = band(expected)
        term, inside = exp(-expected), 0.0
        for count in range(high + 1):
            inside += term if count >= low else 0
            term *= expected / (count + 1)
        assert inside >= 0.999


def test_waits_add_up_as_the_policy_says():
    assert seconds_for(2, 15) == 30
    assert seconds_for(4, 15) == 15 + 15 + 15 + 20  # the first wait is shorter than an entry
    assert seconds_for(12, Fraction(1, 20)) == Fraction(2, 20) + 10 * (2**7 - 1) + 3 * 1280


def test_the_policy_states_how_long_an_attacker_needs():
    stated = " ".join(lockout.__doc__.split())
    rows = {(each.limiter, each.carrier): each for each in attacks(NEWER)}
    keypad, wire = rows["none", "keypad"], rows["none", "wire"]
    assert f"{years(keypad.uniform_s):.1f} years, class 0: {years(keypad.class_0_s):.1f}" in stated
    days = [float(seconds) / 86_400 for seconds in (wire.uniform_s, wire.class_0_s)]
    assert f"{days[0]:.1f} days, class 0: {days[1]:.1f} days" in stated
    for (limiter, carrier), each in rows.items():
        if carrier in ("keypad", "all three at once") and limiter == "meter20":
            text = f"{years(each.uniform_s):.0f} years, class 0: {years(each.class_0_s):.0f} years"
            assert text in stated
            tries = {"keypad": 67.5, "all three at once": 80.2}[carrier]
            assert round(float(each.tries_a_day), 1) == tries


def test_a_lock_out_that_a_power_cut_ends_is_hardly_one():
    rows = {(each.limiter, each.carrier): each for each in attacks(NEWER)}
    forgetful = rows["one that a power cut ends", "keypad"]
    assert forgetful.tries_a_day == 4320  # three a minute
    assert round(years(forgetful.class_0_s), 1) == 1.1


def test_chance_within_a_time():
    assert chance_within(0, 100) == 0
    assert round(chance_within(100, 100), 4) == 0.6321
    assert round(chance_within(1, 1000), 6) == 0.001


def test_campaign_decides_as_the_meter_does():
    chance = random.Random(4)
    known = [meters.TOKEN_100_WH, meters.TOKEN_WATER, meters.TEST_ALL, "9" * 20]
    for ea in ("11", "07"):
        meter = meter_of(ea)
        state = meter.state
        for entered in known + [guess(chance, how) for how in (UNIFORM, CLASS_0) * 200]:
            found = outcome(meter, entered)
            assert meter.state is state
            real = meter.enter(entered, 0)
            assert found[1:] == (real.kind, real.result)
            meter.kept.state = state


def test_random_tokens_are_accepted_as_often_as_the_model_says(capsys):
    found = campaign(TOKENS, seed=20, processes=1)
    assert sum(sum(counter.values()) for counter in found.values()) == TOKENS
    assert report(found)
    assert "credit" in capsys.readouterr().out


def test_a_meter_that_takes_too_many_is_found_out(monkeypatch):
    part = PARTS[0]
    real = guess_campaign.outcome

    def lax(meter, entered):
        found = real(meter, entered)
        return (0, "TransferCredit.electricity", "Accept") if found[2] == "CRCError" else found

    monkeypatch.setattr(guess_campaign, "outcome", lax)
    _part, counter = guess_campaign.run_chunk((part, 0, 100, 20))
    assert not all(fits for *_rest, fits in verdicts(part, counter))
