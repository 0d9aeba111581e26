"""Pin table, parts, picture and Wokwi diagram of each board, from the `PINS` of its board.py.

The fixture has a picture of its own, with the parts between it and a meter.

`make wiring` writes them, `make test` refuses what is not fresh. So the code, the
table that somebody wires by, and the picture cannot drift apart.
"""

import importlib.util
import json
import sys
from pathlib import Path

from meter20 import DEVICE_ROOT
from meter20.board import fixture_wiring, picture

BOARDS = DEVICE_ROOT / "boards"
NAMES = ("rp2_pico", "rp2_pico_w", "rp2_pico2", "esp32_devkit", "esp32_s3")  # the meters
FIXTURE = fixture_wiring.FIXTURE

BEGIN, END = "<!-- made by `make wiring` -->", "<!-- end of what is made -->"
_PINS_BEGIN, _PINS_END = "<!-- pins: made by `make wiring` -->", "<!-- end of pins -->"
_WIRES_BEGIN, _WIRES_END = "<!-- wires: made by `make wiring` -->", "<!-- end of wires -->"

#: signal: what hangs there. Signals of an option that is off stay open.
SIGNALS = {
    "pulse_in": "pulse output of the metering element: open collector or contact to GND",
    "relay": "relay module IN (plain), or driver of the close coil (latching)",
    "relay_open": "driver of the open coil; latching relay only",
    "relay_feedback": "contact to GND while the load is connected; latching with feedback only",
    "keypad_rows": "keypad R1, R2, R3, R4",
    "keypad_columns": "keypad C1, C2, C3, C4; a 3x4 pad leaves C4 open",
    "sda": "SDA of display and clock, 4.7 kOhm to 3.3 V (most modules have it)",
    "scl": "SCL of display and clock, 4.7 kOhm to 3.3 V (most modules have it)",
    "buzzer": "passive buzzer to GND, through 100 Ohm",
    "pulse_led": "LED to GND, through 1 kOhm: changes with each count of energy",
    "status_led": "LED to GND: blinks while the meter is well",
    "tamper": "switch behind the cover, closed to GND; `has_tamper_switch`",
    "brown_out": "power-fail output of the supply, low when it fails; `has_brown_out`",
    "demo_out": "wire to pulse_in for a meter of one board; `demo_load`",
    "demo_button": "button to GND: next load; held while power comes: demo load on",
    "credit_clk": "TM1637 CLK; `credit_digits`",
    "credit_dio": "TM1637 DIO; `credit_digits`",
}

#: pieces, part, note: what every board as delivered needs beside it.
_MATERIALS = (
    ("1", "keypad 4x4, membrane", "or 3x4, with `--set 'keys=123456789*0#'`"),
    ("1", "character display 20x4 with I2C backpack (PCF8574)", "or another, see the options"),
    (
        "1",
        "relay module, 1 channel, input for 3.3 V",
        "or one that closes on a low level, with `--set relay_active=0`",
    ),
    ("1", "passive buzzer, resistor 100 Ohm", "or no buzzer"),
    ("1", "LED, resistor 1 kOhm", "blinks with the pulses"),
    ("1", "push button", "for the demo load"),
    ("about 25", "jumper wires", "one of them from `demo_out` to `pulse_in`, for the demo load"),
)

#: board: type of its part in Wokwi, its 5 V pin, names of pins that are not their number.
_WOKWI = {
    "rp2_pico": ("wokwi-pi-pico", "VBUS", "GP%s", {}),
    "rp2_pico_w": ("board-pi-pico-w", "VBUS", "GP%s", {}),
    "rp2_pico2": ("board-pi-pico-2", "VBUS", "GP%s", {}),
    "esp32_devkit": ("board-esp32-devkit-c-v4", "5V", "%s", {36: "VP", 39: "VN"}),
    "esp32_s3": ("board-esp32-s3-devkitc-1", "5V", "%s", {}),
}

#: part of the diagram: (type, left, top, attributes)
_PARTS = {
    "lcd": ("wokwi-lcd2004", 320, -260, {"pins": "i2c"}),
    "keypad": ("wokwi-membrane-keypad", 360, -40, {"columns": "4"}),
    "relay": ("wokwi-relay-module", 360, 320, {}),
    "buzzer": ("wokwi-buzzer", 200, 320, {"volume": "0.1"}),
    "pulse_led": ("wokwi-led", 200, 230, {"color": "red"}),
    "load": ("wokwi-clock-generator", -160, 120, {"frequency": "1"}),
}

#: signal: where each of its pins goes in the diagram.
_ENDS = {
    "pulse_in": ("load:CLK",),
    "relay": ("relay:IN",),
    "keypad_rows": ("keypad:R1", "keypad:R2", "keypad:R3", "keypad:R4"),
    "keypad_columns": ("keypad:C1", "keypad:C2", "keypad:C3", "keypad:C4"),
    "sda": ("lcd:SDA",),
    "scl": ("lcd:SCL",),
    "buzzer": ("buzzer:2",),
    "pulse_led": ("pulse_led:A",),
}


