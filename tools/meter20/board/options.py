"""The options of a board, `--set NAME=VALUE`: what can be set, and what a board remembers.

A board keeps the options that it was flashed with in the file FILE, a line for each, in the
words of the command line. So the next flash needs none of them again.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ports.keypad import KEYS

#: On the board, beside the files that are made with these options.
FILE = "options.txt"

#: The options that take some values only; the modules of the board take others for one of them.
VALUES = {
    "display_kind": ("lcd2004", "lcd1602", "ssd1306", "sh1106", ""),
    "relay": ("plain", "latching", "latching with feedback"),
    "relay_active": (0, 1),
    "clock_kind": ("ds3231", "pcf8563", ""),
    "credit_digits": (0, 4, 6),
    "phases": (1, 3),
}
#: What the class of a board says about itself that its owner does not choose.
_NO_OPTIONS = ("folder", "has_wifi")
_IMP_MAX = 100_000  # pulses of a kWh: what a meter can be provisioned with
_SIZES = (12, 16)  # keys of a pad of three and of four columns
_FORM = re.compile(r"([A-Za-z_]\w*)=(.*)", re.ASCII | re.DOTALL)

Value = str | int | None


@dataclass(frozen=True)
class Chosen:
    """The options of a flash. kept: from before. dropped: not kept, each with why."""

    options: tuple[str, ...]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """What a person reads."""
        dropped = [f"dropped {words}" for words in self.dropped]
        return [*dropped, *(f"{option} is kept from before" for option in self.kept)]


def check_form(options: Iterable[str]) -> None:
    """Raise ValueError for an option that no board can have."""
    for option in options:
        _name_and_text(option)


def chosen(
    remembered: str, options: Iterable[str], known: dict[str, Value], forget: bool = False
) -> Chosen:
    """Return what a board gets that has the FILE `remembered` and is now given `options`.

    known: {name: value as delivered}. Raises ValueError for an option of `options` that the board
    does not take.
    """
    given = {_name_and_text(option)[0]: option for option in options}
    for option in given.values():
        value(option, known)
    kept, dropped = [], []
    for option in remembered.splitlines():
        if option.partition("=")[0] in given:
            if option not in given.values():
                dropped.append(f"{option}: it is {given[option.partition('=')[0]]} now")
        elif forget:
            dropped.append(f"{option}: --forget")
        else:
            try:
                value(option, known)
                kept.append(option)
            except ValueError as wrong:
                dropped.append(str(wrong))
    return Chosen((*kept, *given.values()), tuple(kept), tuple(dropped))


def value(option: str, known: dict[str, Value]) -> tuple[str, Value]:
    """Return (name, value) of `option`; raises ValueError in words."""
    name, text = _name_and_text(option)
    if name not in known:
        raise ValueError(f"{option}: this board has no option {name}; it has {_listed(known)}")
    try:
        found = _read(known[name], text)
    except (ValueError, SyntaxError):
        words = f"{option}: {name} is {_kind(known[name])}, such as {known[name]}"
        raise ValueError(words) from None
    permitted = VALUES.get(name, (found,))
    if found not in permitted:
        raise ValueError(f"{option}: {name} is {' or '.join(map(repr, permitted))}")
    if name == "demo_imp_per_kwh" and found not in range(1, _IMP_MAX + 1):
        raise ValueError(f"{option}: {name} is 1 to {_IMP_MAX}")
    if name == "keys" and (
        len(text) not in _SIZES or set(text) - set(KEYS) or len(set(text)) < len(text)
    ):
        raise ValueError(f"{option}: keys are 12 or 16 of {KEYS}, each once")
    return name, found


def known(sources: dict[str, bytes], board_file: str) -> dict[str, Value]:
    """Return {name: value as delivered} of what the classes of a board say about themselves."""
    found = {}
    for node in _of_board(sources, board_file):
        if isinstance(node, ast.ClassDef):
            found.update(_constants(node))
    return {name: value for name, value in found.items() if name not in _NO_OPTIONS}


def pins(sources: dict[str, bytes], board_file: str) -> dict[str, int]:
    """Return {signal: GPIO} of the signals with one pin, by the `pins` of a board's class.

    It is a dict in words, the name of one, or `dict(NAME, signal=GPIO)`; else {} comes back.
    """
    named: dict[str, dict] = {}
    for node in _of_board(sources, board_file):
        if isinstance(node, ast.Assign):
            found = _table(node.value, named)
            named.update((at.id, found) for at in node.targets if isinstance(at, ast.Name))
    return {signal: pin for signal, pin in named.get("pins", {}).items() if type(pin) is int}


def _of_board(sources, board_file):
    """Yield what is written in the modules of a board; its own file has the last word."""
    for path in sorted(sources, key=lambda path: path == board_file):
        if path == board_file or path.endswith("_meter.py"):
            yield from ast.walk(ast.parse(sources[path]))


def _table(node, named):
    """Return the dict that `node` writes, of those `named` before; {} if it is none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return named.get(name, {})
        case ast.Call(func=ast.Name(id="dict"), args=[whole], keywords=changed):
            return _table(whole, named) | {at.arg: _literal(at.value) for at in changed}
    found = _literal(node)
    return found if isinstance(found, dict) else {}


def _literal(node):
    """Return the value of `node`, None if it is not written in words."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def lines(options: Iterable[str], known: dict[str, Value]) -> bytes:
    """Return what follows `board.py` so that its class has `options`. Raises ValueError."""
    said = [
        f"Board.{name} = {found!r}\n" for name, found in (value(one, known) for one in options)
    ]
    return "".join(["\n# Set when the board was flashed.\n", *said] if said else []).encode()


def _name_and_text(option: str) -> tuple[str, str]:
    form = _FORM.fullmatch(option)
    if form is None or not form[2].isprintable():
        raise ValueError(f"{option!r} is not NAME=VALUE, such as demo_load=True")
    return form[1], form[2]


def _constants(node: ast.ClassDef) -> dict[str, Value]:
    return {
        target.id: line.value.value
        for line in node.body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
        for target in line.targets
        if isinstance(target, ast.Name) and isinstance(line.value.value, str | int | None)
    }


def _read(example: Value, text: str) -> Value:
    """Return the value of `text`, of the kind of `example`; raises ValueError, SyntaxError."""
    if isinstance(example, str):
        return text
    found = ast.literal_eval(text)
    if type(found) is not (int if example is None else type(example)) and found is not example:
        raise ValueError(text)
    return found


def _kind(example: Value) -> str:
    if isinstance(example, bool):
        return "True or False"
    return "a whole number or None" if example is None else "a whole number"


def _listed(known: dict[str, Value]) -> str:
    return ", ".join(sorted(known))
