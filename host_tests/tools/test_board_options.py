"""The options of a board: what `--set` takes, what a board remembers, and what is said of it."""

import re
from pathlib import Path

import pytest

from meter20.board import boards, flashing, options

KNOWN = flashing.known_options("rp2_pico")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("no_such=1", "no_such=1: this board has no option no_such; it has clock_kind, "),
        ("folder=/sd", "folder=/sd: this board has no option folder"),
        ("has_wifi=True", "has_wifi=True: this board has no option has_wifi"),
        ("demo_imp_per_kwh=0", "demo_imp_per_kwh=0: demo_imp_per_kwh is 1 to 100000"),
        ("demo_load", "'demo_load' is not NAME=VALUE, such as demo_load=True"),
        ("=1", "'=1' is not NAME=VALUE, such as demo_load=True"),
        ("demo_load=yes", "demo_load=yes: demo_load is True or False, such as False"),
        ("lcd_address=x", "lcd_address=x: lcd_address is a whole number, such as 39"),
        ("dlms_uart=x", "dlms_uart=x: dlms_uart is a whole number or None, such as None"),
        ("display_kind=oled", "display_kind=oled: display_kind is 'lcd2004' or 'lcd1602' or "),
        ("credit_digits=5", "credit_digits=5: credit_digits is 0 or 4 or 6"),
        ("keys=1234", "keys=1234: keys are 12 or 16 of 0123456789*#ABCD, each once"),
        ("keys=1123456789*0", "keys=1123456789*0: keys are 12 or 16 of "),
        ("keys=11234567890#", "keys=11234567890#: keys are 12 or 16 of "),
    ],
)
def test_option_that_a_board_does_not_take_is_refused_in_words(option, words):
    with pytest.raises(ValueError, match="^" + re.escape(words)):
        options.chosen("", [option], KNOWN)


def test_what_a_board_remembers_stays_until_it_is_set_or_forgotten():
    remembered = "demo_load=True\nrelay=latching\n"
    assert options.chosen(remembered, [], KNOWN).options == ("demo_load=True", "relay=latching")
    changed = options.chosen(remembered, ["relay=plain", "dlms_uart=0"], KNOWN)
    assert changed.options == ("demo_load=True", "relay=plain", "dlms_uart=0")
    assert changed.lines == [
        "dropped relay=latching: it is relay=plain now", "demo_load=True is kept from before",
    ]  # fmt: skip
    assert options.chosen(remembered, ["relay=latching"], KNOWN).dropped == ()
    forgotten = options.chosen(remembered, ["relay=latching"], KNOWN, forget=True)
    assert (forgotten.options, forgotten.lines) == (
        ("relay=latching",), ["dropped demo_load=True: --forget"],
    )  # fmt: skip


def test_what_a_board_remembers_of_another_board_is_dropped_with_the_reason():
    found = options.chosen("no_such=1\n\x1b]0;x\n", [], KNOWN)
    assert found.options == ()
    assert [words[:30] for words in found.lines] == [
        "dropped no_such=1: this board ", "dropped '\\x1b]0;x' is not NAME",
    ]  # fmt: skip


@pytest.mark.parametrize("board", [one.name for one in boards.every() if not one.has_own_program])
def test_values_as_delivered_are_among_those_that_can_be_set(board):
    for name, value in flashing.known_options(board).items():
        assert options.value(f"{name}={value}", flashing.known_options(board)) == (name, value)


def test_every_option_of_the_document_can_be_set():
    text = (Path(__file__).parents[2] / "boards/README.md").read_text(encoding="utf-8")
    section = text.partition("These options of")[2].partition("**One board")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    told = {}
    for names, delivered, others in rows:
        for name in re.findall(r"`(\w+)`", names):
            told[name] = set(re.findall(r'"([^"]*)"', delivered + others))
    assert {"display_kind", "dlms_uart", "keys", "service_open"} <= set(told)
    assert set(told) <= set(KNOWN)
    for name, values in options.VALUES.items():
        texts = {value for value in values if isinstance(value, str)}
        assert not texts or told[name] == texts
