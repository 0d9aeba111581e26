"""The samples are the vectors of the compliance suites, word for word."""

import json
from pathlib import Path

import pytest
from sts import tid

from meter20 import samples

VECTORS = {
    vector["id"]: vector
    for vector in json.loads(
        (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
    )["vectors"]
}


@pytest.mark.parametrize("sample", samples.ALL, ids=lambda sample: sample.source)
def test_sample_is_the_vector_it_names(sample):
    assert VECTORS[sample.source]["token"] == sample.digits


@pytest.mark.parametrize("sample", [samples.CREDIT, samples.BIG_CREDIT, samples.OLDER_CREDIT])
def test_meter_is_the_one_that_the_token_is_for(sample):
    vector = VECTORS[sample.source]
    key = vector["key"]
    meter = samples.PROVISION
    assert meter["decoder_key"] == vector["decoder_key"]
    assert (meter["drn"], meter["iin"], meter["sgc"]) == (key["iain"], key["iin"], key["sgc"])
    assert [meter[name] for name in ("ti", "krn", "kt", "ken", "ea")] == [
        key[name] for name in ("ti", "krn", "kt", "ken", "ea")
    ]
    assert meter["manufactured"] < vector["fields"]["tid"]


def test_amounts_are_as_said():
    for sample in (samples.CREDIT, samples.BIG_CREDIT, samples.OLDER_CREDIT):
        assert float(VECTORS[sample.source]["inputs"]["units"]) == float(sample.what.split()[0])


def test_meter_was_made_in_the_month_it_says():
    assert tid.date(samples.PROVISION["manufactured"], 1993)[:2] == (2004, 1)


def test_other_meter_is_another():
    assert VECTORS[samples.OTHER_METER.source]["key"]["iain"] != samples.PROVISION["drn"]
