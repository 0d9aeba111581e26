"""The wiring picture of each board: its pins where they are, and what hangs on them.

Drawn from the `PINS` of its board.py like the pin table, see `wiring`. Seen from above, the USB
socket at the top.
"""

from xml.sax.saxutils import escape

from meter20.board.boards import Board

#: signal: the words beside its pin; of rows and columns, beside each.
WORDS = {
    "pulse_in": "pulse input",
    "relay": "relay IN",
    "relay_open": "open coil",
    "relay_feedback": "relay contact",
    "keypad_rows": "keypad R%d",
    "keypad_columns": "keypad C%d",
    "sda": "SDA of display",
    "scl": "SCL of display",
    "buzzer": "buzzer, 100 Ohm",
    "pulse_led": "pulse LED, 1 kOhm",
    "status_led": "status LED, 1 kOhm",
    "tamper": "cover switch",
    "brown_out": "supply fails",
    "demo_out": "wire to pulse input",
    "demo_button": "button to GND",
    "credit_clk": "TM1637 CLK",
    "credit_dio": "TM1637 DIO",
    "dlms_tx": "RX of a DLMS head",
    "dlms_rx": "TX of a DLMS head",
}
_OPTIONS = (
    "relay_open", "relay_feedback", "tamper", "brown_out", "credit_clk", "credit_dio", "dlms_tx",
    "dlms_rx",
)  # fmt: skip
_COLOURS = {"keypad": "#1f6fb2", "relay": "#b03a2e", "pulse": "#7d3c98", "demo": "#7d3c98"}
_SUPPLIES = {
    "GND": "ground, any of them",
    "3V3": "supply of a 3.3 V display",
    "VBUS": "5 V: relay module",
    "5V": "5 V: relay module",
}

_ROW, _TOP, _WIDTH = 22, 64, 740  # dots
_LEFT, _RIGHT = 240, 400  # edges of the board
_INK, _GREY = "#222222", "#8a8a8a"


def picture(board: Board, title: str, pins: dict, no_pull: tuple = ()) -> str:
    """Return the picture of `board` as SVG.

    pins: {signal: GPIO, or a tuple of them}. no_pull: signals that need a resistor beside them.
    """
    signals = _signals(pins, no_pull)
    left, right = board.headers
    height = _TOP + _ROW * max(len(left), len(right)) + 40
    middle = (_LEFT + _RIGHT) // 2
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(middle, 22, title, anchor="middle", weight="bold"),
        f'<rect x="{_LEFT}" y="40" width="{_RIGHT - _LEFT}" height="{height - 58}" rx="8" '
        'fill="#e9f2ea" stroke="#4f7a55"/>',
        f'<rect x="{middle - 22}" y="32" width="44" height="20" fill="#c9c9c9" stroke="#777777"/>',
        _text(middle, 47, "USB", anchor="middle"),
    ]
    for row in range(max(len(left), len(right))):
        for side, labels in ((-1, left), (1, right)):
            if row < len(labels):
                printed = board.printed.get(labels[row], str(labels[row]))
                drawn += _pin(side, _TOP + _ROW * row, labels[row], printed, signals)
    on_board = sorted(str(pin) for pin in signals if pin not in left + right)
    for pin in on_board:
        drawn.append(_text(middle, height - 26, f"LED on the board: {pin}", anchor="middle"))
    return "\n".join([*drawn, "</svg>", ""])


def _signals(pins, no_pull):
    """Return {GPIO: (signal, words)}."""
    signals = {}
    for signal, numbers in pins.items():
        for place, pin in enumerate(numbers if isinstance(numbers, tuple) else (numbers,), 1):
            words = WORDS[signal] + (", 10 kOhm to 3V3" if signal in no_pull else "")
            signals[pin] = (signal, words % place if "%" in words else words)
    return signals


def _pin(side, y, label, printed, signals):
    """Return one pin, and what hangs there; side: -1 left, 1 right. printed: on the board."""
    edge = _LEFT if side < 0 else _RIGHT
    inner, outer = ("start", "end") if side < 0 else ("end", "start")
    yield f'<circle cx="{edge}" cy="{y}" r="5" fill="#d8b04a" stroke="{_INK}"/>'
    yield _text(edge - side * 12, y + 4, printed, anchor=inner)
    signal, words = signals.get(label, ("", _SUPPLIES.get(label, "")))
    if not words:
        return
    colour = _COLOURS.get(signal.partition("_")[0], _INK)
    if signal in _OPTIONS:
        colour, words = _GREY, f"option: {words}"
    elif label in _SUPPLIES:
        colour = _INK if label == "GND" else "#b03a2e"
    yield (
        f'<line x1="{edge + side * 5}" y1="{y}" x2="{edge + side * 50}" y2="{y}" '
        f'stroke="{colour}" stroke-width="2"/>'
    )
    yield _text(edge + side * 58, y + 4, words, anchor=outer, colour=colour)


def _text(x, y, words, anchor="start", weight="normal", colour=_INK):
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{colour}">{escape(words)}</text>'
    )
