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
from meter20.board import boards, fixture_wiring, picture
from meter20.board.boards import Board

BOARDS = DEVICE_ROOT / "boards"

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
    "dlms_tx": "RX of the optical head or cable, 3.3 V; `dlms_uart`",
    "dlms_rx": "TX of the optical head or cable, 3.3 V; `dlms_uart`",
}

#: pieces, part, what it costs at most in euros, what may replace it, what it is for.
_MATERIALS = (
    ("1", "keypad 4x4, membrane", 8, "3x4, with `--set 'keys=123456789*0#'`", ""),
    (
        "1",
        "character display 20x4 with I2C backpack (PCF8574)",
        30,
        "16x2, or an OLED of 128x64, with `--set display_kind=...`",
        "for 3.3 V, see [What to buy](../README.md#what-to-buy)",
    ),
    (
        "1",
        "relay module, 1 channel, input for 3.3 V",
        8,
        "one that closes on a low level, with `--set relay_active=0`",
        "switches a lamp of 12 V, not the mains",
    ),
    (
        "1",
        "passive buzzer, resistor 100 Ohm",
        3,
        "nothing: the meter is silent",
        "an active one only hums",
    ),
    ("1", "LED, resistor 1 kOhm", 1, "nothing", "changes with the pulses"),
    ("1", "push button", 1, "`--set demo_load=True`", "for the demo load"),
    ("1", "breadboard, 830 contacts", 8, "solder", "two of 400, where the board is wide"),
    (
        "about 25",
        "jumper wires, male and female ends",
        8,
        "",
        "one of them from `demo_out` to `pulse_in`, for the demo load",
    ),
    ("1", "USB cable that carries data", 6, "one that you have", "many cables only charge"),
)

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
    """Return the module boards/`name`/board.py; the `machine` that it needs is emulated."""
    folders = [DEVICE_ROOT / "host_tests" / "chip", BOARDS / "common"]
    for folder in [*folders, *(fixture.folder for fixture in boards.fixtures())]:
        path = str(folder)
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


def pin_name(board: Board, pin) -> str:
    """Return what Wokwi calls `pin` of `board`."""
    return board.wokwi.get("names", {}).get(pin, board.wokwi["pin"] % pin)


def diagram(board: Board, pins) -> str:
    """Return the board's diagram.json."""
    parts = [{"type": board.wokwi["part"], "id": "board", "top": 0, "left": 0, "attrs": {}}]
    for part, (part_type, left, top, attributes) in _PARTS.items():
        parts.append(
            {"type": part_type, "id": part, "top": top, "left": left, "attrs": attributes}
        )
    wires = [
        [f"board:{pin_name(board, pin)}", end, "green", []]
        for signal, ends in _ENDS.items()
        for pin, end in zip(numbers(pins[signal]), ends, strict=True)
    ]
    wires += [
        [f"board:{board.wokwi['power']}", end, "red", []] for end in ("lcd:VCC", "relay:VCC")
    ]
    wires += [
        ["board:GND.1", end, "black", []]
        for end in ("lcd:GND", "relay:GND", "buzzer:1", "pulse_led:C")
    ]
    for pin, end in zip(board.wokwi.get("serial", ()), ("RX", "TX"), strict=False):
        wires.append([f"board:{pin}", f"$serialMonitor:{end}", "", []])
    return _laid_out({"version": 1, "author": "meter20", "editor": "wokwi"}, parts, wires)


def _laid_out(head, parts, wires) -> str:
    """Return the JSON of a diagram, a part or a wire on each line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    for key, rows in (("parts", parts), ("connections", wires)):
        body = ",\n".join("    " + json.dumps(row) for row in rows)
        lines.append(f'  "{key}": [\n{body}\n  ]' + ("," if key == "parts" else ""))
    return "{\n" + "\n".join(lines) + "\n}\n"


def parts(board: Board, title: str, module) -> str:
    """Return the bill of materials of a board as delivered, in Markdown."""
    options = {name for name in module.Board.no_pull if name != "pulse_in"}
    rows = [("1", title, board.cost_eur, "", "with headers"), *_MATERIALS]
    if "pulse_in" in module.Board.no_pull:
        note = f"pulse input; one more for each of {', '.join(sorted(options))}, if used"
        rows.append(("1", "resistor 10 kOhm", 1, "", note))
    if module.Board.pins["status_led"] not in board.on_board:
        rows.append(
            ("1", "LED and resistor 1 kOhm", 1, "", "status; many boards have one on that pin")
        )
    rows.append(("", "**together**", sum(row[2] for row in rows), "", ""))
    head = ("pieces", "part", "EUR at most", "what may replace it", "note")
    lines = [
        "| " + " | ".join(map(str, row)) + " |" for row in (head, ("---",) * len(head), *rows)
    ]
    return "\n".join(lines).replace("|  |", "| |").replace("|  |", "| |")


def title(board: Board) -> str:
    """Return what the board's README calls it."""
    with (board.folder / "README.md").open(encoding="utf-8") as file:
        return file.readline().removeprefix("# ").strip()


def _fixture_readme(board: Board, fixture, meter) -> str:
    """Return the README of a fixture with its pins and its wires to a meter's board fresh."""
    text = (board.folder / "README.md").read_text(encoding="utf-8")
    text = _between(text, _PINS_BEGIN, _PINS_END, table(fixture, fixture_wiring.SIGNALS))
    wires = fixture_wiring.table(fixture.Board.pins, meter.Board.pins)
    return _between(text, _WIRES_BEGIN, _WIRES_END, wires)


def readme(board: Board, module) -> str:
    """Return the board's README with its parts, picture and pin table fresh."""
    text = (board.folder / "README.md").read_text(encoding="utf-8")
    made = [
        "## Parts",
        parts(board, title(board), module),
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
    for board in boards.meters():
        drawn.update(_of_meter(board))
    for board in boards.fixtures():
        drawn.update(_of_fixture(board))
    return drawn


def _of_meter(board):
    module = load(board.name)
    pins = module.Board.pins
    return {
        board.folder / "README.md": readme(board, module),
        board.folder / "wiring.svg": picture.picture(
            board, title(board), pins, module.Board.no_pull
        ),
        board.folder / "diagram.json": diagram(board, pins),
    }


def _of_fixture(board):
    fixture, meter = load(board.name), load(board.meter)
    return {
        board.folder / "README.md": _fixture_readme(board, fixture, meter),
        board.folder / "wiring.svg": fixture_wiring.picture(fixture.Board.pins, meter.Board.pins),
    }


def write(drawn: dict):
    """Write {path: text}."""
    for path, text in drawn.items():
        Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(files())
