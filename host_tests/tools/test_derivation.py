"""Decoder keys, against every vector that has one, and what is refused."""

import json
from pathlib import Path

import pytest
from sts import drn

from meter20.vending.derivation import decoder_key

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]
PAIRS = {
    (json.dumps(vector[name]), vector[derived])
    for vector in VECTORS
    for name, derived in (("key", "decoder_key"), ("new_key", "new_decoder_key"))
    if vector.get(name)
}
VK_02 = "abababababababab"
VK_04 = "abababababababab949494949494949401234567"
GOOD = {
    "dkga": "04",
    "ea": "11",
    "vk": bytes.fromhex(VK_04),
    "sgc": "123457",
    "ti": "01",
    "krn": 1,
    "kt": 2,
    "base_date": 1993,
    "pan": "600727000000000009",
}


def test_there_are_vectors_of_each_way_that_is_in_use():
    kinds = {(json.loads(key)["dkga"], json.loads(key)["ea"]) for key, _ in PAIRS}
    assert kinds == {("02", "07"), ("04", "07"), ("04", "11")}


@pytest.mark.parametrize("attributes, derived", sorted(PAIRS))
def test_vector_is_derived(attributes, derived):
    key = json.loads(attributes)
    pan = key["pan"] or drn.pan(key["iin"], key["iain"])
    assert derived == (
        decoder_key(
            key["dkga"],
            key["ea"],
            bytes.fromhex(key["vk"]),
            key["sgc"],
            key["ti"],
            key["krn"],
            key["kt"],
            key["base_date"],
            pan,
        ).hex()
    )


def test_dkga04_makes_keys_of_64_bits_too():
    assert decoder_key(**{**GOOD, "ea": "07"}).hex() == "aa4baa8749c10d27"  # test key


def test_common_key_does_not_depend_on_the_meter():
    common = {**GOOD, "dkga": "02", "ea": "07", "vk": bytes.fromhex(VK_02), "kt": 3}
    other = {**common, "pan": "600727123456789030"}
    assert decoder_key(**common) == decoder_key(**other)
    assert decoder_key(**{**common, "kt": 2}) != decoder_key(**{**other, "kt": 2})


def test_dkga03_with_one_key_twice_is_dkga02_without_its_last_step():
    # no vector: only that both rest on the same block and on DES
    vk = bytes.fromhex(VK_02)
    by_02 = decoder_key(**{**GOOD, "dkga": "02", "ea": "07", "vk": vk})
    by_03 = decoder_key(**{**GOOD, "dkga": "03", "ea": "07", "vk": vk * 2})
    assert bytes(a ^ b for a, b in zip(by_02, vk, strict=True)) == by_03


@pytest.mark.parametrize(
    "change, words",
    [
        ({"dkga": "01"}, "DKGA must be"),
        ({"dkga": "02"}, "EA11 takes keys of DKGA04"),
        ({"ea": "09"}, "07 or 11"),
        ({"vk": bytes(8)}, "20 bytes"),
        ({"dkga": "02", "ea": "07"}, "8 bytes"),
        ({"sgc": "12345"}, "supply group code must be 6 digits"),
        ({"sgc": 123457}, "supply group code must be 6 digits"),
        ({"ti": "1"}, "tariff index must be 2 digits"),
        ({"ti": "\u0661\u0662"}, "tariff index must be 2 digits"),
        ({"krn": 0}, "1 to 9"),
        ({"krn": 10}, "1 to 9"),
        ({"krn": "1"}, "1 to 9"),
        ({"krn": True}, "1 to 9"),
        ({"kt": 0}, "initialisation key"),
        ({"kt": 4}, "key type"),
        ({"kt": 3}, "not known"),
        ({"base_date": None}, "1993, 2014 or 2035"),
        ({"base_date": 2000}, "1993, 2014 or 2035"),
        ({"pan": "600727000000000008"}, "MeterPAN"),
        ({"pan": "600727123456789048"}, "MeterPAN"),
    ],
)
def test_refusal_says_what_is_wrong_and_no_key(change, words):
    with pytest.raises(ValueError, match=words) as refusal:
        decoder_key(**{**GOOD, **change})
    assert "abab" not in str(refusal.value)
