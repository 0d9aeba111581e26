"""The encryption of blocks: against the standard's examples, and back through the meter's side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sts.ea07_sta import SAMPLE, Sta, Tables
from sts.ea11_misty1 import Misty1

from meter20.vending.misty1_encrypt import Misty1Encrypt
from meter20.vending.sta_encrypt import StaEncrypt

BLOCKS = st.binary(min_size=8, max_size=8)


def keys(size):
    return st.binary(min_size=size, max_size=size)


def permutations(size):
    return st.permutations(range(size)).map(tuple)


def test_some_rounds_of_the_first_token_of_the_compliance_suite():
    rounds = list(
        StaEncrypt(bytes.fromhex("e653341f9d5bf36f")).rounds(bytes.fromhex("05599863000119e6"))
    )
    assert len(rounds) == 16
    assert rounds[0] == (0xC9019ACCBE062A40, 0x6AF1D2C466CAAD70, 0xE7EC9B7813D510A1)
    assert rounds[1] == (0x920335997C0C5481, 0x82761DE2A49AAC1A, 0x3F5006C89EC517C1)
    assert rounds[15] == (0xCD665F0315206480, 0xEEDDB6556166669B, 0xA94EBA51793D8FBD)


def test_examples_of_rfc_2994():
    cipher = Misty1Encrypt(bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert cipher.encrypt(bytes.fromhex("0123456789abcdef")).hex() == "8b1da5f56ab3d07c"
    assert cipher.encrypt(bytes.fromhex("fedcba9876543210")).hex() == "04b68240b13be95d"


@given(keys(8), BLOCKS)
def test_meter_undoes_ea07(key, block):
    assert Sta(key).decrypt(StaEncrypt(key).encrypt(block)) == block


@given(keys(8), BLOCKS, permutations(16), permutations(16), permutations(64))
def test_meter_undoes_ea07_with_any_tables(key, block, s1, s2, p):
    tables = Tables(s1, s2, p)
    assert Sta(key, tables).decrypt(StaEncrypt(key, tables).encrypt(block)) == block


@given(keys(16), BLOCKS)
def test_meter_undoes_ea11(key, block):
    assert Misty1(key).decrypt(Misty1Encrypt(key).encrypt(block)) == block


@pytest.mark.parametrize("cipher, size", [(StaEncrypt, 16), (StaEncrypt, 0), (Misty1Encrypt, 8)])
def test_other_key_lengths_are_refused(cipher, size):
    with pytest.raises(ValueError, match="takes a key of"):
        cipher(bytes(size))


def test_tables_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="table s1"):
        StaEncrypt(bytes(8), Tables((0,) * 16, SAMPLE.s2, SAMPLE.p))
