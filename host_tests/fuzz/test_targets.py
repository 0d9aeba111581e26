"""Each target of fuzzing, driven by Hypothesis: with any bytes, and with nearly good input.

`make fuzz-campaign` drives the same targets with atheris, and for long.
"""

import random

import esp32
import pytest
from drivers.esp32_nvs_slots import NvsSlots
from flash_chip import FlashChip, PowerCut, RamImage
from fuzz import store, targets
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


def test_what_failed_before_does_not_fail_a_case_of_the_store():
    chip = FlashChip(RamImage(esp32.PARTITION_SIZE))
    esp32.start(chip)
    slots = NvsSlots("state")
    chip.arm_cut(0, False)
    with pytest.raises(PowerCut):
        slots.write(0, b"never")
    with pytest.raises(OSError):
        slots.write(0, b"never: it failed once")
    store.case(bytes([store._WHICH.index(2), 3, 0, 0, 4]) + b"spam")  # writes a slot of NVS
