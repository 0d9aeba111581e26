"""Changed messages and frames of DLMS, many: `make dlms-campaign`.

Each thousand has a meter and a seed of its own. Ends with an exception at the first that does what
none may; the seed is told, and brings it again.

    python host_tests/dlms_campaign.py --count 1000000 --first-seed 1
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from meter20.host_crypto import HostCrypto  # puts firmware/ on the path, too

# isort: split
from fakes.dlms_changes import Throw

_EACH = 1000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first-seed", type=int, default=1)
    asked = parser.parse_args()
    began, said = time.monotonic(), 0
    for number in range(-(-asked.count // _EACH)):
        seed = asked.first_seed + number
        try:
            said += Throw(_EACH, seed, HostCrypto()).said
        except BaseException:
            print(f"seed {seed}:", file=sys.stderr)
            raise
    took = time.monotonic() - began
    print(f"{asked.count} changed messages and frames in {took:.0f} s: {said} octets of answers,")
    print("no exception, no credit, no key in an answer, no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
