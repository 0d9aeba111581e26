"""Parts of a board fail while it meters: each by its driver, on its bus or pins, to the screen.

What must be safe is safe, what can go on goes on, it is shown, and nothing is lost.
"""

import errno

import pytest
from rtc_chip import RtcChip
from store.file_slots import FileSlots
from store.slot_store import SlotStore
from world import FLOATING, WORLD, Level, WatchdogReset

from meter20.samples import PROVISION

from .conftest import BOTH, TOKEN, TOKEN_100_WH, Bench, pulses, typed

pytestmark = pytest.mark.usefixtures("new_chip")

BOARD = "esp32_devkit"
OLED = {"display_kind": "ssd1306"}


class Failing:
    """A device on the bus that fails with `number`, each time after `takes_ms`."""

    def __init__(self, number, takes_ms=0):
        self._number, self._takes_ms = number, takes_ms
        self.asked = 0

    def _fail(self, *_):
        self.asked += 1
        WORLD.advance_ms(self._takes_ms)
        raise OSError(self._number)

    written = read_memory = _fail


@pytest.mark.parametrize("options", [{}, OLED], ids=["lcd", "oled"])
@pytest.mark.parametrize(
    "device",
    [None, (errno.EIO, 0), (errno.ETIMEDOUT, 50)],
    ids=["unplugged", "no acknowledge", "bus held low"],
)
def test_bus_that_fails_stops_no_metering(options, device, play):
    """The display is gone in the middle of a day; the clock on the same bus, too."""
    bench = Bench(BOARD, **options, clock_kind="ds3231")
    pulses(bench, 40)
    address = 0x3C if options else 0x27
    lcd = bench.lcd
    WORLD.devices = {address: lcd if not options else Sink(), 0x68: RtcChip((0x0F, 0x80))}
    healthy = dict(WORLD.devices)

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 3000
        WORLD.devices = {} if device is None else {at: Failing(*device) for at in healthy}
        yield 30_000
        yield {"do": "read"}
        WORLD.devices = healthy
        yield 3000
        yield 20_000
        yield {"do": "read"}

    script = play(bench, story)
    during, after = script.replies[2:]
    assert (during["relay"], after["relay"]) == ("closed", "closed")
    assert during["total_wh"] >= 25
    assert after["total_wh"] == 40
    assert during["credit_wh"] + during["total_wh"] == 100
    if not options:
        assert lcd.lines[0] == after["display"][0] == "0.060 kWh"


class Sink:
    """A device that takes all that is written to it."""

    def written(self, _data, _time_ns):
        pass


@pytest.mark.parametrize("name", BOTH)
def test_key_that_is_stuck_is_told_and_the_others_work(name, play):
    bench = Bench(name)
    seen = []

    def story(_script):
        yield PROVISION
        bench.pad.press("5")
        yield 11_000
        seen.append(bench.lcd.lines)
        yield 9000
        yield from typed(bench, "C")
        yield from typed(bench, TOKEN_100_WH.replace("5", ""))  # the column and row still work
        seen.append(bench.lcd.lines)
        yield TOKEN
        bench.pad.let_go("5")
        yield 31_000
        yield from typed(bench, "5")
        seen.append(bench.lcd.lines)
        yield 100

    script = play(bench, story)
    assert seen[0][:2] == ["KEY STUCK", "5"]
    assert "".join(seen[1]).replace(" ", "").startswith(TOKEN_100_WH.replace("5", "")[:12])
    assert script.replies[1]["result"] == "Accept"
    assert seen[2][0] == "5_"


@pytest.mark.parametrize("name", BOTH)
def test_ghosts_on_the_key_pad_enter_nothing(name, play):
    """Three keys at the corners of a rectangle, for ever: no fourth, no fault, no stop."""
    bench = Bench(name)
    pulses(bench, 20)
    seen = []

    def story(_script):
        yield PROVISION
        yield TOKEN
        for key in "145":
            bench.pad.press(key)
            yield 100
        seen.append(bench.lcd.lines)
        yield 30_000
        yield {"do": "read"}

    read = play(bench, story).replies[2]
    assert "2" not in seen[0][0] and seen[0][0].startswith("14")
    assert (read["relay"], read["total_wh"]) == ("closed", 20)


def test_missing_clock_gives_no_friendly_hours_and_stops_nothing(play):
    bench = Bench(BOARD, clock_kind="ds3231")
    pulses(bench, 110, every_ms=100)

    def story(_script):
        yield {**PROVISION, "friendly_from": 0, "friendly_to": 23}
        yield TOKEN
        yield 20_000
        yield {"do": "read"}

    read = play(bench, story).replies[2]
    assert (read["relay"], read["relay_reason"], read["total_wh"]) == ("open", "no_credit", 110)


