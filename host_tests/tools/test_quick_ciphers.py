"""The ciphers by tables decrypt as the plain ones do. METER20_CAMPAIGN=1: 10^6 blocks of each."""

import json
import os
import random
from pathlib import Path

import pytest
from sts import decoder, ea07_sta

from meter20 import quick_ciphers

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]
BLOCKS = 1_000_000 if os.environ.get("METER20_CAMPAIGN") == "1" else 4000
BLOCKS_A_KEY = 250
SIZES = {"07": 8, "11": 16}


def test_every_block_and_token_of_the_vectors():
    looked_at = 0
    for vector in VECTORS:
        if vector.get("decoder_key") and vector.get("ea"):
            key = bytes.fromhex(vector["decoder_key"])
            made = quick_ciphers.by_tables(vector["ea"], key)
            block = bytes.fromhex(vector.get("cipher_block", "0123456789abcdef"))
            plain = made.decrypt(block)
            assert plain == decoder.cipher(vector["ea"], key).decrypt(block), vector["id"]
            if "cipher_block" in vector:
                assert plain.hex() == vector["plain_block"]
            looked_at += 1
    assert looked_at > 150


@pytest.mark.parametrize("ea", SIZES)
def test_random_blocks_under_random_keys(ea):
    chance = random.Random(20261129)
    for _ in range(BLOCKS // BLOCKS_A_KEY):
        key = chance.randbytes(SIZES[ea])
        quick, plain = quick_ciphers.by_tables(ea, key), decoder.cipher(ea, key)
        for _ in range(BLOCKS_A_KEY):
            block = chance.randbytes(8)
            assert quick.decrypt(block) == plain.decrypt(block), (key.hex(), block.hex())


def test_tables_of_a_licensee():
    chance = random.Random(7)
    for _ in range(20):
        shuffled = [tuple(chance.sample(range(size), size)) for size in (16, 16, 64)]
        tables = ea07_sta.Tables(*shuffled)
        key = chance.randbytes(8)
        quick, plain = (
            quick_ciphers.by_tables("07", key, tables),
            decoder.cipher("07", key, tables),
        )
        for block in (chance.randbytes(8) for _ in range(20)):
            assert quick.decrypt(block) == plain.decrypt(block)


@pytest.mark.parametrize("ea", SIZES)
def test_one_cipher_says_the_same_before_and_after_it_has_tables(ea):
    key = bytes(range(SIZES[ea]))
    grows, plain = quick_ciphers.cipher(ea, key), decoder.cipher(ea, key)
    blocks = [number.to_bytes(8, "big") for number in range(0, 10**18, 10**15)]
    assert [grows.decrypt(block) for block in blocks] == [plain.decrypt(one) for one in blocks]
    assert quick_ciphers.cipher(ea, key) is grows


@pytest.mark.parametrize(
    "wrong",
    [("12", bytes(16), None), ("11", bytes(15), None), ("07", bytes(16), None),
     ("07", bytes(8), ea07_sta.Tables((0,) * 16, *ea07_sta.SAMPLE[1:]))],
)  # fmt: skip
def test_what_the_plain_cipher_refuses_is_refused_with_the_same_words(wrong):
    with pytest.raises(ValueError) as plain:
        decoder.cipher(*wrong)
    with pytest.raises(ValueError) as quick:
        quick_ciphers.cipher(*wrong)
    assert str(quick.value) == str(plain.value)
