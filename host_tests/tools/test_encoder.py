"""The encoder, against every vector and, for every kind of token, against the decoder."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sts import decoder, digits, kinds

from meter20.vending import amounts, encoder, tid_clock

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]
GENERATED = [vector for vector in VECTORS if vector["type"] == "generate"]
KEYS = {"07": bytes.fromhex("e653341f9d5bf36f"), "11": bytes(range(16))}
CREDIT = {"rnd": 5, "tid": 5871660, "amount_field": 1}


@pytest.mark.parametrize("vector", GENERATED, ids=lambda vector: vector["id"])
def test_vector_is_encoded(vector):
    key = bytes.fromhex(vector["decoder_key"]) if vector["ea"] else None
    assert encoder.encode(vector["kind"], vector["ea"], key, vector["fields"]) == vector["token"]


@pytest.mark.parametrize("vector", GENERATED, ids=lambda vector: vector["id"])
def test_fields_of_a_vector_follow_from_its_request(vector):
    inputs, fields = vector["inputs"], vector["fields"]
    if "issue" in inputs:
        issue = datetime.fromisoformat(inputs["issue"])
        assert tid_clock.tid_of(issue, inputs["base_date"]) == fields["tid"]
    if "units" in inputs:
        whole, _, tenths = inputs["units"].partition(".")
        assert amounts.to_field(int(whole) * 10 + int(tenths or 0)) == fields["amount_field"]
    if "watts" in inputs:
        assert amounts.to_field(int(inputs["watts"])) == fields["value"]


@st.composite
def tokens(draw):
    only, kind, layout = draw(st.sampled_from(kinds.TABLE))[2:]
    ea = only or draw(st.sampled_from(("07", "11")))
    return ea, kind, {name: draw(st.integers(0, (1 << bits) - 1)) for name, bits in layout}


@given(tokens())
def test_decoder_reads_whatever_is_encoded(token):
    ea, kind, fields = token
    typed = encoder.encode(kind, ea, KEYS[ea], fields)
    decoded = decoder.decode(digits.parse(typed), decoder.cipher(ea, KEYS[ea]), ea)
    assert (decoded.kind, decoded.fields, decoded.crc_ok) == (kind, fields, True)


def test_currency_example():
    key = bytes.fromhex("929bd3a415c9420a05ec5ee9f3ce91c3")  # test key
    field = amounts.to_currency_field(100000)
    fields = {"se": field >> 16, "tid": 0x52B139, "amount_field": field & 0xFFFF}
    assert encoder.encode(kinds.ELECTRICITY_CURRENCY, "11", key, fields) == "42612856936749906813"


def test_reserved_bits_need_not_be_given():
    with_zero = encoder.encode(kinds.KEY_3, "07", KEYS["07"], {"sgc": 123456, "reserved": 0})
    assert encoder.encode(kinds.KEY_3, "07", KEYS["07"], {"sgc": 123456}) == with_zero


@pytest.mark.parametrize(
    "kind, ea, key, fields, words",
    [
        ("TransferCredit.steam", "11", bytes(16), CREDIT, "unknown kind"),
        (kinds.KEY_4, "07", bytes(8), {"sgcho": 0, "nkmo1": 0}, "no Set4th"),
        (kinds.ELECTRICITY, "09", bytes(8), CREDIT, "must be 07 or 11"),
        (kinds.KEY_3, None, bytes(8), {"sgc": 1}, "must be 07 or 11"),
        (kinds.ELECTRICITY, "11", None, CREDIT, "needs a decoder key"),
        (kinds.ELECTRICITY, "11", bytes(8), CREDIT, "16 bytes"),
        (kinds.ELECTRICITY, "07", bytes(16), CREDIT, "8 bytes"),
        (kinds.ELECTRICITY, "11", bytes(16), {"rnd": 5, "tid": 1}, "lacks the field"),
        (kinds.ELECTRICITY, "11", bytes(16), {**CREDIT, "value": 1}, "has no field 'value'"),
        (kinds.ELECTRICITY, "11", bytes(16), {**CREDIT, "tid": 1 << 24}, "0 to 16777215"),
        (kinds.ELECTRICITY, "11", bytes(16), {**CREDIT, "rnd": -1}, "0 to 15"),
        (kinds.ELECTRICITY, "11", bytes(16), {**CREDIT, "rnd": "5"}, "whole number"),
        (kinds.ELECTRICITY, "11", bytes(16), {**CREDIT, "rnd": 5.0}, "whole number"),
        (kinds.ELECTRICITY, "11", bytes(16), {**CREDIT, "rnd": True}, "whole number"),
    ],
)
def test_refusal_says_what_is_wrong(kind, ea, key, fields, words):
    with pytest.raises(ValueError, match=words):
        encoder.encode(kind, ea, key, fields)


def test_ea11_takes_no_tables():
    with pytest.raises(ValueError, match="only EA07"):
        encoder.encode(kinds.ELECTRICITY, "11", bytes(16), CREDIT, encoder.SAMPLE)
