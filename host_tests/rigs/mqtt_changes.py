"""Changed packets of MQTT, thrown at a whole meter: those of fuzz.mqtt, by seed. CPython only."""

import random

from fuzz import feed as feeds
from fuzz import mqtt


def throw(count: int, seed: int) -> int:
    """Throw `count` packets or a few more, of which at least one in each stream is changed.

    Return how many there were. Raises what breaks a rule: see fuzz.mqtt.case.
    """
    chance = random.Random(seed)
    thrown = 0
    while thrown < count:
        packets = [mqtt.packet_of(chance) for _ in range(chance.choice((1, 2, 4, 8)))]
        stream = feeds.spoilt(b"".join(packets), chance)
        mqtt.case(bytes([chance.choice((1, 2, 4, 8))]) + stream)
        thrown += len(packets)
    return thrown
