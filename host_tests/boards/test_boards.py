"""Every board builds its meter on its emulated chip, whatever its options.

The emulated `machine` refuses a pin that is used twice, that the board does not bring
out, or that cannot do what it is asked.
"""

import ast
import json
import re
import tomllib

import fixture
import pytest
from drivers.demo_load import DemoLoad
from meter.app import App
from world import FLOATING, WORLD, Level

from meter20.board import boards, fixture_wiring, packages, picture, type_checks, wiring
from meter20.board.packages import FIRMWARE
from meter20.board.wiring import BOARDS, SIGNALS, numbers

from .conftest import CHIPS, FIXTURES, METERS, Bench

FULL = {
    "relay": "latching with feedback",
    "clock_kind": "ds3231",
    "credit_digits": 6,
    "has_tamper_switch": True,
    "has_brown_out": True,
    "demo_load": True,
}
OPTIONS = {
    "as delivered": {},
    "all there is": FULL,
    "lcd1602, low-active relay": {"display_kind": "lcd1602", "relay_active": 0},
    "sh1106, 3x4": {"display_kind": "sh1106", "keys": "123456789*0#"},
    "ssd1306, pcf8563": {"display_kind": "ssd1306", "clock_kind": "pcf8563"},
    "no display, no watchdog": {"display_kind": "", "has_watchdog": False},
}


pytestmark = pytest.mark.usefixtures("new_chip")


def built(bench):
    switch = bench.board.load_switch()
    return bench.board.ports(switch, bench.board.display())


@pytest.mark.parametrize("name", METERS)
class TestBoard:
    @pytest.mark.parametrize("options", OPTIONS)
    def test_meter_is_built_and_runs(self, name, options):
        bench = Bench(name, **OPTIONS[options])
        app = App(built(bench), 0)
        for now_ms in range(0, 3000, 20):
            WORLD.advance_ms(20)
            app.step(now_ms)
        assert not app.front.relay_closed

    def test_relay_is_open_before_anything_else_happens(self, name):
        bench = Bench(name)
        bench.board.load_switch()
        assert bench.level("relay") == 0
        assert list(WORLD.owners) == [bench.pins["relay"]]

    def test_held_button_turns_the_demo_load_on(self, name):
        bench = Bench(name)
        bench.hold("demo_button", 0)
        assert isinstance(built(bench).load_switch, DemoLoad)

    def test_demo_load_drives_no_current_into_a_grounded_pulse_input(self, name):
        bench = Bench(name, demo_load=True)
        built(bench)
        assert WORLD.wire(bench.pins["demo_out"]).output is FLOATING

    def test_picture_shows_each_pin_where_the_board_has_it(self, name):
        board = boards.find(name)
        left, right = board.headers
        pins = [pin for pin in left + right if isinstance(pin, int)]
        assert len(pins) == len(set(pins))
        assert set(board.pins) <= set(pins)
        assert not set(board.on_board) & set(pins)
        drawn = (BOARDS / name / "wiring.svg").read_text()
        for signal, used in wiring.load(name).Board.pins.items():
            for place, pin in enumerate(numbers(used), 1):
                words = picture.WORDS[signal].replace("%d", str(place))
                if pin in pins:
                    heights = re.findall(rf'y="(\d+)"[^>]*>(?:option: )?{words}[,<]', drawn)
                    there = re.findall(rf'y="(\d+)"[^>]*>{pin}(?: .V..)?<', drawn)
                    assert there == heights, signal
                else:
                    assert f"LED on the board: {pin}" in drawn

    def test_wires_of_the_diagram_are_the_wiring_of_the_code(self, name):
        diagram = json.loads((BOARDS / name / "diagram.json").read_text())
        pins = wiring.load(name).Board.pins
        wires = {end: start for start, end, _colour, _path in diagram["connections"]}

        def gpio(end):
            label = wires[end].removeprefix("board:").removeprefix("GP")
            names = {text: pin for pin, text in boards.find(name).wokwi.get("names", {}).items()}
            return names.get(label) or int(label)

        assert gpio("load:CLK") == pins["pulse_in"]
        assert gpio("relay:IN") == pins["relay"]
        assert gpio("buzzer:2") == pins["buzzer"]
        assert gpio("pulse_led:A") == pins["pulse_led"]
        assert (gpio("lcd:SDA"), gpio("lcd:SCL")) == (pins["sda"], pins["scl"])
        assert tuple(gpio(f"keypad:R{n}") for n in (1, 2, 3, 4)) == pins["keypad_rows"]
        assert tuple(gpio(f"keypad:C{n}") for n in (1, 2, 3, 4)) == pins["keypad_columns"]

    def test_diagram_connects_only_parts_it_has(self, name):
        diagram = json.loads((BOARDS / name / "diagram.json").read_text())
        parts = {part["id"] for part in diagram["parts"]} | {"$serialMonitor"}
        ends = [end for start, end, _, _ in diagram["connections"] for end in (start, end)]
        assert {end.partition(":")[0] for end in ends} <= parts
        assert len(parts) == len(diagram["parts"]) + 1

    def test_wokwi_settings_can_be_read(self, name):
        settings = tomllib.loads((BOARDS / name / "wokwi.toml").read_text())["wokwi"]
        assert settings["version"] == 1
        assert name in settings["firmware"]


