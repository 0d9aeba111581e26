"""The wires between fixture, meter and the parts between them: a table, and a picture in SVG.

Drawn from the `PINS` of both boards by `make wiring`, for the README of each fixture's board.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

#: signal: what hangs there.
SIGNALS = {
    "row_address": "U1 (rows) S0, S1",
    "column_address": "U2 (columns) S0, S1",
    "key_off": "U1 and U2 E, and 10 kOhm to 3.3 V: no key is down while the fixture starts",
    "pulse_clean": "open, or an oscilloscope: the pulses without their bounce",
    "pulse_out": "the meter's pulse_in: pulls it low, never high",
    "supply": "ON of the high-side switch, and 10 kOhm to 3.3 V: the meter has power meanwhile",
    "contact": "a free contact of the load relay, to GND while the load is connected",
    "pulse_led": "the meter's pulse_led, through 10 kOhm",
    "status_led": "the meter's status_led, through 10 kOhm; on a Pico that is the test point TP5",
}

#: Pins of a 74HC4051 by their number.
_LEGS = {"S0": 11, "S1": 10, "S2": 9, "E": 6, "Z": 3, "Y0": 13, "Y1": 14, "Y2": 15, "Y3": 12}

_PITCH, _TITLE, _MARGIN = 24, 34, 20
_COLOURS = {"key": "#2a7", "pulse": "#c33", "lamp": "#b80", "supply": "#d22", "GND": "#222"}


@dataclass(frozen=True)
class Wire:
    """From a pin of one part to a pin of another. kind: of _COLOURS. by: what lies between."""

    start: tuple[str, str]
    end: tuple[str, str]
    kind: str
    by: str = ""


@dataclass(frozen=True)
class _Box:
    """A part in the picture, its pins down its left and its right side. names: of pins."""

    title: str
    left: int
    top: int
    width: int
    pins: tuple[tuple[str, ...], tuple[str, ...]]
    names: dict[str, str]

    @property
    def height(self) -> int:
        return _TITLE + _PITCH * max(map(len, self.pins))

    def place(self, pin: str) -> tuple[int, int, int]:
        """Return x and y of a pin, and on which side it is: -1 or 1."""
        side = 0 if pin in self.pins[0] else 1
        y = self.top + _TITLE + _PITCH * self.pins[side].index(pin) + _PITCH // 2
        return self.left + side * self.width, y, 2 * side - 1


def wires(fixture: dict, meter: dict) -> list[Wire]:
    """Return all wires, given the `PINS` of both boards."""
    found = []
    for part, signal in (("U1", "row_address"), ("U2", "column_address")):
        for bit, pin in enumerate(fixture[signal]):
            found.append(Wire(("fixture", _gp(pin)), (part, _leg(f"S{bit}")), "key"))
        found.append(Wire(("fixture", _gp(fixture["key_off"])), (part, _leg("E")), "key"))
    for part, signal in (("U1", "keypad_rows"), ("U2", "keypad_columns")):
        for channel, pin in enumerate(meter[signal]):
            found.append(Wire((part, _leg(f"Y{channel}")), ("meter", _gp(pin)), "key"))
    found += [
        Wire(("U1", _leg("Z")), ("U2", _leg("Z")), "key"),
        Wire(("fixture", _gp(fixture["supply"])), ("switch", "ON"), "supply"),
        Wire(("switch", "OUT"), ("meter", "VBUS"), "supply", "the red wire of its USB cable"),
        Wire(("fixture", _gp(fixture["contact"])), ("relay", "NO"), "lamp"),
        Wire(("relay", "IN"), ("meter", _gp(meter["relay"])), "lamp"),
        Wire(("fixture", _gp(fixture["pulse_out"])), ("meter", _gp(meter["pulse_in"])), "pulse"),
    ]
    for signal in ("pulse_led", "status_led"):
        start, end = ("fixture", _gp(fixture[signal])), ("meter", _gp(meter[signal]))
        found.append(Wire(start, end, "lamp", "10 kOhm"))
    found.append(Wire(("relay", "COM"), ("fixture", "GND"), "GND"))
    found.append(Wire(("fixture", "GND"), ("meter", "GND"), "GND"))
    return found


def table(fixture: dict, meter: dict) -> str:
    """Return the wires as a table in Markdown."""
    rows = ["| one end | other end | through |", "| --- | --- | --- |"]
    rows += [
        f"| {' '.join(wire.start)} | {' '.join(wire.end)} | {wire.by} |"
        for wire in wires(fixture, meter)
    ]
    return "\n".join(rows)


def picture(fixture: dict, meter: dict) -> str:
    """Return the wires as a picture in SVG; the title of each line names its two ends."""
    boxes = _boxes(fixture, meter)
    width = boxes["meter"].left + boxes["meter"].width + _MARGIN
    height = max(box.top + box.height for box in boxes.values()) + _MARGIN
    drawn = [_line(boxes, wire) for wire in wires(fixture, meter)]
    drawn += [shape for box in boxes.values() for shape in _part(box)]
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12">\n<title>Wires of the fixture</title>\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _boxes(fixture, meter):
    near = [*fixture["row_address"], fixture["key_off"], *fixture["column_address"]]
    signals = ("supply", "contact", "pulse_out", "pulse_led", "status_led")
    left = (*map(_gp, near), *(_gp(fixture[signal]) for signal in signals), "GND")
    far = [*meter["keypad_rows"], *meter["keypad_columns"]]
    lamps = (_gp(meter[signal]) for signal in ("relay", "pulse_in", "pulse_led", "status_led"))
    right = (*map(_gp, far), "VBUS", *lamps, "GND")
    address = (_leg("S0"), _leg("S1"), _leg("E"), _leg("Z"))
    channels = tuple(_leg(f"Y{number}") for number in range(4))
    return {
        "fixture": _Box("fixture: Pico", _MARGIN, 280, 170, ((), left), _names(fixture)),
        "U1": _Box("U1 rows: 74HC4051", 340, _MARGIN, 170, (address, channels), {}),
        "U2": _Box("U2 columns: 74HC4051", 340, 170, 170, (address, channels), {}),
        "switch": _Box("high-side switch", 340, 320, 170, (("ON",), ("OUT",)), {}),
        "relay": _Box("load relay", 340, 400, 170, (("NO", "COM"), ("IN",)), {}),
        "meter": _Box("meter: Pico", 680, 212, 170, (right, ()), _names(meter)),
    }


def _names(pins):
    """Return {pin: signal} of a board's `PINS`."""
    return {
        _gp(pin): signal
        for signal, those in pins.items()
        for pin in (those if isinstance(those, tuple) else (those,))
    }


