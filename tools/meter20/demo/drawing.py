"""The meter and the story so far, drawn for a terminal of 80x24 or more.

Surfaces are coloured blanks, not block characters: they look the same in every
font, and in an SVG too. Pure: (what there is to see) -> rich renderables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Group
from rich.table import Table
from rich.text import Text
from sts.digits import grouped

from meter20.vending.receipt import MARK, Receipt, money

WIDTH = 78  # columns
HEIGHT = 23  # lines

_CASE = "#20242a on #c8ccd2"
_CASE_DIM = "#5c636e on #c8ccd2"
_CASE_STRONG = "bold #101317 on #c8ccd2"
_WARNING = "bold #a01818 on #c8ccd2"
_BEZEL = "on #23272e"
_LCD = "bold #18250a on #a9c938"
_KEY = "bold #f4f5f7 on #3c434d"
_KEY_LETTER = "bold #f4f5f7 on #46648a"
_KEY_PRESSED = "bold #1a1200 on #ffb224"
_LAMP_ON = "#0c9a3e on #c8ccd2"
_LAMP_OFF = "#d02020 on #c8ccd2"
_LED_DARK = "#8e949d on #c8ccd2"
_PAPER = "#20242a on #f3efe2"
_PAPER_STRONG = "bold #101317 on #f3efe2"
_PAPER_WARNING = "bold #a01818 on #f3efe2"
_BAR_CREDIT = "on #3f8f2f"
_BAR_LOW = "on #d07a10"
_BAR_LOAD = "on #3b6ea5"
_BAR_EMPTY = "on #a3a9b2"

_KEY_ROWS = ("123A", "456B", "789C", "*0#D")
_LCD_COLUMNS = 20
_STATUS_COLUMNS = 19
_CREDIT_BAR_COLUMNS = 50
_LOAD_BAR_COLUMNS = 17
_LOAD_MAX_W = 15_000
_SLIP_COLUMNS = 34
LOW_CREDIT_WH = 5000


@dataclass(frozen=True)
class Face:
    """What is to be seen of a meter.

    lines: its display. clock_s: how long it has run. pulse: whether the LED is lit.
    key: the one held down. full_wh: what fills the credit bar.
    """

    lines: Sequence[str]
    closed: bool
    credit_wh: int
    clock_s: int
    load_w: int = 0
    pulse: bool = False
    key: str | None = None
    full_wh: int = 25_600


def display(lines: Sequence[str]) -> list[Text]:
    """Return the display in its bezel: 24 columns, two lines more than it shows."""
    edge = Text(" " * (_LCD_COLUMNS + 4), _BEZEL)
    shown = [
        Text.assemble((" ", _BEZEL), (f" {line:<{_LCD_COLUMNS}} ", _LCD), (" ", _BEZEL))
        for line in lines
    ]
    return [edge, *shown, edge]


def keypad(pressed: str | None) -> list[Text]:
    """Return the keypad, 23 columns by 7 lines, `pressed` held down."""
    rows = []
    for keys in _KEY_ROWS:
        caps = [(f"  {key}  ", _cap(key, pressed)) for key in keys]
        gaps = [(" ", _CASE)] * len(caps)
        parts = [part for pair in zip(caps, gaps, strict=True) for part in pair]
        rows += [Text.assemble(*parts[:-1]), Text(" " * 23, _CASE)]
    return rows[:-1]


def bar(part: int, whole: int, columns: int, style: str) -> Text:
    """Return a bar of `columns`, filled as `part` of `whole`; something is never nothing."""
    filled = min(columns, -(-max(part, 0) * columns // whole))
    return Text.assemble((" " * filled, style), (" " * (columns - filled), _BAR_EMPTY))


def kwh(wh: int) -> str:
    """Return `wh` in kWh with three decimals."""
    return f"{wh / 1000:.3f} kWh"


def meter(face: Face) -> Group:
    """Return the whole meter, 76 columns by 11 lines."""
    blank = Text(" ", _CASE)
    name = Text.assemble(("  meter20", _CASE_STRONG), ("  simulated prepayment meter", _CASE_DIM))
    head = _row(name, Text("TEST KEYS  ", _WARNING), style=_CASE, width=76)
    columns = (_tall(display(face.lines)), _tall(keypad(face.key)), _tall(_status(face)))
    body = Table.grid(padding=0, pad_edge=False)
    for width in (2, 24, 3, 23, 3, _STATUS_COLUMNS, 2):
        body.add_column(width=width)
    body.add_row("", columns[0], "", columns[1], "", columns[2], "", style=_CASE)
    low = face.credit_wh < LOW_CREDIT_WH
    credit = Text.assemble(
        ("  Credit  ", _CASE),
        bar(face.credit_wh, face.full_wh, _CREDIT_BAR_COLUMNS, _BAR_LOW if low else _BAR_CREDIT),
        (f"{kwh(face.credit_wh):>14}  ", _CASE_STRONG),
    )
    return Group(head, _filled(blank), body, _filled(blank), credit, _filled(blank))


def narration(number: int, steps: int, title: str, say: str, wrong: bool = False) -> Group:
    """Return the step under way: three lines. number: counted through all acts."""
    badge = f" {number}/{steps} "
    style = "bold #101317 on #ffb224" if not wrong else "bold white on red"
    head = Text.assemble((badge, style), ("  " + title, "bold"))
    return Group(head, Text(" " * len(badge) + "  " + say, "dim"), Text(""))


def ticks(results: Sequence[tuple[str, bool]], steps: int) -> Table:
    """Return the steps of an act so far, (name, whether as expected), in two columns."""
    half = -(-steps // 2)
    return _two_columns(
        [_tick(results, at) for at in range(half)],
        [_tick(results, at) for at in range(half, 2 * half)],
    )


def ticks_and_slip(results: Sequence[tuple[str, bool]], steps: int, receipt: Receipt) -> Table:
    """Return the steps of an act so far, and the customer's receipt beside them."""
    lines = slip(receipt)
    return _two_columns(
        [_tick(results, at) for at in range(max(steps, len(lines)))],
        [Text(f" {line:<{_SLIP_COLUMNS}} ", _paper(line)) for line in lines],
    )


