"""The words of the standard lead to the glossary where they first stand in a document."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs/glossary.md"
WORDS = ("TID", "SGC", "KRN", "TI", "KEN", "RO")
DOCUMENTS = [
    path
    for pattern in ("README.md", "docs/*.md", "boards/**/*.md", "host_tests/**/README.md")
    for path in sorted(ROOT.glob(pattern))
    if path != GLOSSARY
]
#: What is no prose: blocks, headings, comments, code, addresses of links and pictures.
_OTHER = re.compile(
    r"^ *```.*?^ *```$|^#.*?$|<!--.*?-->|`[^`\n]*`|!?\[[^\]]*\]\([^)]*\)|^    .*?$",
    re.DOTALL | re.MULTILINE,
)


def without_link(text, address):
    """Return the WORDS that stand in the prose of `text` before they lead to `address`."""
    prose = _OTHER.sub(lambda found: " " * len(found[0]), text)
    missing = []
    for word in WORDS:
        plain = re.search(rf"\b{word}s?\b", prose)
        link = re.search(rf"\[{word}s?\]\({re.escape(address)}#\w+\)", text)
        if plain and not (link and link.start() < plain.start()):
            missing.append(word)
    return missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_word_of_the_standard_leads_to_the_glossary_where_it_first_stands(path):
    address = os.path.relpath(GLOSSARY, path.parent)
    assert without_link(path.read_text(encoding="utf-8"), address) == []


def test_every_word_is_in_the_section_of_the_glossary_that_links_name():
    sections = re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = {
        section.partition("\n")[0].lower(): re.findall(r"^\| ([A-Z]+) \|", section, re.MULTILINE)
        for section in sections
    }
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for word, name in re.findall(r"\[([A-Z]+?)s?\]\([\w./]*glossary\.md#(\w+)\)", text):
            assert word in rows[name], f"{path.name}: {word} in {name}"


def test_word_that_stands_before_its_link_is_found():
    assert without_link("A TID and [TID](glossary.md#tokens)", "glossary.md") == ["TID"]
    assert without_link("[TIDs](glossary.md#tokens), then a TID and `KRN`", "glossary.md") == []