def load(name: str):
    """Return the module boards/`name`/board.py; it needs an emulated `machine`."""
    for folder in ("sim/chip", "common", FIXTURE):
        path = str(BOARDS / folder)
        if path not in sys.path:
            sys.path.append(path)
    spec = importlib.util.spec_from_file_location("board_" + name, BOARDS / name / "board.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(pins) -> tuple:
    """Return the pins of one signal as a tuple."""
    return pins if isinstance(pins, tuple) else (pins,)


def table(module, signals=None) -> str:
    """Return the pin table of a board, in Markdown. signals: what hangs there, else SIGNALS."""
    justified = getattr(module, "STRAPPING", {})
    rows = ["| signal | GPIO | what hangs there |", "| --- | --- | --- |"]
    for signal, pins in module.Board.pins.items():
        what = (signals or SIGNALS)[signal]
        if signal in module.Board.no_pull:
            what += "; 10 kOhm to 3.3 V, the pin has no pull-up"
        for pin in numbers(pins):
            if pin in justified:
                what += f"; at reset it {justified[pin]}"
        rows.append(f"| {signal} | {', '.join(map(str, numbers(pins)))} | {what} |")
    return "\n".join(rows)


def pin_name(name: str, pin) -> str:
    """Return what Wokwi calls `pin` of board `name`."""
    _type, _power, pattern, special = _WOKWI[name]
    return special.get(pin, pattern % pin)


def diagram(name: str, pins) -> str:
    """Return the board's diagram.json."""
    kind, power, _pattern, _special = _WOKWI[name]
    parts = [{"type": kind, "id": "board", "top": 0, "left": 0, "attrs": {}}]
    for part, (part_type, left, top, attributes) in _PARTS.items():
        parts.append(
            {"type": part_type, "id": part, "top": top, "left": left, "attrs": attributes}
        )
    wires = [
        [f"board:{pin_name(name, pin)}", end, "green", []]
        for signal, ends in _ENDS.items()
        for pin, end in zip(numbers(pins[signal]), ends, strict=True)
    ]
    wires += [[f"board:{power}", end, "red", []] for end in ("lcd:VCC", "relay:VCC")]
    wires += [
        ["board:GND.1", end, "black", []]
        for end in ("lcd:GND", "relay:GND", "buzzer:1", "pulse_led:C")
    ]
    if kind.startswith("board-esp32"):
        wires += [
            ["board:TX", "$serialMonitor:RX", "", []],
            ["board:RX", "$serialMonitor:TX", "", []],
        ]
    return _laid_out({"version": 1, "author": "meter20", "editor": "wokwi"}, parts, wires)


def _laid_out(head, parts, wires) -> str:
    """Return the JSON of a diagram, a part or a wire on each line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    for key, rows in (("parts", parts), ("connections", wires)):
        body = ",\n".join("    " + json.dumps(row) for row in rows)
        lines.append(f'  "{key}": [\n{body}\n  ]' + ("," if key == "parts" else ""))
    return "{\n" + "\n".join(lines) + "\n}\n"


def parts(title: str, module) -> str:
    """Return the bill of materials of a board as delivered, in Markdown."""
    options = {name for name in module.Board.no_pull if name != "pulse_in"}
    rows = [("1", title, "with headers"), *_MATERIALS]
    if "pulse_in" in module.Board.no_pull:
        note = f"pulse input; one more for each of {', '.join(sorted(options))}, if used"
        rows.append(("1", "resistor 10 kOhm", note))
    if not _led_on_board(module):
        rows.append(("1", "LED and resistor 1 kOhm", "status; many boards have one on that pin"))
    lines = [f"| {number} | {part} | {note} |" for number, part, note in rows]
    return "\n".join(["| pieces | part | note |", "| --- | --- | --- |", *lines])


def _led_on_board(module) -> bool:
    return module.Board.pins["status_led"] in (25, "LED")


def title(name: str) -> str:
    """Return what the board's README calls it."""
    with (BOARDS / name / "README.md").open(encoding="utf-8") as file:
        return file.readline().removeprefix("# ").strip()


def readme(name: str, module) -> str:
    """Return the board's README with its parts, picture and pin table fresh."""
    text = (BOARDS / name / "README.md").read_text(encoding="utf-8")
    if name == FIXTURE:
        pins = module.Board.pins, load(fixture_wiring.METER).Board.pins
        rows = table(module, fixture_wiring.SIGNALS)
        text = _between(text, _PINS_BEGIN, _PINS_END, rows)
        return _between(text, _WIRES_BEGIN, _WIRES_END, fixture_wiring.table(*pins))
    made = [
        "## Parts",
        parts(title(name), module),
        "## Pins",
        "![Each pin, and what hangs there](wiring.svg)",
        table(module),
    ]
    return _between(text, BEGIN, END, "\n\n".join(made))


def _between(text, begin, end, new):
    """Return `text` with `new` between the markers `begin` and `end`."""
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{new}\n\n{end}{tail}"


def files() -> dict:
    """Return {path: text} of all that is drawn."""
    drawn = {}
    for name in NAMES:
        module = load(name)
        drawn[BOARDS / name / "README.md"] = readme(name, module)
        drawn[BOARDS / name / "wiring.svg"] = picture.picture(
            name, title(name), module.Board.pins, module.Board.no_pull
        )
        drawn[BOARDS / name / "diagram.json"] = diagram(name, module.Board.pins)
    fixture, meter = load(FIXTURE), load(fixture_wiring.METER)
    drawn[BOARDS / FIXTURE / "README.md"] = readme(FIXTURE, fixture)
    drawn[BOARDS / FIXTURE / "wiring.svg"] = fixture_wiring.picture(
        fixture.Board.pins, meter.Board.pins
    )
    return drawn


def write(drawn: dict):
    """Write {path: text}."""
    for path, text in drawn.items():
        Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(files())
