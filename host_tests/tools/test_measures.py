"""How large the parts of the firmware may be: functions, modules and classes."""

import ast
import json
import re
import statistics
import sys

import board
import pytest
from body import SimBody
from data import meters
from flash_chip import RamImage
from store.slot_store import SlotStore

from meter20 import DEVICE_ROOT, rooms

FILES = {name: path.read_text(encoding="utf-8") for name, path in rooms.modules().items()}
FUNCTION_MEDIAN, FUNCTION_MOST_95, FUNCTION_MOST = 5, 18, 40  # lines, without docstrings
MODULE_MOST = 350  # lines
PUBLIC_MOST, ATTRIBUTES_MOST = 15, 12  # of a class


def functions(source):
    """Return {name: lines} of the functions in `source`, their docstrings left out."""
    return {
        node.name: _length(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }


def _length(function):
    told = function.body[0] if ast.get_docstring(function) else None
    docstring = told.end_lineno - told.lineno + 1 if told else 0
    return function.end_lineno - function.lineno + 1 - docstring


def classes(source):
    """Return {name: (public names, attributes)} of the classes in `source`."""
    return {
        node.name: (_public(node), _attributes(node))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
    }


def _public(kind):
    defined = {node.name for node in kind.body if isinstance(node, ast.FunctionDef)}
    names = defined | _attributes(kind)
    return {name for name in names if not name.startswith("_")}


def _attributes(kind):
    """Return the names that methods of the class `kind` give a value to in `self`."""
    return {
        node.attr
        for node in ast.walk(kind)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and getattr(node.value, "id", "") == "self"
    }


def test_functions_are_short(note):
    lengths = sorted(length for source in FILES.values() for length in functions(source).values())
    at_95 = lengths[len(lengths) * 95 // 100]
    median = statistics.median(lengths)
    note(f"{len(lengths)} functions: median {median}, 95th percentile {at_95}, {lengths[-1]} most")
    assert median <= FUNCTION_MEDIAN
    assert at_95 <= FUNCTION_MOST_95


@pytest.mark.parametrize("module", FILES)
def test_module_and_what_is_in_it_are_small(module):
    source = FILES[module]
    assert len(source.splitlines()) <= MODULE_MOST
    for name, length in functions(source).items():
        assert length <= FUNCTION_MOST, name
    for name, (public, attributes) in classes(source).items():
        assert len(public) <= PUBLIC_MOST, (name, sorted(public))
        assert len(attributes) <= ATTRIBUTES_MOST, (name, sorted(attributes))


def test_token_is_followed_from_the_request_to_the_record_in_six_calls(monkeypatch):
    """docs/architecture.md lists them; a frame of the store comes after the last."""
    seen, commit = [], SlotStore.commit

    def watched(store, record):
        frame, calls = sys._getframe(1), []
        while frame and frame.f_code.co_name != "_token":
            calls.insert(0, frame.f_code.co_name)
            frame = frame.f_back
        if frame:
            seen.append(["_token", *calls])
        commit(store, record)

    monkeypatch.setattr(SlotStore, "commit", watched)  # before there is a meter that binds it
    meter = SimBody(RamImage(board.FLASH_SIZE))
    fields = json.dumps({"do": "provision", **meters.PROVISION})
    assert b'"ok": true' in meter.feed(fields.encode() + b"\n")
    meter.feed(b'{"do":"token","digits":"%s"}\n' % meters.TOKEN_100_WH.encode())
    assert seen[0] == ["_token", "enter", "enter", "enter", "_enter_encrypted", "commit"]
    document = (DEVICE_ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    path = document.partition("## The path of a token")[2].partition("\n## ")[0]
    assert re.findall(r"(?m)^\d\. `\w+\.(\w+)`", path) == seen[0]


def test_measures_see_what_they_measure():
    source = (
        'class A:\n    b = 1\n\n    def c(self):\n        """Two\n        lines."""\n'
        "        self.d, self._e = 1, 2\n        self.f += 1\n        self.g[0] = self.h\n"
    )
    assert functions(source) == {"c": 4}
    assert classes(source) == {"A": ({"c", "d", "f"}, {"d", "_e", "f"})}
