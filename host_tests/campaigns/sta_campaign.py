"""EA07 in machine code and the plain rounds decrypt the same: 10^6 random blocks, every vector.

Machine code is what frozen RP2 builds have: boards/common/rp2_frozen/ea07_rounds.py. The 32-bit
unix port of MicroPython compiles the same source for another processor.

    make sta-campaign
"""

import os
import sys

from runner.dual import UnixRunner

from meter20 import DEVICE_ROOT

_TIMEOUT_S = 3600


def main(micropython: str) -> int:
    """Run the campaign on the unix port `micropython`; return the exit code."""
    os.environ["METER20_CAMPAIGN"] = "1"
    file = DEVICE_ROOT / "host_tests" / "unit" / "test_ea07_rounds.py"
    outcome = UnixRunner(micropython).run(file, _TIMEOUT_S)
    print(outcome.complaint or f"{outcome.output.strip()}\n{outcome.run} tests, none failed")
    return int(bool(outcome.complaint))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
