"""The picture of the firmware's rooms and of every import between them: `make drawing`.

A row a room, the outermost at the top. An arrow leads from the room that imports to the one
that is imported, in the colour of the first; on the right side it points downward, as all do.
Arrows to `sts` and `ports` are faint: nearly every room has them.
An arrow upward would be red, on the left.
"""

import sys
from pathlib import Path
from xml.sax.saxutils import escape

from meter20 import DEVICE_ROOT, rooms

PATH = DEVICE_ROOT / "docs" / "rooms.svg"

_HOLDS = {
    "boards": "one board: its pins, and the parts that hang on them",
    "loop": "time, the USB line, and what happens at the end",
    "carriers": "networks: MQTT, DLMS/COSEM; only where there is one",
    "service_port": "a line of JSON in, a line of JSON out",
    "meter": "the application: parts, turn, inbox, supervisor",
    "panel": "keys, screens, short codes, beeper",
    "supply": "may the switch be closed, and does it follow",
    "journal": "settings, events, faults, purchases",
    "account": "state, token acceptance, register, tariff, lock-out",
    "dlms": "DLMS/COSEM itself: objects, services, security",
    "drivers": "ports kept with machine, rp2, esp32",
    "store": "records that outlive a power cut, and their media",
    "ports": "what the meter asks of a board: contracts",
    "sts": "the standard: digits, ciphers, TID, key change",
}
_COLOURS = ("#7a3e9d", "#c2571a", "#1a7f5a", "#2060c0", "#b0305c", "#6b6f00", "#00808a", "#8a5a2b")

_ROW, _TOP, _HEIGHT = 62, 70, 40
_LEFT, _BOX = 440, 120  # of the boxes
_WIDTH = 920


def drawing(root: Path = DEVICE_ROOT) -> str:
    """Return the picture, SVG."""
    arrows = {**rooms.arrows(root), "boards": of_boards(root)}
    order = list(_HOLDS)
    ends = _ends(order, arrows)
    shapes = [_row(room, order.index(room)) for room in order]
    for number, room in enumerate(one for one in order if arrows[one]):
        colour = _COLOURS[number % len(_COLOURS)]
        for other in sorted(arrows[room], key=order.index):
            is_faint = other in ("sts", "ports")  # nearly all do
            words = f"{room} imports {other}"
            shapes.append(_arrow(ends[room, other], colour, 0.35 if is_faint else 1, words))
    height = _TOP + _ROW * len(order)
    heads = "".join(_head(colour) for colour in (*_COLOURS, "#e00000"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="15">\n<defs>{heads}</defs>\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>\n'
        f'<text x="24" y="34" font-size="19">The rooms of the firmware, and who imports whom'
        f"</text>\n" + "\n".join(shapes) + "\n</svg>\n"
    )


def of_boards(root):
    """Return the rooms that the folders of boards with pins import."""
    files = [*(root / "boards/common").glob("*.py"), *(root / "boards").glob("*_*/board.py")]
    return {
        name.partition(".")[0]
        for file in files
        for name in rooms.named(file.read_text(encoding="utf-8"))
        if name.partition(".")[0] in rooms.MAY_IMPORT
    }


def _ends(order, arrows):
    """Return {(room, other): (y of its start, y of its end)}: each end has a place of its own."""
    touching = {room: [] for room in order}
    for room in order:
        for other in arrows[room]:
            touching[room].append((order.index(other), room, other))
            touching[other].append((order.index(room), room, other))
    places = {}
    for at, room in enumerate(order):
        # Above come those from above, the nearest last; below those that go down, the farthest
        # first: so arrows at one box do not cross each other there.
        above = sorted((end for end in touching[room] if end[0] < at), key=lambda end: -end[0])
        below = sorted((end for end in touching[room] if end[0] > at), key=lambda end: -end[0])
        ends = above + below
        for place, (_, start, end) in enumerate(ends, 1):
            y = _TOP + _ROW * at + _HEIGHT * place / (len(ends) + 1)
            places[start, end, room] = y
    return {
        (room, other): (places[room, other, room], places[room, other, other])
        for room in order
        for other in arrows[room]
    }


def _row(room, at):
    y = _TOP + _ROW * at
    weight = "bold" if room in rooms.METER else "normal"
    return (
        f'<text x="24" y="{y + 26}" fill="#444">{escape(_HOLDS[room])}</text>\n'
        f'<rect x="{_LEFT}" y="{y}" width="{_BOX}" height="{_HEIGHT}" rx="5" fill="#f4f4f0" '
        f'stroke="#444"/>\n<text x="{_LEFT + _BOX // 2}" y="{y + 26}" text-anchor="middle" '
        f'font-weight="{weight}">{room}</text>'
    )


def _arrow(ends, colour, opacity, words):
    start, end = ends
    is_down = end > start
    x = _LEFT + _BOX if is_down else _LEFT
    reach = (1 if is_down else -1) * (24 + 0.52 * abs(end - start))
    colour = colour if is_down else "#e00000"
    return (
        f'<path d="M{x} {start:.1f} C{x + reach:.1f} {start:.1f} {x + reach:.1f} {end:.1f} '
        f'{x + 2} {end:.1f}" fill="none" stroke="{colour}" stroke-width="1.6" opacity="{opacity}" '
        f'marker-end="url(#{_mark(colour)})"><title>{words}</title></path>'
    )


def _head(colour):
    return (
        f'<marker id="{_mark(colour)}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
    )


def _mark(colour):
    return "head" + colour[1:]


if __name__ == "__main__":
    PATH.write_text(drawing(), encoding="utf-8")
    sys.stdout.write(f"{PATH.relative_to(DEVICE_ROOT)}\n")
