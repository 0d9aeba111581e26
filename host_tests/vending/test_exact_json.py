"""What is sealed is written to the octet as Python's `json` writes it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meter20.vending import exact_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_it_is_what_json_writes(value):
    for written, in_order in (
        (exact_json.written, False),
        (exact_json.written_in_order, True),
    ):
        plain = json.dumps(value, separators=(",", ":"), sort_keys=in_order)
        assert written(value) == plain.encode()
    assert exact_json.text(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("code", range(0x100))
def test_each_character_of_the_first_is_written_alike(code):
    text = f"a{chr(code)}z"
    assert exact_json.written({text: text}).decode() == json.dumps(
        {text: text}, separators=(",", ":")
    )
