"""Amounts to fields: rounding, its direction, and the ends."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sts import amount

from meter20.vending import amounts

LARGEST = 18201624
LARGEST_CURRENCY = amount.from_currency_field(0x7FFFF)


@pytest.mark.parametrize(
    "value, field",
    [
        (0, 0),
        (16383, 0x3FFF),
        (16384, 0x4000),
        (16385, 0x4001),
        (180214, 0x7FFF),
        (180215, 0x8000),
        (180223, 0x8000),
        (180224, 0x8000),
        (180225, 0x8001),
        (1818623, 0xC000),
        (1818624, 0xC000),
        (LARGEST - 1, 0xFFFF),
        (LARGEST, 0xFFFF),
    ],
)
def test_amount_is_rounded_up_across_the_exponents(value, field):
    assert amounts.to_field(value) == field


@given(st.integers(1, LARGEST))
def test_field_is_the_smallest_that_is_not_below(value):
    field = amounts.to_field(value)
    assert amount.from_field(field - 1) < value <= amount.from_field(field)


@given(st.integers(0, 0xFFFF))
def test_every_field_comes_back(field):
    assert amounts.to_field(amount.from_field(field)) == field


@pytest.mark.parametrize("value", [-1, LARGEST + 1])
def test_amount_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match="0 to 18201624"):
        amounts.to_field(value)


@pytest.mark.parametrize("value, field", [(100000, 0x060AA), (-100000, 0x860A9), (0, 0)])
def test_currency_of_the_compliance_suite(value, field):
    assert amounts.to_currency_field(value) == field


@given(st.integers(-LARGEST_CURRENCY, LARGEST_CURRENCY) | st.integers(-(10**9), 10**9))
@example(LARGEST_CURRENCY)
@example(-LARGEST_CURRENCY)
@example(-180223)
def test_currency_is_rounded_towards_plus_infinity(value):
    field = amounts.to_currency_field(value)
    assert amount.from_currency_field(field) >= value
    closer = field - 1 if value > 0 else field + 1  # the next number towards minus infinity
    if 0 < field < 0x7FFFF or 0x80000 < field < 0xFFFFF:
        assert amount.from_currency_field(closer) < value


@pytest.mark.parametrize("sign", [1, -1])
def test_currency_beyond_the_largest_exponent_is_refused(sign):
    with pytest.raises(ValueError, match="too large"):
        amounts.to_currency_field(sign * (LARGEST_CURRENCY + 1))
