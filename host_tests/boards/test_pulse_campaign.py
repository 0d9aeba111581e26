"""Pulses by the ten thousand: the campaign in small, what it would find, and the limits.

CPython only, for its speed; the contract tests run on both.
"""

import random
from collections import Counter

import pytest
import rp2
from campaigns import pulse_campaign
from campaigns.pulse_campaign import (
    SOURCES,
    Check,
    advance,
    connected,
    report,
    run_chunk,
    started,
    wrap,
)
from drivers import rp2_pulse_counter
from models.pulses import MS, Contact
from world import WORLD

PIO, CLEAN_PCNT, _NO_ERASE, PCNT, INTERRUPT = SOURCES
PULSES = 20_000
SEED = 20


def counter(source, contact):
    started(source)
    return connected(source, contact)[0]


def small_run(which, pulses=PULSES):
    """Run a source as the campaign does; return the Counters of all, the others' empty."""
    found = [Counter() for _ in SOURCES]
    for number in range(2):
        found[which] += run_chunk((which, number, pulses // 2, SEED))[1]
    return found


@pytest.mark.parametrize("which", range(len(SOURCES)), ids=[source.name for source in SOURCES])
def test_pulses_in_small(which, note, capsys):
    found = small_run(which)
    assert report(found)
    told = found[which]
    assert told["pulses"] == PULSES
    assert (told["stalls"] > 10) == SOURCES[which].erases
    assert told["lost"] + told["doubled"] <= 10 * told["stalls"]
    note(
        f"pulse campaign, {SOURCES[which].name}: {PULSES} pulses, {told['stalls']} erases, "
        f"{told['lost']} lost, {told['doubled']} doubled"
    )


def test_debounce_that_is_too_long_is_found_out(monkeypatch, capsys):
    """5 ms is no time to wait: of a pulse of 10 ms no more may be steady."""
    words = list(rp2_pulse_counter._debounce.words)
    longer = [word + 6 if word >> 13 == 7 else word for word in words]
    monkeypatch.setattr(rp2_pulse_counter._debounce, "words", longer)
    found = small_run(0, 4000)
    assert found[0]["lost"] > 20
    assert not report(found)


def test_check_sees_each_pulse_lost_or_doubled_once():
    check = Check([1000 * MS * number for number in range(1, 11)])
    counted = (1, 1, 0, 1, 2, 1, 1, 3, 0, 0)  # the 3rd lost, the 5th doubled, the 8th twice
    for number, pulses in enumerate(counted, 1):
        check.saw(pulses, (1000 * number + 500) * MS, (1000 * number + 480) * MS)
    assert (check.lost, check.doubled) == (3, 3)


def test_interrupt_loses_all_but_one_pulse_of_an_erase(note):
    contact = Contact()
    contact.pulses(1000, 10 * MS, 10 * MS)
    source = counter(INTERRUPT, contact)
    WORLD.advance_ms(1000)
    before = source.take()
    WORLD.stall_ms(400)
    during = source.take()
    WORLD.advance_ns(contact.time_ns)
    assert before + source.take() == 1000 - 20
    assert during <= 1
    note(f"hard pin interrupt at 50 Hz: {during} of 20 pulses counted in an erase of 400 ms")


@pytest.mark.parametrize(("bounce_ns", "wrong"), [(0, 0), (5 * MS, 10)])
@pytest.mark.parametrize("rate_hz", [50, 25, 10, 5])
def test_esp32_bridges_the_gaps_that_garbage_and_long_transfers_make(rate_hz, bounce_ns, wrong):
    """Several a second. wrong: most pulses lost or doubled of a thousand."""
    contact = Contact(bounce_ns, noise=pulse_campaign.Chance(SEED))
    contact.pulses(1000, 10 * MS, 1000 // rate_hz * MS - 10 * MS)
    source, chance = counter(PCNT, contact), random.Random(SEED)
    taken = 0
    while WORLD.now_ns < contact.time_ns + 50 * MS:
        WORLD.stall_ms(chance.randrange(3, 24))
        WORLD.advance_ms(chance.randrange(50, 400))
        taken += source.take()
    assert abs(taken - 1000) <= wrong


def test_quiet_times_passed_over_change_nothing(monkeypatch):
    which = SOURCES.index(PCNT)
    quick = run_chunk((which, 1, 2000, SEED))
    monkeypatch.setattr(
        pulse_campaign, "advance", lambda _driver, _line, duration: WORLD.advance_ms(duration)
    )
    assert run_chunk((which, 1, 2000, SEED)) == quick
    assert quick[1]["stalls"]


def test_loops_that_the_state_machine_is_taken_round_change_nothing(monkeypatch):
    def run():
        return run_chunk((0, 1, 2000, SEED)), WORLD.machines[0].steps

    quick = run()
    monkeypatch.setattr(rp2, "_loops", lambda _code: {})
    assert run() == quick


@pytest.mark.parametrize("behind", [0, 1, 5, 1 << 30])
def test_count_of_pio_wraps_without_a_trace(behind):
    contact = Contact()
    contact.pulses(40, 20 * MS, 20 * MS)
    source = counter(PIO, contact)
    wrap(source, behind)
    taken = 0
    while WORLD.now_ns < contact.time_ns + 50 * MS:
        WORLD.advance_ms(70)
        taken += source.take()
    assert taken == 40


@pytest.mark.parametrize(("width_ns", "counted"), [(3_740_000, 0), (4_000_000, 1)])
def test_levels_shorter_than_3_75_ms_never_count_and_of_4_ms_always(width_ns, counted):
    for phase_ns in range(0, 1_000_000, 31_250):
        contact = Contact()
        contact.time_ns += phase_ns
        contact.spikes(20, width_ns, 5 * MS)
        source = counter(PIO, contact)
        WORLD.advance_ns(contact.time_ns)
        assert source.take() == 20 * counted


@pytest.mark.parametrize("source", [PIO, PCNT, INTERRUPT], ids=lambda source: source.name)
@pytest.mark.parametrize("quiet_days", [5, 7, 12, 13])
def test_a_pulse_after_days_without_one_counts(source, quiet_days):
    """time.ticks_ms wraps after 12.4 days, and time.ticks_diff tells half of them."""
    contact = Contact()
    for gap_ms in (30, quiet_days * 86_400_000, 30, 30):
        contact.pulse(30 * MS, gap_ms * MS)
    started(source)
    driver, line = connected(source, contact)
    advance(driver, line, contact.time_ns // MS)
    assert driver.take() == 4