def slip(receipt: Receipt) -> list[str]:
    """Return a receipt, as narrow as it goes: at most seven lines of 34 columns."""
    meter = receipt.meter
    lines = [(receipt.station, f"Receipt {receipt.number}")]
    lines.append((f"Meter {meter['Meter']}", f"KRN {meter['KRN']}  TI {meter['TI']}"))
    lines += [(words, money(cents)) for words, cents in receipt.lines]
    if receipt.lines:
        lines.append((f"Paid, {receipt.currency}", money(receipt.paid_cents)))
    several = len(receipt.tokens) > 1
    for position, (_, _, digits) in enumerate(receipt.tokens, 1):
        lines.append((f"Token {position}" if several else "", grouped(digits)))
    lines.append((MARK, ""))
    return [f"{left}{right:>{_SLIP_COLUMNS - len(left)}}" for left, right in lines]


def _two_columns(left, right):
    grid = Table.grid(padding=0)
    grid.add_column(width=38)
    grid.add_column(width=38)
    for row in zip_longest(left, right, fillvalue=Text("")):
        grid.add_row(*row)
    return grid


def _paper(line):
    if MARK in line:
        return _PAPER_WARNING
    return _PAPER_STRONG if line[-24:].replace(" ", "").isdigit() else _PAPER


def _tick(results, at):
    if at >= len(results):
        return Text("")
    name, good = results[at]
    mark = ("✓", "bold green") if good else ("✗", "bold red")
    return Text.assemble(" ", mark, f" {name}", no_wrap=True, overflow="ellipsis")


def _status(face):
    lamp = ("● SUPPLY ON", _LAMP_ON) if face.closed else ("● SUPPLY OFF", _LAMP_OFF)
    led = ("●", _LAMP_OFF if face.pulse else _LED_DARK)
    hours, minutes = divmod(face.clock_s // 60, 60)
    return [
        Text.assemble((lamp[0][0], "bold " + lamp[1]), (lamp[0][1:], _CASE_STRONG)),
        Text.assemble(led, (" pulse, 1 Wh each", _CASE)),
        Text("", _CASE),
        Text(f"Load{face.load_w / 1000:>10.1f} kW", _CASE),
        bar(face.load_w, _LOAD_MAX_W, _LOAD_BAR_COLUMNS, _BAR_LOAD),
        Text("", _CASE),
        Text(f"Clock{hours:>3} h {minutes:02} min", _CASE),
    ]


def _cap(key, pressed):
    if key == pressed:
        return _KEY_PRESSED
    return _KEY_LETTER if key in "ABCD" else _KEY


def _tall(lines):
    return Text("\n", _CASE).join(lines)


def _filled(text):
    return _row(text, Text("", _CASE), style=_CASE, width=76)


def _row(left, right, style, width):
    space = Text(" " * (width - left.cell_len - right.cell_len), style)
    return Text.assemble(left, space, right)
