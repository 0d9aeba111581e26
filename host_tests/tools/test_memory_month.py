"""The report on memory notices what it is there for. The month itself: `make memory`."""

import pytest
from campaigns import memory_month
from campaigns.memory_month import (
    BOOT_LIMITS,
    FILES,
    FROZEN,
    GROWTH_LIMIT,
    Run,
    faults,
    pools,
    read,
)
from campaigns.memory_story import COMMISSION_WH, TOKEN_WH, Story
from runner import unix32

PRINTED = """
qstr pool: n_pool=5, n_qstr=500, n_str_data_bytes=4706, n_total_bytes=9202
boot 90000 20000
qstr pool: n_pool=7, n_qstr=1600, n_str_data_bytes=17270, n_total_bytes=35270
reply Accept
reply UsedError
read 600 400 UsedError
day 1 91000
reply Accept
day 2 91500
end 80000 0
mem: total=3252, current=895, peak=2061
GC: total: 192064, used: 976, free: 191088
 No. of 1-blocks: 11, 2-blocks: 3, max blk sz: 12, max free sz: 500
"""
STORY = Story(2)


def healthy():
    return Run(
        boot=BOOT_LIMITS[FROZEN],
        days=[50_000, 50_000 + GROWTH_LIMIT],
        results=STORY.results.copy(),
        credit_wh=STORY.sold_wh - 700,
        total_wh=700,
    )


def changed(run, **changes):
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def test_pools_of_names_double():
    assert pools(0) == 0
    assert pools(10) == 24 + 70
    assert pools(11) == 24 + 70 + 24 + 140


def test_names_are_the_emulations_where_they_would_lie_in_rom():
    frozen, files = read(PRINTED, frozen=True), read(PRINTED, frozen=False)
    assert frozen.emulation == 20_000 + pools(1600) - pools(500)
    assert files.emulation == frozen.emulation - pools(1100)
    assert frozen.boot == 90_000 - frozen.emulation
    assert frozen.days == [91_000 - frozen.emulation, 91_500 - frozen.emulation]
    assert files.growth == 500
    assert (files.credit_wh, files.total_wh, files.largest_free) == (600, 400, 8000)
    assert files.results == {"Accept": 2, "UsedError": 1}


def test_healthy_meter_has_no_faults():
    assert faults(FROZEN, healthy(), STORY) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"boot": BOOT_LIMITS[FROZEN] + 1}, "after boot"),
        ({"days": [50_000, 50_001 + GROWTH_LIMIT]}, "grew"),
        ({"total_wh": 701}, "sold"),
        ({"results": {**STORY.results, "UsedError": 1}}, "UsedError"),
    ],
)
def test_fault_is_told(changes, words):
    (told,) = faults(FROZEN, changed(healthy(), **changes), STORY)
    assert told.startswith("frozen: ")
    assert words in told


def test_table_has_a_line_for_each_way():
    lines = memory_month.table({FROZEN: healthy(), FILES: healthy()}, 2).splitlines()
    assert [line[:12].strip() for line in lines[2:]] == [FROZEN, FILES]
    assert str(BOOT_LIMITS[FROZEN]) in lines[2]


def test_story_sells_every_day_and_has_each_kind_of_refusal():
    month = Story(30)
    assert month.sold_wh == COMMISSION_WH + 30 * TOKEN_WH
    assert set(month.results) == {
        "Accept", "UsedError", "OldError", "FormatError", "FunctionError",
        "1stKCT", "2ndKCT", "3rdKCT",
    }  # fmt: skip
    assert len([line for line in month.lines if line.startswith("day ")]) == 30
    assert {line.partition(" ")[0] for line in month.lines} == {
        "day", "keys", "load", "long", "plug", "say", "unplug", "wait",
    }  # fmt: skip


def test_mirrors_are_those_that_have_the_release_of_this_machine():
    said = (
        "'http://one.example/debian/dists/bookworm/InRelease' one 0 \n"
        "'http://one.example/debian/dists/bookworm-updates/InRelease' one_updates 0 \n"
        "'http://two.example/deb/dists/bookworm/InRelease' two 0 \n"
        "'http://one.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' packages 0 \n"
        "'http://one.example/debian/dists/bookworm/InRelease' again 0 \n"
    )
    assert unix32.mirrors(said, "bookworm") == [
        "http://one.example/debian",
        "http://two.example/deb",
    ]
    assert unix32.mirrors(said, "trixie") == []


def test_machine_without_debians_tools_is_told_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["unix32.py", str(tmp_path / "unix32")])
    assert unix32.main() == 1
    assert "no apt-get" in capsys.readouterr().err
