"""How much to do: the small size of `make test`, or the full one of `make powercut-campaign`."""

import os

FULL = os.environ.get("METER20_CAMPAIGN") == "1"


def sized(small, full):
    """Return `small`, or `full` in the campaign."""
    return full if FULL else small
