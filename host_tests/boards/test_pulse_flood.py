"""A hundred thousand pulses through the PIO counter: none lost, none counted twice.

The emulated state machine executes the driver's own program, instruction by
instruction. CPython only, for its speed; the contract tests run on both.
"""

import random

import chips
import machine
import pytest
from drivers.rp2_pulse_counter import Rp2PulseCounter
from fakes.pulses import MS, Contact
from world import WORLD, Train

PIN = 22
COUNT = 30_000

#: name: (bounce, least and most low time, least and most high time), nanoseconds. Low and high
#: are steady times, after the bounce of the edge before.
TRAINS = {
    "50 Hz, clean": (0, (10 * MS, 10 * MS), (10 * MS, 10 * MS)),
    "bounce of 4.5 ms": (4_500_000, (5_500_000, 40 * MS), (5_500_000, 40 * MS)),
    "16.7 Hz with jitter": (2 * MS, (28 * MS, 32 * MS), (28 * MS, 32 * MS)),
    "just long enough": (0, (5_500_000, 6 * MS), (5_500_000, 6 * MS)),
}


def counter_on(contact):
    WORLD.start(chips.PICO)
    WORLD.connect(PIN, Train(contact.edges_ns))
    return Rp2PulseCounter(0, machine.Pin(PIN, machine.Pin.IN, machine.Pin.PULL_UP))


@pytest.mark.parametrize("name", TRAINS)
def test_train_is_counted_exactly(name, note):
    bounce_ns, (low_ns, low_most_ns), (high_ns, high_most_ns) = TRAINS[name]
    contact = Contact(bounce_ns, seed=7)
    for _ in range(COUNT // 100):
        contact.pulses(100, low_ns, high_ns, jitter_ns=min(low_most_ns - low_ns, 12 * MS))
        contact.spikes(3, 4_900_000, max(high_ns, 6 * MS))
        contact.time_ns += high_most_ns
    counter = counter_on(contact)
    chance = random.Random(20)
    taken = 0
    while WORLD.now_ns < contact.time_ns + 50 * MS:
        if chance.random() < 0.2:
            WORLD.stall_ms(chance.randrange(40, 850))  # a flash erase
        WORLD.advance_ns(chance.randrange(1, 900 * MS))
        taken += counter.take()
    assert taken == COUNT
    note(f"PIO pulse counter, {name}: {taken} of {COUNT} pulses, {counter._machine.steps} steps")


@pytest.mark.parametrize("behind", [0, 1, 5, 1 << 30])
def test_count_wraps_without_a_trace(behind):
    contact = Contact()
    contact.pulses(40, 20 * MS, 20 * MS)
    counter = counter_on(contact)
    counter._machine._y = behind
    counter._seen = counter._count()
    taken = 0
    while WORLD.now_ns < contact.time_ns + 50 * MS:
        WORLD.advance_ms(70)
        taken += counter.take()
    assert taken == 40


@pytest.mark.parametrize(("width_ns", "counted"), [(4_990_000, 0), (5_510_000, 1)])
def test_levels_shorter_than_5_ms_never_count_and_of_5_5_ms_always(width_ns, counted):
    for phase_ns in range(0, 1_000_000, 31_250):
        contact = Contact()
        contact.time_ns += phase_ns
        contact.spikes(20, width_ns, 6 * MS)
        counter = counter_on(contact)
        WORLD.advance_ns(contact.time_ns)
        assert counter.take() == 20 * counted
