"""What `make growth` measures and how docs/performance.md tells it."""

import json
from xml.etree import ElementTree

import pytest
from campaigns import growth, growth_page, peers, vend_campaign
from sts import tid

from meter20.vending import sealing

KEPT = json.loads(growth_page.KEPT.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """What a measure sets is for the process of one figure."""
    monkeypatch.setattr(tid, "CAPACITY", tid.CAPACITY)
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)
    monkeypatch.setattr(growth, "_SALES", 2)
    monkeypatch.setattr(growth, "_BULK", 3)


@pytest.mark.parametrize(
    ("name", "size"), [("tids", 60), ("decoding", 2), ("sales", 7), ("meters", 2), ("days", 1)]
)
def test_each_figure_of_a_series_is_measured(name, size):
    series = growth.SERIES[name]
    found = series.measure(size)
    assert list(found) == list(series.figures)
    assert all(value > 0 for value in found.values())


def test_books_that_were_filled_in_bulk_are_whole(tmp_path):
    station = vend_campaign.found(str(tmp_path / "station.sqlite"))
    growth.fill(station, 7)
    report = station.verify()
    assert report.broken is None, report
    assert len(report.slips) == 0
    with station.looking() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM slip").scalar() == 7


def test_all_decoders_read_the_same_tokens(monkeypatch):
    monkeypatch.setattr(peers, "_PAYGO_TOKENS", 20)
    found = peers.decoders(growth.tokens(20), growth.KEY)
    assert list(found) == list(growth.SERIES["peers"].figures)
    assert all(value is None or value > 0 for value in found.values())


def test_page_has_every_figure_that_was_kept_with_its_command():
    assert list(KEPT) == list(growth.SERIES)
    assert growth_page.tables(KEPT) in growth_page.PAGE.read_text(encoding="utf-8")
    for name, series in growth.SERIES.items():
        assert [row["size"] for row in KEPT[name]["rows"]] == list(series.sizes)
        assert KEPT[name]["figures"] == series.figures


def test_picture_shows_what_was_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(growth_page, "PICTURE", tmp_path / "growth.svg")
    growth_page.draw(KEPT)
    drawn, there = (
        _texts(path) for path in (growth_page.PICTURE, growth_page.ROOT / "docs" / "growth.svg")
    )
    assert drawn == there


def _texts(path):
    return [each.text for each in ElementTree.parse(path).iter("{*}text")]