def _line(boxes, wire):
    x1, y1, out1 = boxes[wire.start[0]].place(wire.start[1])
    x2, y2, out2 = boxes[wire.end[0]].place(wire.end[1])
    reach = 70
    path = f"M{x1} {y1} C{x1 + out1 * reach} {y1} {x2 + out2 * reach} {y2} {x2} {y2}"
    name = f"{' '.join(wire.start)} - {' '.join(wire.end)}"
    return (
        f'<path d="{path}" fill="none" stroke="{_COLOURS[wire.kind]}" stroke-width="2">'
        f"<title>{escape(name)}</title></path>"
    )


def _part(box):
    yield (
        f'<rect x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}" rx="6" '
        f'fill="#eef" stroke="#336"/>'
    )
    middle = box.left + box.width // 2
    yield (
        f'<text x="{middle}" y="{box.top + 20}" text-anchor="middle" font-weight="bold">'
        f"{escape(box.title)}</text>"
    )
    for pin in box.pins[0] + box.pins[1]:
        x, y, side = box.place(pin)
        anchor = "end" if side > 0 else "start"
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="#336"/>'
        text = f"{pin} {box.names.get(pin, '')}".strip()
        yield f'<text x="{x - 8 * side}" y="{y + 4}" text-anchor="{anchor}">{escape(text)}</text>'


def _gp(number) -> str:
    return f"GP{number}"


def _leg(name) -> str:
    return f"{name} ({_LEGS[name]})"
