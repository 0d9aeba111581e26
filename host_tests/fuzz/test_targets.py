"""Each target of fuzzing, driven by Hypothesis: with any bytes, and with nearly good input.

`make fuzz-campaign` drives the same targets with atheris, and for long.
"""

import random

import pytest
from fuzz import targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EACH = {"station": 60, "store": 120, "screens": 150}  # of either kind, slow ones less
USUAL = 200


def fuzzed(name, strategy):
    @settings(
        max_examples=EACH.get(name, USUAL),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(strategy)
    def every(data):
        targets.module(name).case(data)

    every()


@pytest.mark.parametrize("name", targets.NAMES)
def test_any_bytes_do_no_harm(name):
    fuzzed(name, st.binary(max_size=300))


@pytest.mark.parametrize("name", targets.NAMES)
def test_nearly_good_input_does_no_harm(name):
    seeds = st.integers(0, (1 << 64) - 1)
    fuzzed(name, seeds.map(lambda seed: targets.module(name).almost(random.Random(seed))))