@pytest.mark.parametrize("name", [*METERS, *FIXTURES])
class TestPins:
    def test_all_signals_together_use_no_pin_twice(self, name):
        pins = [pin for pins in wiring.load(name).Board.pins.values() for pin in numbers(pins)]
        assert len(pins) == len(set(pins))

    def test_strapping_pins_are_avoided_or_justified(self, name):
        module = wiring.load(name)
        used = {pin for pins in module.Board.pins.values() for pin in numbers(pins)}
        strapping = used & set(CHIPS[name].strapping)
        assert strapping == set(getattr(module, "STRAPPING", {}))

    def test_pins_without_pull_up_are_named(self, name):
        board = wiring.load(name).Board
        used = {signal for signal, pins in board.pins.items() for pin in numbers(pins)
                if pin in CHIPS[name].input_only}  # fmt: skip
        assert used == set(board.no_pull)

    def test_table_in_the_readme_is_the_wiring_of_the_code(self, name):
        text = (BOARDS / name / "README.md").read_text().partition("## Pins")[2]
        rows = re.findall(r"^\| (\w+) \| ([\w, ]+) \| (.+) \|$", text, re.MULTILINE)
        table = {signal: pins for signal, pins, _what in rows if signal != "signal"}
        pins = wiring.load(name).Board.pins
        assert table == {
            signal: ", ".join(str(pin) for pin in numbers(pins[signal])) for signal in pins
        }


@pytest.mark.parametrize("name", FIXTURES)
def test_fixture_is_built_and_its_pins_can_do_what_they_are_asked(name):
    WORLD.start(CHIPS[name])
    pins = wiring.load(name).Board.pins
    for signal, level in (("contact", 1), ("pulse_led", 0), ("status_led", 0)):
        WORLD.connect(pins[signal], Level(level))
    fixture.Fixture(wiring.load(name).Board())
    assert set(WORLD.owners) == {pin for those in pins.values() for pin in numbers(those)}
    for instructions in WORLD.programs.values():
        assert sum(len(program.words) for program in instructions) <= 32


@pytest.mark.parametrize("name", FIXTURES)
def test_wires_of_the_fixture_are_the_wiring_of_the_code(name):
    ours, theirs = (wiring.load(one).Board.pins for one in (name, boards.find(name).meter))
    picture = (BOARDS / name / "wiring.svg").read_text()
    drawn = re.findall(
        r"<title>(\S+) (\S+)(?: \(\d+\))? - (\S+) (\S+)(?: \(\d+\))?</title>", picture
    )
    ends = {(part, pin) for *start, part, pin in drawn} | {(part, pin) for part, pin, *_ in drawn}
    used = {f"GP{pin}" for signal, pins in ours.items() for pin in numbers(pins)
            if signal != "pulse_clean"}  # fmt: skip
    assert {pin for part, pin in ends if part == "fixture"} == used | {"GND"}
    wires = {(f"{a} {b}", f"{c} {d}") for a, b, c, d in drawn}
    for part, signal, keys in (("U1", "row_address", "keypad_rows"),
                               ("U2", "column_address", "keypad_columns")):  # fmt: skip
        for bit, pin in enumerate(ours[signal]):
            assert (f"fixture GP{pin}", f"{part} S{bit}") in wires
        for channel, pin in enumerate(theirs[keys]):
            assert (f"{part} Y{channel}", f"meter GP{pin}") in wires
        assert (f"fixture GP{ours['key_off']}", f"{part} E") in wires
    for ends in (("pulse_out", "pulse_in"), ("pulse_led",) * 2, ("status_led",) * 2):
        assert (f"fixture GP{ours[ends[0]]}", f"meter GP{theirs[ends[1]]}") in wires
    assert (f"fixture GP{ours['supply']}", "switch ON") in wires
    assert ("switch OUT", "meter VBUS") in wires


