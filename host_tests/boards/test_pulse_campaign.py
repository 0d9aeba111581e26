"""Pulses by the ten thousand: the campaign in small, what it would find, and the limits.

CPython only, for its speed; the contract tests run on both.
"""

from collections import Counter

import pytest
from drivers import rp2_pulse_counter
from fakes.pulses import MS, Contact
from pulse_campaign import SOURCES, Check, connected, report, run_chunk, started, wrap
from world import WORLD

PIO, INTERRUPT = SOURCES
PULSES = 20_000
SEED = 20


def counter(source, contact):
    started(source)
    return connected(source, contact)


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
    assert told["stalls"] > 10
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
        check.saw(pulses, (1000 * number + 500) * MS)
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


@pytest.mark.parametrize("quiet_days", [5, 7, 12, 13])
def test_a_pulse_after_days_without_one_counts(quiet_days):
    """time.ticks_ms wraps after 12.4 days, and time.ticks_diff tells half of them."""
    contact = Contact()
    contact.pulse(30 * MS, quiet_days * 86_400_000 * MS)
    contact.pulse(30 * MS, 30 * MS)
    source = counter(INTERRUPT, contact)
    WORLD.advance_ns(contact.time_ns)
    assert source.take() == 2
