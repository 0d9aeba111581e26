"""Encryption by tables is that of the plain ciphers. METER20_CAMPAIGN=1: 10^6 blocks of each."""

import json
import os
import random
from pathlib import Path

import pytest
from sts import ea07_sta

from meter20.vending import encoder, quick_encrypt

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]
BLOCKS = 1_000_000 if os.environ.get("METER20_CAMPAIGN") == "1" else 3000
SIZES = {"07": 8, "11": 16}


def test_every_key_and_block_of_the_vectors():
    looked_at = 0
    for vector in VECTORS:
        if vector.get("decoder_key") and vector.get("ea"):
            ea, key = vector["ea"], bytes.fromhex(vector["decoder_key"])
            block = bytes.fromhex(vector.get("plain_block", "0123456789abcdef"))
            encrypted = quick_encrypt.by_tables(ea, key).encrypt(block)
            assert encrypted == encoder.cipher(ea, key).encrypt(block), vector["id"]
            if "cipher_block" in vector:
                assert encrypted.hex() == vector["cipher_block"]
            looked_at += 1
    assert looked_at > 150


@pytest.mark.parametrize("ea", SIZES)
def test_random_blocks_under_random_keys(ea):
    chance = random.Random(20261130)
    for _ in range(BLOCKS):
        key, block = chance.randbytes(SIZES[ea]), chance.randbytes(8)
        quick, plain = quick_encrypt.by_tables(ea, key), encoder.cipher(ea, key)
        assert quick.encrypt(block) == plain.encrypt(block), (key.hex(), block.hex())


def test_tables_of_a_licensee():
    chance = random.Random(7)
    for _ in range(5):
        shuffled = [tuple(chance.sample(range(size), size)) for size in (16, 16, 64)]
        tables = ea07_sta.Tables(*shuffled)
        for _ in range(20):
            key, block = chance.randbytes(8), chance.randbytes(8)
            quick = quick_encrypt.by_tables("07", key, tables)
            assert quick.encrypt(block) == encoder.cipher("07", key, tables).encrypt(block)


@pytest.mark.parametrize("ea", SIZES)
def test_tables_come_after_many_ciphers_and_change_nothing(ea):
    make, key = quick_encrypt.Ciphers(), bytes(range(SIZES[ea]))
    plain = encoder.cipher(ea, key)
    kinds = set()
    for number in range(400):
        block = (number * 10**15).to_bytes(8, "big")
        made = make(ea, key)
        kinds.add(type(made).__name__)
        assert made.encrypt(block) == plain.encrypt(block)
    assert len(kinds) == 2


@pytest.mark.parametrize("asked", [0, 400])
@pytest.mark.parametrize(
    "wrong",
    [("12", bytes(16), None), ("11", bytes(15), None), ("07", bytes(16), None), ("07", None, None),
     ("11", bytes(16), ea07_sta.SAMPLE),
     ("07", bytes(8), ea07_sta.Tables((0,) * 16, *ea07_sta.SAMPLE[1:]))],
)  # fmt: skip
def test_what_the_plain_cipher_refuses_is_refused_with_the_same_words(wrong, asked):
    make = quick_encrypt.Ciphers()
    for _ in range(asked):
        make("11", bytes(16))
    with pytest.raises(ValueError) as plain:
        encoder.cipher(*wrong)
    with pytest.raises(ValueError) as quick:
        make(*wrong)
    assert str(quick.value) == str(plain.value)
