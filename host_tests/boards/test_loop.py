"""A whole board, from power-up: its own main loop, drivers and meter on the emulated chip.

Keys are contacts closed on pins, the display is read from the memory of its chip, the
relay is the level of a pin, pulses are edges on a wire.
"""

import sys

import loop
import pytest
from models.pulses import MS, Contact
from rigs.leaks import leaks
from rtc_chip import RtcChip
from world import WORLD, Reset, Train, WatchdogReset

from meter20.samples import PROVISION

from .conftest import METERS, TOKEN_100_WH, Bench, typed

pytestmark = pytest.mark.usefixtures("new_chip")


@pytest.mark.parametrize("name", METERS)
def test_token_is_keyed_in_used_up_and_the_relay_opens(name, play):
    bench = Bench(name)
    contact = Contact(bounce_ns=3 * MS)
    contact.time_ns = 60_000 * MS
    contact.pulses(105, 30 * MS, 300 * MS)
    WORLD.connect(bench.pins["pulse_in"], Train(contact.edges_ns))
    seen = []

    def story(script):
        yield 100
        yield PROVISION
        seen.append(bench.level("relay"))
        yield from typed(bench, TOKEN_100_WH)
        yield 1000
        seen.append(bench.lcd.lines)
        seen.append(bench.level("relay"))
        yield 20_000
        seen.append(bench.lcd.lines)
        yield 80_000
        seen.append(bench.level("relay"))
        seen.append(bench.lcd.lines)
        yield {"do": "read"}
        yield 100

    script = play(bench, story)
    assert script.replies[0]["ok"], script.replies
    before, accepted, closed, idle, opened, empty = seen
    assert (before, closed, opened) == (0, 1, 0)
    assert accepted[:2] == ["Accept", "+0.100 kWh"]
    assert idle[0] == "0.100 kWh"
    assert "OFF: no credit" in empty
    assert script.replies[1]["total_wh"] == 105


@pytest.mark.parametrize("name", METERS)
def test_credit_outlives_a_restart(name, play):
    def first(script):
        yield PROVISION
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield 100

    storage = {}

    def second(script):
        yield {"do": "read"}
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield 100

    play(Bench(name), first)
    storage["flash"] = WORLD.storage
    bench = Bench(name)
    WORLD.storage = storage["flash"]
    script = play(bench, second)
    assert script.replies[0]["credit_wh"] == 100
    assert script.replies[1]["result"] == "UsedError"


def test_frozen_build_keeps_its_credit_out_of_the_file_system(play, files, frozen):
    def story(script):
        yield PROVISION
        yield 100

    play(Bench("rp2_pico"), story)
    assert list(files.iterdir()) == []
    assert WORLD.storage[: -8 * 4096].count(0xFF) == len(WORLD.storage) - 8 * 4096
    assert WORLD.storage[-8 * 4096 :].count(0xFF) < 8 * 4096


@pytest.mark.parametrize("name", METERS)
def test_meter_without_its_display_meters(name, play):
    bench = Bench(name)
    WORLD.devices.clear()

    def story(script):
        yield 100
        yield PROVISION
        yield from typed(bench, TOKEN_100_WH)
        yield {"do": "read"}
        WORLD.devices[0x27] = bench.lcd  # plugged in at last
        yield 2000

    script = play(bench, story)
    assert script.replies[1]["credit_wh"] == 100
    assert bench.lcd.lines[:2] == ["Accept", "+0.100 kWh"]


@pytest.mark.parametrize("name", METERS)
def test_demo_load_uses_credit_up_without_anything_connected(name, play):
    bench = Bench(name, demo_load=True)
    demo_out = bench.pins["demo_out"]

    class Jumper:
        """The wire from demo_out to pulse_in; a counter in hardware sees its edges."""

        edges = 0

        def level_at(self, _pin, _time_ns):
            output = WORLD.wire(demo_out).output
            return 1 if output is None else output  # the resistor beside the pin

        def count_edges(self, _until_ns, _level, _filter_ns):
            fresh, Jumper.edges = Jumper.edges, 0
            return fresh

    def fell(_pin, output, _time_ns):
        Jumper.edges += output == 0

    WORLD.wire(demo_out).listeners.append(fell)
    WORLD.connect(bench.pins["pulse_in"], Jumper())

    def story(script):
        yield PROVISION
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield 60_000
        yield {"do": "read"}
        yield 100

    total_wh = play(bench, story).replies[2]["total_wh"]
    assert total_wh == 33  # 2 kW for a minute


def test_ctrl_c_opens_the_relay_and_leaves_a_fed_watchdog(play):
    bench = Bench("rp2_pico")

    def story(script):
        yield PROVISION
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield 500

    play(bench, story)
    assert bench.level("relay") == 0
    WORLD.advance_ms(60_000)


def test_fault_opens_the_relay_is_shown_and_ends_by_the_watchdog(play, capsys):
    bench = Bench("rp2_pico")

    def story(script):
        yield PROVISION
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield 500
        assert bench.level("relay") == 1
        raise ZeroDivisionError(PROVISION["decoder_key"])

    with pytest.raises(WatchdogReset):
        play(bench, story)
    assert bench.level("relay") == 0
    assert bench.lcd.lines[:2] == ["FAULT", "ZeroDivisionError"]
    said = capsys.readouterr().out
    assert "loop.py" in said
    assert leaks(said, bytes.fromhex(PROVISION["decoder_key"])) == []