def test_every_signal_is_explained():
    used = {signal for name in METERS for signal in wiring.load(name).Board.pins}
    assert used == set(SIGNALS)
    for name in FIXTURES:
        assert set(wiring.load(name).Board.pins) == set(fixture_wiring.SIGNALS)


def test_every_folder_with_a_board_says_what_it_is():
    folders = {path.parent.name for path in BOARDS.glob("*/board.py")}
    assert folders == {board.name for board in boards.every()}
    assert folders == {"sim", *METERS, *FIXTURES}


def test_tables_and_diagrams_are_fresh():
    stale = [path.name for path, text in wiring.files().items() if path.read_text() != text]
    assert not stale, "run `make wiring`"


def test_settings_of_the_type_checks_are_fresh():
    stale = [path.name for path, text in type_checks.files().items() if path.read_text() != text]
    assert not stale, "run `make packages`"


def test_package_lists_are_fresh_and_complete():
    stale = [str(path) for path, text in packages.files().items() if path.read_text() != text]
    assert not stale, "run `make packages`"
    for path, text in packages.files().items():
        for _place, source in json.loads(text)["urls"]:
            assert ".." not in source
            assert (path.parent / source).is_file()


class Options:
    """What a manifest was included with; MicroPython's name for its defaults."""

    def __init__(self, given):
        self._given = given

    def defaults(self, **defaults):
        for name, value in {**defaults, **self._given}.items():
            setattr(self, name, value)


class Manifest:
    """Plays MicroPython's manifest reader: every name it knows, and which files are wanted."""

    def __init__(self, path):
        self.modules, self.packages, self.required = [], [], []
        self.files = {}
        self._read(path, {})

    def _read(self, path, given):
        folder = path.parent

        def include(other, **options):
            if not other.startswith("$("):
                self._read((folder / other).resolve(), options)

        def module(name, base_path=".", opt=None):
            assert (folder / base_path / name).is_file(), name
            self.modules.append(name)
            self.files[name] = (folder / base_path / name).resolve()

        def package(name, files=("__init__.py",), base_path=".", opt=None):
            for file in files:
                assert (folder / base_path / name / file).is_file(), name
            self.packages.append(name)

        exec(
            path.read_text(),
            {
                "options": Options(given),
                "include": include,
                "module": module,
                "package": package,
                "require": self.required.append,
                "freeze": lambda path, script: self.modules.extend(script),
            },
        )


@pytest.mark.parametrize("name", METERS)
def test_manifest_names_all_that_the_board_needs(name):
    manifest = Manifest(BOARDS / name / "manifest.py")
    family = boards.find(name).family
    assert manifest.packages == packages.rooms()
    assert {"main.py", "loop.py", "board.py", "reference_meter.py"} <= set(manifest.modules)
    assert f"{family}_meter.py" in manifest.modules
    assert len(manifest.modules) == len(set(manifest.modules))
    assert "ssd1306" in manifest.required
    assert "_boot.py" in manifest.modules
    assert manifest.files["main.py"] == FIRMWARE / "main.py"


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("build", [".", "production"])
def test_frozen_rp2_builds_alone_hold_machine_code(name, build):
    manifest = Manifest(BOARDS / name / build / "manifest.py")
    assert ("ea07_rounds.py" in manifest.modules) == (boards.find(name).family == "rp2")


@pytest.mark.parametrize("name", METERS)
def test_production_build_starts_without_a_prompt_and_mounts_nothing(name):
    usual = Manifest(BOARDS / name / "manifest.py")
    manifest = Manifest(BOARDS / name / "production" / "manifest.py")
    assert manifest.modules == usual.modules
    assert manifest.files["main.py"] == FIRMWARE / "production" / "main.py"
    if boards.find(name).family == "rp2":
        boot = manifest.files["_boot.py"]
        assert boot.parent.name == "production"
        assert [type(node).__name__ for node in ast.parse(boot.read_text()).body] == ["Expr"]


@pytest.mark.parametrize("name", FIXTURES)
def test_manifest_of_the_fixture_names_all_that_it_has(name):
    manifest = Manifest(BOARDS / name / "manifest.py")
    own = {path.name for path in (BOARDS / name).glob("*.py")} - {"about.py", "manifest.py"}
    assert set(manifest.modules) == own | {"loop.py"}
    assert sorted(manifest.packages) == ["drivers", "ports", "service_port"]
