"""Boards on the emulated chip."""

import sys

import pytest
from fakes.board_bench import CHIPS, Bench  # noqa: F401  for the tests beside this file

from meter20.board import wiring


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The folder in which a board's files lie."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(Bench, "folder", str(folder))
    return folder


@pytest.fixture
def fresh_modules():
    """The modules of the firmware are read anew, as by a board that starts."""
    rooms = ("drivers", "meter", "ports", "sts", "reference_meter", "rp2_meter", "esp32_meter")
    kept = dict(sys.modules)
    for module in kept:
        if module.partition(".")[0] in rooms:
            del sys.modules[module]
    yield rooms
    sys.modules.clear()
    sys.modules.update(kept)


@pytest.fixture
def frozen(monkeypatch):
    """A frozen RP2040 build: `meter_flash` exists."""
    monkeypatch.syspath_prepend(str(wiring.BOARDS / "common" / "rp2_frozen"))
    yield
    monkeypatch.delitem(sys.modules, "meter_flash", raising=False)
