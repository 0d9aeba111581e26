"""Changed messages and frames of DLMS and packets of MQTT, many: `make network-campaign`.

Each thousand of DLMS has a meter and a seed of its own, each thousand of MQTT a seed. Ends with an
exception at the first that does what none may; the seed is told, and brings it again.

    make network-campaign CAMPAIGN_ARGS='--count 900000 --packets 100000 --first-seed 1'
"""

import argparse
import sys
import time

from rigs import mqtt_changes
from rigs.dlms_changes import Throw

from meter20.host_crypto import HostCrypto

_EACH = 1000


def _messages(seed: int) -> int:
    """Return how many octets a thousand changed messages and frames of DLMS were answered."""
    return Throw(_EACH, seed, HostCrypto()).said


def _packets(seed: int) -> int:
    """Return how many packets of MQTT were thrown, a thousand or a few more."""
    return mqtt_changes.throw(_EACH, seed)


def _all(one, count: int, first_seed: int) -> int:
    """Return the sum of what `one` gives for each thousand of `count`."""
    found = 0
    for number in range(-(-count // _EACH)):
        seed = first_seed + number
        try:
            found += one(seed)
        except BaseException:
            print(f"seed {seed}:", file=sys.stderr)
            raise
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=900_000, help="messages and frames of DLMS")
    parser.add_argument("--packets", type=int, default=100_000, help="packets of MQTT")
    parser.add_argument("--first-seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    thrown = _all(_packets, asked.packets, asked.first_seed)
    print(f"{thrown} packets of MQTT, some in each stream changed", flush=True)
    said = _all(_messages, asked.count, asked.first_seed)
    took = time.monotonic() - began
    print(f"{asked.count} changed messages and frames of DLMS: {said} octets of answers")
    print(f"{took:.0f} s: no exception, no credit, no key in an answer, no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
