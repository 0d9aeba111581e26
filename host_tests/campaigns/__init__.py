"""Campaigns, mutations and measurements: `make test` makes a small run of each.

    PYTHONPATH=host_tests python -m campaigns.guessing

The Makefile has a target for each. Importing this package puts the firmware, the simulator's board
and the emulated chips on the import path, as conftest.py does for tests.
"""

import sys

import meter20

sys.path.append(str(meter20.DEVICE_ROOT / "host_tests/chip"))
