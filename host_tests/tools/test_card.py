"""The card and the table of signals say what the firmware's own tables say."""

import re

import pytest
from drivers import leds
from panel import short_codes
from ports.keypad import KEYS

from meter20.board import boards, card, wiring


@pytest.mark.parametrize("file", [card.CARD, card.SIGNALS], ids=lambda file: file.name)
def test_what_is_made_is_fresh(file):
    assert file.read_text(encoding="utf-8") == card.files()[file], "make card"


def test_every_tune_and_no_other_has_a_meaning_and_a_sound_of_its_own():
    made = card.tunes()
    assert set(card.TUNES) == set(made)
    sounds = [card.sound(tune) for tune in made.values()]
    assert len(set(sounds)) == len(sounds)


def test_every_short_code_is_on_the_card():
    assert set(card.SHOWN) == set(short_codes._SCREENS)
    known = [line.split()[0] for line in short_codes.COMMON.split("\n") if line]
    told = set()
    for codes, _what in card.codes():
        first, *last = re.findall(r"#(\w+)#", codes)
        between = range(int(first), int(last[0])) if last else ()
        told |= {first, *last, *(str(code) for code in between)}
    assert told == {*known, short_codes.EMERGENCY, short_codes.SELF_TEST, "456nn", "123nn"}


def test_every_key_is_on_the_card():
    told = " ".join(row[0] for row in card.key_rows())
    assert set(KEYS) <= set(told.replace("`0`-`9`", "0123456789"))


def test_every_light_of_the_firmware_is_told_and_is_on_every_board():
    lights = {light for light, _does, _means in card.LIGHTS}
    drivers = {name for name in vars(leds) if name.endswith("Led")}
    assert lights == {re.sub("Led", "_led", name).lower() for name in drivers}
    for board in boards.meters():
        assert lights <= set(wiring.load(board.name).Board.pins)
