"""A relay that does not follow: said, tried again, and what flows is metered."""

import pytest
from journal import faults
from models import carriers
from rigs import whole_meter
from world import WORLD

from meter20.samples import PROVISION

from .conftest import BOTH, TOKEN, TOKEN_100_WH, Bench, pulses

pytestmark = pytest.mark.usefixtures("new_chip")

BOARD = "esp32_devkit"


class Latch:
    """A latching relay that may not follow. closed, welded, torn."""

    def __init__(self, bench):
        self.closed = self.welded = self.torn = False
        self.moves = 0
        for signal, closes in (("relay", True), ("relay_open", False)):
            WORLD.wire(bench.pins[signal]).listeners.append(self._listener(closes))
        WORLD.connect(bench.pins["relay_feedback"], self)

    def level_at(self, _pin, _time_ns):
        return 0 if self.closed else 1

    def _listener(self, closes):
        def changed(_pin, output, _time_ns):
            stays = self.torn if closes else self.welded
            if output and not stays and self.closed != closes:
                self.closed = closes
                self.moves += 1

        return changed


LATCHING = {"relay": "latching with feedback"}


def test_relay_that_does_not_close_is_told_and_tried_again(play):
    bench = Bench(BOARD, **LATCHING)
    latch = Latch(bench)
    latch.torn = True
    seen = []

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 5500
        seen.append(bench.lcd.lines)
        yield {"do": "read"}
        yield 8000
        seen.append(bench.lcd.lines)
        latch.torn = False
        yield 30_000
        assert not latch.closed  # a minute first
        yield 30_000
        assert latch.closed
        yield {"do": "read"}
        yield {"do": "keys", "keys": "#77#"}

    script = play(bench, story)
    assert seen[0][:3] == ["FAULT", "load switch", "does not follow"]
    assert seen[1][1] == "OFF: fault"
    failed, mended, faults = script.replies[2:]
    assert (failed["relay"], failed["relay_reason"], failed["credit_wh"]) == ("open", "fault", 100)
    assert (mended["relay"], mended["relay_reason"]) == ("closed", "credit")
    assert faults["display"] == ["Faults 1", "Last in:", "load switch", "error"]
    assert latch.moves == 2  # and opened when the story was over


@pytest.mark.parametrize("name", BOTH)
def test_relay_that_is_welded_is_told_and_what_flows_is_metered(name, play):
    bench = Bench(name, **LATCHING)
    latch = Latch(bench)
    pulses(bench, 150, every_ms=200)
    seen = []

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 3000
        latch.welded = True
        yield 24_000
        seen.append(bench.lcd.lines)
        yield 20_000
        yield {"do": "read"}
        latch.welded = False
        yield 11_000
        assert not latch.closed
        yield {"do": "read"}
        yield 61_000
        yield {"do": "read"}

    flowing, freed, later = play(bench, story).replies[2:]
    assert seen[0][:2] == ["FAULT", "load switch"]
    assert (flowing["relay_reason"], flowing["total_wh"], flowing["credit_wh"]) == (
        "fault", 150, -50,
    )  # fmt: skip
    assert (freed["relay"], later["relay_reason"]) == ("open", "no_credit")


def test_relay_that_a_blow_moved_is_moved_back(play):
    bench = Bench(BOARD, **LATCHING)
    latch = Latch(bench)

    def story(_script):
        yield PROVISION
        yield 12_000
        latch.closed = True
        yield 22_000
        assert not latch.closed
        yield TOKEN
        yield 12_000
        latch.closed = False
        yield 22_000
        assert latch.closed
        yield {"do": "keys", "keys": "#77#"}

    assert play(bench, story).replies[2]["display"][0] == "Faults"


def test_coil_that_never_closes_wears_out_no_flash(note):
    rig = whole_meter.provisioned(carriers.SMALL)
    rig.enter(TOKEN_100_WH)
    rig.switch.close = lambda: setattr(rig.switch, "faulty", True)
    rig.switch.open = lambda: setattr(rig.switch, "faulty", False)
    before = rig.chip.operations
    for second in range(0, 2 * 86_400, 10):
        rig.app.step(1000 * second)
    assert rig.app.notes.faults.total == faults.ROW_MAX
    operations = rig.chip.operations - before
    note(f"a coil that is torn for two days: {operations} operations of the flash")
    assert operations < 100
