"""A large station's tables in pieces: the loads of its meters, split as docs/scale.md has it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from rigs.stations import furnished
from sqlalchemy import func, select, text

from meter20.ami import reports
from meter20.ami.reports import Report
from meter20.fleet import books
from meter20.vending.report_models import MeterLoad
from meter20.vending.station import Station
from meter20.vending.storage import Storage

_DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"


@pytest.fixture
def split(postgresql_database, secret, clock):
    """Return a station whose table of loads was split by the statements of the document."""
    storage = Storage(postgresql_database)
    station = furnished(Station.found(storage, secret, "kiosk", "thandi", clock))
    (statements,) = re.findall(r"```text\n(DROP TABLE .*?)```", _DOCUMENT.read_text(), re.DOTALL)
    with storage.sharing() as session:
        for statement in statements.split(";"):
            if statement.strip():
                session.execute(text(statement))
    yield station
    storage.close()


def test_loads_are_kept_and_dropped_in_a_table_that_is_split(split, clock):
    drns = [spec.drn for some in books.enrol(split, 40, {}) for spec in some]
    for hours in (0, 1, 49):
        clock.advance(hours=hours)
        for power_w in (5, 7):
            told = [Report(drn, {"total_wh": hours, "power_w": power_w}) for drn in drns]
            with split.sharing() as session:
                reports.keep(session, told, clock())
        with split.looking() as session:
            rows = list(session.scalars(select(MeterLoad)))
            assert len(rows) == len(drns) * {0: 1, 1: 2, 49: 1}[hours]
            assert {row.power_w for row in rows} == {7}
            pieces = session.scalars(text("SELECT DISTINCT tableoid FROM meter_load")).all()
            assert len(pieces) == 4
    assert timedelta(hours=49) > reports._KEPT
    with split.looking() as session:
        assert session.scalar(select(func.max(MeterLoad.total_wh))) == 49