class Full:
    """A file system on which nothing can be written any more, from when `full` is set."""

    full = False

    def __call__(self, name, mode="r"):
        if self.full and "w" in mode:
            raise OSError(errno.ENOSPC)
        return open(name, mode)


def test_full_file_system_takes_no_token_and_at_last_no_load(play, files):
    bench = Bench("rp2_pico")
    pulses(bench, 130, every_ms=200)
    disk = Full()
    bench.board.store = lambda name: SlotStore(FileSlots(f"{files}/{name}", disk))
    seen = []

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 3000
        disk.full = True
        yield TOKEN
        yield 10_000
        yield {"do": "read"}
        yield 22_000
        yield {"do": "read"}
        seen.append(bench.lcd.lines)
        disk.full = False
        yield 61_000
        yield {"do": "read"}

    refused, first, later, mended = play(bench, story).replies[2:]
    assert refused["error"] == "store_failed"
    assert (first["relay"], first["credit_wh"]) == ("closed", 100 - first["total_wh"])
    assert (later["relay"], later["relay_reason"]) == ("open", "store_fault")
    assert seen[0][1] == "OFF: memory bad"
    assert mended["total_wh"] == 130 and mended["credit_wh"] == -30


def test_supply_that_always_warns_wears_nothing_out(play):
    bench = Bench(BOARD, has_brown_out=True)
    pulses(bench, 50)
    bench.hold("brown_out", 0)

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 60_000
        yield {"do": "read"}
        yield {"do": "keys", "keys": "#77#"}

    replies = play(bench, story).replies
    assert (replies[2]["relay"], replies[2]["total_wh"]) == ("closed", 50)
    assert replies[3]["display"][0] == "Faults"


def test_cut_wire_to_the_cover_is_tampering(play):
    bench = Bench(BOARD, has_tamper_switch=True)
    bench.hold("tamper", 0)

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 2000
        yield {"do": "read"}
        bench.hold("tamper", 1 if "tamper" in bench.board.no_pull else FLOATING)
        yield 3000
        yield {"do": "read"}

    before, after = play(bench, story).replies[2:]
    assert (before["relay"], before["tamper"]) == ("closed", False)
    assert (after["relay"], after["relay_reason"], after["tamper"]) == ("open", "tamper", True)
    assert after["credit_wh"] == 100


@pytest.mark.parametrize("level", [0, 1])
def test_pulse_input_that_stands_still_counts_nothing(level, play):
    """Nobody can tell it from a load that is off: the supply stays, for nothing is lost yet."""
    bench = Bench(BOARD)
    WORLD.connect(bench.pins["pulse_in"], Level(level))

    def story(_script):
        yield PROVISION
        yield TOKEN
        yield 20_000
        yield {"do": "read"}

    read = play(bench, story).replies[2]
    assert (read["relay"], read["total_wh"] <= 1) == ("closed", True)


#: A method of a part that never comes back, by its way to the part.
HANGS = ("display.show", "keypad.read", "pulses.take", "buzzer.tone", "tamper.active",
         "brown_out.failing", "credit_display.show_wh", "store.commit", "notes.commit",
         "load_switch.close")  # fmt: skip


@pytest.mark.parametrize("call", HANGS)
def test_watchdog_restarts_a_board_that_hangs_in_a_driver(call, play, files):
    options = {"has_tamper_switch": True, "has_brown_out": True, "credit_digits": 4}
    bench = Bench(BOARD, **options)
    bench.hold("tamper", 0)
    bench.hold("brown_out", 1)
    part, method = call.split(".")
    hung = []

    def hang(*_):
        hung.append(call)
        WORLD.advance_ms(100_000)

    real = bench.board.ports

    def ports(load_switch, display):
        made = real(load_switch, display)
        bench.ports = made
        return made

    bench.board.ports = ports

    def story(_script):
        yield PROVISION
        yield 1000
        setattr(getattr(bench.ports, part), method, hang)
        yield TOKEN
        yield 5000
        yield {"do": "keys", "keys": "1"}
        yield 20_000

    with pytest.raises(WatchdogReset):
        play(bench, story)
    assert hung == [call]
    storage = WORLD.storage
    again = Bench(BOARD)
    WORLD.storage = storage

    def after(_script):
        yield TOKEN
        yield {"do": "read"}

    result, read = play(again, after).replies
    assert result["result"] in ("Accept", "UsedError")
    assert read["credit_wh"] == 100
