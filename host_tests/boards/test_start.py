"""How a board starts: what it reads by when, and how often it collects garbage."""

import ast
import sys

import loop
import pytest
from drivers.rp2_flash import Rp2Flash
from meter.app import App
from store.slot_store import SlotStore

from meter20.board import mpy, packages
from meter20.samples import PROVISION

from .conftest import METERS, Bench

pytestmark = pytest.mark.usefixtures("new_chip")

#: The most that is read by then, main.py apart: (.mpy files, bytes).
START_LIMITS = {"switch safe": (4, 7750), "starting ...": (10, 9800), "metering": (78, 65_000)}
#: What is read only when somebody asks for it.
READ_LATER = {
    "account.reader", "account.acceptance", "sts.decoder", "sts.ea11_misty1", "sts.kinds",
    "service_port.service", "account.key_sections", "account.requested_tests", "sts.key_change",
    "panel.meter_tests", "panel.short_codes", "panel.outcomes", "panel.about",
}  # fmt: skip
RADIO = (9, 10_200)  # what a board with one reads besides, before it meters


@pytest.mark.parametrize("name", METERS)
def test_switch_is_safe_and_screen_lit_before_the_meter_is_read(
    name, play, fresh_modules, tmp_path, note
):
    bench = Bench(name)
    board, moments = bench.board, []

    def note_moment(what):
        read = {module for module in sys.modules if module.partition(".")[0] in fresh_modules}
        moments.append((what, bench.level("relay"), {"board", "loop"} | read))

    real_output, real_display = board.output, board.display

    def output(signal, level=0):
        made = real_output(signal, level)
        if signal == "relay":
            note_moment("switch safe")
        return made

    def display():
        made = real_display()
        show = made.show

        def first(lines):
            show(lines)
            made.show = show
            note_moment(bench.lcd.lines[1])

        made.show = first
        return made

    board.output, board.display = output, display

    def story(script):
        note_moment("metering")
        yield 10

    play(bench, story)
    assert [(what, level) for what, level, _read in moments] == [
        ("switch safe", 0),
        ("starting ...", 0),
        ("metering", 0),
    ]
    sizes = mpy.build(name, tmp_path / "mpy")
    for what, _level, read in moments:
        files = [place for place in sizes if _module(place) in read]
        size = sum(map(sizes.get, files))
        note(f"{name}, {what}: {len(files)} modules, {size} bytes read")
        most_files, most_bytes = START_LIMITS[what]
        if what == "metering" and board.has_wifi:
            most_files, most_bytes = most_files + RADIO[0], most_bytes + RADIO[1]
        assert len(files) <= most_files, files
        assert size <= most_bytes
        if what == "metering":
            assert not READ_LATER & read
        else:
            early = {"ports", "drivers"}
            assert {module.partition(".")[0] for module in read} & set(packages.rooms()) <= early


def test_garbage_is_collected_often_from_the_first_screen_on(play, monkeypatch):
    bench = Bench("rp2_pico")
    set_to = []
    monkeypatch.setattr(loop.gc, "threshold", set_to.append, raising=False)

    def story(script):
        assert set_to == [49_152]
        yield 10

    play(bench, story)
    assert set_to == [49_152]


def test_garbage_is_collected_between_two_pauses_after_a_reply_and_each_30_steps(
    play, monkeypatch
):
    seen = []
    monkeypatch.setattr(loop.gc, "collect", lambda: seen.append("collection"))

    def story(told):
        wait, write = told.wait, told.write
        told.wait = lambda pause_ms: seen.append(pause_ms) or wait(pause_ms)
        told.write = lambda text: seen.append("reply") or write(text)
        for request in (PROVISION, {"do": "read"}):
            yield 100
            yield request
            yield 3000

    play(Bench("rp2_pico"), story)
    first = seen.index("collection")
    for at in [at for at, what in enumerate(seen) if what == "collection"]:
        assert seen[at - 1] > 0 and seen[at + 1] > 0, seen[at - 1 : at + 2]
    for at in [at for at, what in enumerate(seen) if what == "reply"]:
        pauses_ms = seen[at + 1 : seen.index("collection", at)]
        assert max(pauses_ms[:-1], default=0) <= 14  # no room for it before
    rests = " ".join(map(str, seen[first + 1 :])).split(" collection ")
    assert 30 < max(len(rest.split()) for rest in rests) < 40  # some find no room


def test_flash_is_erased_between_two_pauses_and_by_no_record(play, monkeypatch, frozen):
    erase, commit, prepare = Rp2Flash.erase, SlotStore.commit, SlotStore.prepare
    inside, erased_inside = [], []
    monkeypatch.setattr(
        Rp2Flash, "erase",
        lambda self, offset: erased_inside.append(bool(inside)) or erase(self, offset),
    )  # fmt: skip

    def committed(store, record):
        inside.append(store)
        commit(store, record)
        inside.pop()

    def prepared(store):
        monkeypatch.setattr(SlotStore, "commit", commit)  # it may commit the record again
        try:
            return prepare(store)
        finally:
            monkeypatch.setattr(SlotStore, "commit", committed)

    monkeypatch.setattr(SlotStore, "commit", committed)
    monkeypatch.setattr(SlotStore, "prepare", prepared)
    made = []
    app_made = App.__init__
    monkeypatch.setattr(
        App, "__init__", lambda self, *args: made.append(self) or app_made(self, *args)
    )

    def story(_script):
        yield PROVISION
        kept, notes = made[0].meter.kept, made[0].notes
        for _ in range(100):
            yield 3000  # two collections, and one of them gives way
            kept.commit(kept.state)
            notes.configure(notes.settings)

    play(Bench("rp2_pico"), story)
    assert erased_inside.count(True) <= 4, erased_inside  # the first records of each store
    assert erased_inside.count(False) >= 12


def test_main_is_two_statements_that_the_board_compiles_at_once():
    source = (mpy.DEVICE_ROOT / "firmware" / "main.py").read_bytes()
    docstring, *statements = ast.parse(source).body
    assert isinstance(docstring, ast.Expr)
    assert [ast.unparse(statement) for statement in statements] == ["import loop", "loop.run()"]
    assert len(source) <= 200


def _module(place):
    return place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
