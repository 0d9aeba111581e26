"""Four processes selling at once: no minute twice, none going back, one whole log."""

import pytest
from campaigns import vend_bench, vend_campaign


@pytest.mark.parametrize(("total", "chunk"), [(400, 1), (1600, 50)])
def test_campaign(where, note, total, chunk):
    note(vend_campaign.run(where, total, 4, chunk))


def test_bench_tells_both_rates_and_what_the_disk_allows():
    for line in vend_bench.lines(one_each=3, batch=6, runs=1):
        assert "tokens/s" in line
        assert "tokens/CPU s" in line
        assert "fsync" in line