def test_fault_before_there_is_a_watchdog_restarts_the_board_too(play):
    bench = Bench("rp2_pico")

    def broken():
        raise OSError(5)

    bench.board.keypad = broken
    with pytest.raises(Reset):
        play(bench, lambda _script: iter(()))
    assert bench.level("relay") == 0
    assert bench.lcd.lines[:2] == ["FAULT", "OSError"]


def test_power_cut_restarts_the_board_after_the_reply(play):
    bench = Bench("esp32_s3")
    script = []

    def story(played):
        script.append(played)
        yield {"do": "power_cut"}

    with pytest.raises(Reset):
        play(bench, story)
    assert script[0].replies == [{"ok": True}]


def test_port_that_finds_no_memory_stops_no_meter_and_is_opened_later(play, monkeypatch):
    opened, failures = loop._Meter._open_port, [MemoryError]

    def short(meter):
        if failures:
            raise failures.pop()
        opened(meter)

    monkeypatch.setattr(loop._Meter, "_open_port", short)

    def story(script):
        yield {"do": "read", "id": 1}
        yield 500
        yield {"do": "read", "id": 2}

    replies = play(Bench("rp2_pico"), story).replies
    assert [reply["id"] for reply in replies] == [2]


def test_shut_port_reads_and_takes_tokens_and_no_more(play):
    bench = Bench("esp32_devkit", service_open=False)

    def story(script):
        yield PROVISION
        yield {"do": "read"}
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield {"do": "keys", "keys": "1"}
        yield {"do": "power_cut"}
        yield {"do": "clock", "utc": "2026-11-29T10:00:00Z"}
        yield 10

    replies = play(bench, story).replies
    assert [reply["ok"] for reply in replies] == [True, True, True, False, False, False]
    assert {reply["error"] for reply in replies[3:]} == {"port_shut"}


@pytest.mark.parametrize(("kind", "flag"), [("ds3231", (0x0F, 0x88)), ("pcf8563", (2, 0x80))])
@pytest.mark.parametrize("is_open", [True, False])
def test_clock_is_set_by_whoever_has_the_port_and_told_by_a_shut_one(kind, flag, is_open, play):
    bench = Bench("rp2_pico", clock_kind=kind, service_open=is_open)
    chip = WORLD.devices[0x68 if kind == "ds3231" else 0x51] = RtcChip(flag)
    before = bytes(chip.registers)

    def story(script):
        yield {"do": "clock"}
        yield {"do": "clock", "utc": "2026-11-29T10:00:00Z"}
        yield {"do": "clock"}
        yield 10

    replies = play(bench, story).replies
    assert replies[0] == {"ok": True, "utc": None}
    if is_open:
        set_to = {"ok": True, "utc": "2026-11-29T10:00:00Z"}
        assert replies[1:] == [{**set_to, "was": None, "moved_s": None}, set_to]
    else:
        assert (replies[1]["error"], replies[2]) == ("port_shut", replies[0])
        assert chip.registers == before


def test_board_without_a_clock_says_so(play):
    def story(script):
        yield {"do": "clock"}
        yield {"do": "clock", "utc": "2026-11-29T10:00:00Z"}
        yield 10

    assert {reply["error"] for reply in play(Bench("rp2_pico"), story).replies} == {"no_clock"}


@pytest.mark.parametrize("name", METERS)
def test_production_shuts_the_port_and_runs_the_watchdog_whatever_the_board_says(name, play):
    bench = Bench(name, service_open=True, has_watchdog=False)

    def story(script):
        yield PROVISION
        yield {"do": "keys", "keys": "1"}
        yield {"do": "power_cut"}
        yield {"do": "token", "digits": TOKEN_100_WH}
        yield 20_000

    replies = play(bench, story, production=True).replies
    assert [reply.get("error") for reply in replies] == [None, "port_shut", "port_shut", None]
    assert replies[3]["result"] == "Accept"
    assert WORLD.watchdog_ms == 8000


def test_uptime_goes_on_across_the_wrap_of_the_ticks():
    Bench("rp2_pico")
    WORLD.now_ns = ((1 << 30) - 500) * MS
    uptime = loop.Uptime()
    WORLD.advance_ms(400)
    assert uptime.now_ms == 400
    WORLD.advance_ms(400)
    assert uptime.now_ms == 800
    WORLD.advance_ms(5 * 86_400_000)
    assert uptime.now_ms == 800 + 5 * 86_400_000


def test_usb_line_takes_what_there_is_and_waits_no_longer(monkeypatch):
    import os
    import time

    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stdin:
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": stdin,
                            "fileno": lambda self: reading})())  # fmt: skip
        line = loop.UsbLines()
        began = time.monotonic()
        assert line.wait(20) == b""
        assert time.monotonic() - began < 10  # 20 ms, and whatever a busy machine adds
        os.write(writing, b"x" * 300)
        assert line.wait(1000) == b"x" * 256
        assert line.wait(1000) == b"x" * 44
        os.close(writing)
