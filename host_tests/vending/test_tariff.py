"""Tariffs: every cent that was paid is on the receipt, and no more energy than it pays for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sts import amount

from meter20.vending import decimal_text, refusal, tariff, typed_lines
from meter20.vending.amounts import to_field
from meter20.vending.refusal import Refusal
from meter20.vending.tariff import MAX_UNITS, Account, Tariff

PRICES = st.integers(1, 50_00000)


@st.composite
def tariffs(draw):
    """Return any tariff of up to four steps."""
    ends = sorted(draw(st.lists(st.integers(1, 20_000), max_size=3)))
    prices = draw(st.lists(PRICES, min_size=len(ends) + 1, max_size=len(ends) + 1))
    return Tariff(
        currency="ZAR",
        steps=tuple(zip([*ends, None], prices, strict=True)),
        tax=draw(st.integers(0, 3000)),
        fixed=draw(st.integers(0, 20_000)),
        fixed_per=draw(st.sampled_from(["month", "purchase"])),
        debt_share=draw(st.integers(0, 100)),
        free=draw(st.integers(0, 1000)),
    )


ACCOUNTS = st.builds(
    Account,
    debt=st.integers(0, 1_000_000),
    carried=st.integers(0, 500),
    bought=st.integers(0, 30_000),
    fixed_due=st.booleans(),
    free_due=st.booleans(),
)


def adds_up(quote):
    assert sum(cents for _, cents in quote.lines) == quote.paid
    assert quote.carried >= 0
    assert quote.debt >= 0


@given(tariffs(), st.integers(1, 100_000_00), ACCOUNTS)
def test_money_adds_up_and_buys_all_it_can(terms, paid, account):
    try:
        quote = terms.for_money(paid, account)
    except Refusal as refused:
        assert refused.code == refusal.VALUE
        return
    adds_up(quote)
    assert quote.paid == paid
    assert quote.debt <= account.debt
    assert amount.from_field(to_field(quote.units)) == quote.units  # the token says just that
    if quote.units < 16_383:  # then 0.1 kWh more is a number too, and was not affordable
        more = terms._total(quote.units + 1, terms._fixed_due(account), account.bought)
        assert more > paid + account.carried - quote.debt


@given(tariffs(), st.integers(1, 16_383), ACCOUNTS)
def test_energy_adds_up_and_is_exactly_what_was_asked_for(terms, units, account):
    try:
        quote = terms.for_energy(units, account)
    except Refusal as refused:
        assert refused.code == refusal.STATE
        return
    adds_up(quote)
    assert quote.units == units


@given(tariffs(), st.integers(1, 10_000_00), ACCOUNTS)
def test_transfer_of_money_adds_up(terms, paid, account):
    try:
        adds_up(terms.for_transfer(paid, account))
    except Refusal as refused:
        assert refused.code == refusal.VALUE


@given(tariffs(), st.integers(10_00, 10_000_00), st.integers(0, 3))
def test_two_purchases_buy_as_much_as_one_to_the_last_step(terms, paid, cents):
    """What is carried on is not lost: the next purchase pays with it."""
    account = Account(fixed_due=False)
    try:
        first = terms.for_money(paid, account)
        again = Account(bought=first.units, carried=first.carried, fixed_due=False)
        second = terms.for_money(paid + cents, again)
    except Refusal:
        return
    adds_up(second)
    assert second.paid == paid + cents


@given(st.integers(0, MAX_UNITS))
def test_carried_by_token_is_the_largest_that_a_token_can_say(units):
    below = tariff.carried_by_token(units)
    assert below <= units
    assert amount.from_field(to_field(below)) == below
    if below < units:
        assert amount.from_field(to_field(below + 1)) > units


def home(**terms):
    return Tariff.from_terms(
        {
            "currency": "ZAR", "tax_percent": "15",
            "steps": [{"up_to_kwh": "350", "price": "2.1345"}, {"price": "2.98"}],
        } | terms
    )  # fmt: skip


def test_example_of_the_manual():
    """R 200: R 50 fixed, R 123.80 for 58.0 kWh, 15 % tax on both, 13 cents carried on."""
    quote = home(fixed_charge="50").for_money(200_00, Account())
    assert quote.lines == [
        ["Fixed charge", 50_00],
        ["58.0 kWh at 2.1345", 123_80],
        ["Tax 15 %", 26_07],
        ["Carried on", 13],
    ]


def test_kwh_have_one_decimal():
    texts = [decimal_text.kwh(units) for units in (0, 7, 10, 16_383, MAX_UNITS)]
    assert texts == ["0.0", "0.7", "1.0", "1638.3", "1820162.4"]


def test_steps_follow_what_was_bought_this_month():
    quote = home().for_energy(200, Account(bought=3400))
    assert [words for words, _ in quote.lines[:2]] == ["10.0 kWh at 2.1345", "10.0 kWh at 2.98"]


@pytest.mark.parametrize(
    ("price", "words"),
    [("2.3", "2.30"), ("3", "3.00"), ("0", "0.00"), ("0.00001", "0.00001"), ("12.340", "12.34")],
)
def test_price_has_two_decimals_or_as_many_as_it_needs(price, words):
    quote = home(steps=[{"price": price}]).for_energy(10, Account())
    assert f"1.0 kWh at {words}" in dict(quote.lines)


def test_debt_is_repaid_by_its_share_and_never_more_than_is_owed():
    share = home(debt_share_percent=25)
    assert share.for_money(200_00, Account(debt=500_00)).debt == 50_00
    assert share.for_money(200_00, Account(debt=7_00)).debt == 7_00


def test_fixed_charge_once_a_month_or_at_every_purchase():
    paid_already = Account(fixed_due=False)
    assert not home(fixed_charge="5").for_money(100_00, paid_already).fixed
    assert home(fixed_charge="5", fixed_per="purchase").for_money(100_00, paid_already).fixed


@pytest.mark.parametrize(
    "terms",
    [
        {"steps": []}, {"steps": [{"up_to_kwh": "1", "price": "1"}]}, {"steps": [{}]},
        {"steps": [{"up_to_kwh": 9, "price": 1}, {"up_to_kwh": 8, "price": 1}, {"price": 1}]},
        {"steps": 5}, {"tax_percent": "x"}, {"tax_percent": "1.555"}, {"colour": "blue"},
        {"fixed_per": "year"}, {"debt_share_percent": 101}, {"fixed_charge": "-1"},
        {"free_kwh": "0.05"}, {"steps": [{"price": "1.234567"}]}, {"tax_percent": "NaN"},
    ],
)  # fmt: skip
def test_terms_that_are_none_are_refused(terms):
    with pytest.raises(Refusal):
        home(**terms)


def test_term_that_is_not_known_is_named():
    with pytest.raises(Refusal, match=r"no term 'colour', but these: .*steps"):
        home(colour="blue")


@pytest.mark.parametrize(
    ("terms", "account", "words"),
    [({}, Account(), "0.01 ZAR buys less than 0.1 kWh: 0.1 kWh costs 0.24."),
     ({"fixed_charge": 5}, Account(),
      "0.01 ZAR buys less than 0.1 kWh: with the fixed charge 0.1 kWh costs 5.99."),
     ({"debt_share_percent": 100}, Account(debt=3),
      "0.01 ZAR buys less than 0.1 kWh: 0.01 of it repays debt, and 0.1 kWh costs 0.24.")],
)  # fmt: skip
def test_sum_that_buys_nothing_is_refused_with_what_there_is_to_pay_first(terms, account, words):
    with pytest.raises(Refusal) as why:
        home(**terms).for_money(1, account)
    assert str(why.value) == words


@pytest.mark.parametrize(
    ("terms", "account", "first"),
    [({"fixed_charge": 5}, Account(), "the fixed charge (5.75)"),
     ({"debt_share_percent": 100}, Account(debt=3), "debt (0.01)"),
     ({"fixed_charge": 5, "debt_share_percent": 100}, Account(debt=3),
      "debt (0.01) and the fixed charge (5.75)")],
)  # fmt: skip
def test_sum_that_does_not_cover_what_comes_first_is_refused_with_that(terms, account, first):
    with pytest.raises(Refusal) as why:
        home(**terms).for_transfer(1, account)
    assert str(why.value) == f"0.01 ZAR does not cover {first}."


@pytest.mark.parametrize(
    ("text", "words"),
    [("12.34", "12.3 or, rounded up as the standard does, 12.4"), ("x", "not an amount"),
     ("-1", "not an amount"), ("1e20", "not an amount"), ("Infinity", "not an amount")],
)  # fmt: skip
def test_energy_that_no_token_says_is_refused_with_its_neighbours(text, words):
    with pytest.raises(Refusal, match=words):
        decimal_text.tenths(text, "kwh")


@pytest.mark.parametrize("units", [-1, 0, MAX_UNITS + 1])
def test_energy_that_no_token_carries_is_refused(units):
    with pytest.raises(Refusal, match=r"A token carries 0\.1 to 1820162\.4 kWh, not"):
        home().for_energy(units, Account())


def test_the_least_and_the_most_that_a_token_carries_are_sold():
    for units in (1, MAX_UNITS):
        assert home().for_energy(units, Account()).units == units


def test_steps_of_large_amounts_are_named():
    with pytest.raises(Refusal, match=r"1699\.4 or 1700\.4"):
        home().for_energy(17001, Account())


def test_too_little_money_says_what_it_takes():
    with pytest.raises(Refusal, match=r"fixed charge 0\.1 kWh costs 57\.74"):
        home(fixed_charge="50").for_money(50_00, Account())


@given(tariffs(), st.integers(0, 100_000_00), ACCOUNTS)
def test_search_for_what_is_affordable_starts_around_it(terms, cents, account):
    fixed = terms._fixed_due(account)
    few, many = terms._bracket(cents, fixed)
    assert few == 0 or terms._total(few, fixed, account.bought) <= cents
    assert many == MAX_UNITS or terms._total(many + 1, fixed, account.bought) > cents


def test_energy_at_no_price_is_given_up_to_the_end_of_its_step():
    free = home(steps=[{"up_to_kwh": "50", "price": "0"}, {"price": "2"}], tax_percent="0")
    assert free.for_money(20_00, Account(fixed_due=False)).units == 500 + 100
    rest = home(steps=[{"price": "0"}], tax_percent="0")
    assert rest.for_energy(10, Account(fixed_due=False)).paid == 0


def test_half_a_cent_is_rounded_up_and_less_is_not():
    for price, cents in (("0.05", 1), ("0.04999", 0), ("0.15", 2), ("0.14999", 1)):
        terms = {"steps": [{"price": price}], "tax_percent": "0"}
        assert home(**terms).for_energy(1, Account()).paid == cents


def test_receipt_tells_tax_before_what_is_carried():
    quote = home(tax_percent="12.5").for_money(100_00, Account(debt=0, carried=7))
    words = [words for words, _ in quote.lines]
    assert words[1:] == ["Tax 12.5 %", "Carried over", "Carried on"]
    assert typed_lines.of([["debt", 5]]) == [("debt", 5, 0, 0)]


def test_what_a_tariff_or_a_customer_says_nothing_of_is_not_there():
    assert Tariff("", ((None, 298_000),)) == Tariff.from_terms({"steps": [{"price": "2.98"}]})
    assert Account() == Account(debt=0, carried=0, bought=0, fixed_due=True, free_due=True)


def test_amounts_end_below_a_million_millions():
    assert decimal_text.hundredths("999999999999", "money") == 999_999_999_999_00
    with pytest.raises(Refusal):
        decimal_text.hundredths("1000000000000", "money")


@pytest.mark.parametrize(
    ("units", "below", "above"),
    [
        (16_385, "1638.4", "1639.4"), (180_223, "18021.4", "18022.4"),
        (10**12 + 1, "99994444262.4", "100004444262.4"),
    ],
)  # fmt: skip
def test_energy_that_no_token_says_is_refused_at_once_with_its_neighbours(units, below, above):
    with pytest.raises(Refusal) as caught:
        tariff.check_exact(units)
    for end in (below, above):
        tariff.check_exact(round(float(end) * 10))
    assert str(caught.value).endswith(f"take {below} or {above}.")
