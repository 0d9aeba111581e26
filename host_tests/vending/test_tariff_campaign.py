"""Two tills with clocks that step, beside a plain model of tariff and time: a small slice."""

import pytest
from campaigns import tariff_campaign

from meter20.vending import meter_time, station_time


def test_no_charge_or_gift_comes_twice_and_limits_are_kept(tmp_path, note):
    note(tariff_campaign.run(tmp_path, 300, seed=1))


def test_month_that_follows_the_clock_back_is_found(tmp_path, monkeypatch):
    def obedient(desk, meter):
        name = station_time.month(desk.now, desk.zone)
        return meter_time._current(meter) if name == meter.period else meter_time.Month(name)

    monkeypatch.setattr(meter_time, "month_now", obedient)
    with pytest.raises(AssertionError):
        tariff_campaign.run(tmp_path, 1000, seed=1)
