"""The texts of the shop: every language has all of them, and all of them are used."""

import json
import re
import string
from pathlib import Path

import pytest
from rigs.customers import Customer, text_of
from rigs.stations import DRN

import meter20.shop
from meter20 import DEVICE_ROOT
from meter20.shop import pages, texts

_SHOP = Path(meter20.shop.__file__).parent
_NAME = r"[a-z_]+(?:\.[a-z_0-9]+)?"


def used():
    """Return the names of texts that templates and modules name."""
    called = [
        name
        for template in (_SHOP / "templates").iterdir()
        for name in re.findall(rf'\bt\("({_NAME})"', template.read_text(encoding="utf-8"))
    ]
    known = set(texts.of("en"))
    said = [
        name
        for file in (*_SHOP.glob("*.py"), *(_SHOP / "templates").iterdir())
        for name in re.findall(rf'"({_NAME})"', file.read_text(encoding="utf-8"))
        if name in known and "." in name
    ]
    return {*called, *said}


def places(words):
    return sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)


def test_no_text_is_missing_or_unused_in_any_language():
    files = {path.stem for path in (_SHOP / "texts").iterdir()}
    assert files == set(texts.LANGUAGES)
    for language in texts.LANGUAGES:
        assert set(texts.of(language)) == used(), language


def test_every_language_puts_the_same_values_into_a_text():
    for name, words in texts.of("en").items():
        for language in texts.LANGUAGES:
            assert places(texts.of(language)[name]) == places(words), (language, name)
            assert texts.of(language)[name].strip(), (language, name)


def test_texts_are_in_order_and_once():
    for language in texts.LANGUAGES:
        pairs = json.loads(
            (_SHOP / "texts" / f"{language}.json").read_text(encoding="utf-8"),
            object_pairs_hook=list,
        )
        names = [name for name, _ in pairs]
        assert names == sorted(set(names)), language


@pytest.mark.parametrize(
    ("asked", "language"),
    [("fr", "fr"), ("fr-CI,fr;q=0.9,en;q=0.8", "fr"), ("de,en;q=0.5,fr;q=0.3", "en"), ("", "en"),
     ("de", "en"), ("fr;q=x, en", "en"), ("fr;q=0", "en")],
)  # fmt: skip
def test_language_is_the_one_that_the_browser_likes_best(asked, language):
    assert texts.chosen(asked) == language


def test_language_that_was_chosen_stays_and_numbers_are_written_its_way(station):
    customer = Customer(station, **{"Accept-Language": "en"})
    assert "Payer 200,00 ZAR (test)" in text_of(customer.get(
        "/quote", number=DRN, amount="200,00", lang="fr"
    ))  # fmt: skip
    assert "58,0 kWh" in customer.page.text
    assert "× 2,1345" in customer.page.text
    assert 'lang="fr"' in customer.get("/").text
    assert 'lang="en"' in customer.get("/", lang="en").text
    assert 'lang="en"' in customer.get("/", lang="xx").text


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [(0, 2, "0.00"), (5, 2, "0.05"), (-1234, 2, "-12.34"), (580, 1, "58.0")],
)
def test_decimals_are_exact(value, places, written):
    assert texts.decimal("en", value, places) == written


def test_scripts_are_those_of_the_pinned_package_and_need_nothing_from_elsewhere():
    package = DEVICE_ROOT / "node_modules" / "htmx.org"
    for ours, theirs in (("htmx.min.js", "dist/htmx.min.js"),
                         ("hx-sse.min.js", "dist/ext/hx-sse.min.js"),
                         ("htmx.LICENSE", "LICENSE")):  # fmt: skip
        assert (pages.STATIC / ours).read_bytes() == (package / theirs).read_bytes(), ours
    for path in (_SHOP / "templates").iterdir():
        page = path.read_text(encoding="utf-8")
        assert "//" not in page, path.name
        assert not re.search("<script[^>]* defer", page), "htmx may begin before its extension"
        assert not re.search(r"<script(?! src=)| on\w+=|style=|javascript:", page), path.name
