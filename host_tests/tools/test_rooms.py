"""Imports between the rooms of the firmware: none upward, no circle, and few.

An import for an editor, below `if _FOR_EDITOR`, counts as any other: it is knowledge, too.
"""

import ast

import pytest

from meter20 import DEVICE_ROOT, rooms, rooms_drawing

ARROWS = rooms.arrows()

# An editor follows a token, a pulse, a key and an answer through these rooms.
FOLLOWED = ("account", "journal", "supply", "panel", "meter", "service_port", "store")
# What a method takes besides values: an object whose methods it calls.
OBJECTS = {"app", "turn", "supervisor", "store", "medium", "flash", "inbox"}


@pytest.mark.parametrize("room", rooms.MAY_IMPORT)
def test_room_imports_what_it_may_and_may_no_more_than_it_does(room):
    assert ARROWS[room] == set(rooms.MAY_IMPORT[room])


def test_no_arrow_points_upward():
    inward = list(rooms.MAY_IMPORT)
    for room, others in rooms.MAY_IMPORT.items():
        assert all(inward.index(other) < inward.index(room) for other in others), room


def test_every_folder_of_the_firmware_is_a_room():
    folders = {path.parent.name for path in (DEVICE_ROOT / "firmware").glob("*/__init__.py")}
    assert folders | {"loop"} == set(rooms.MAY_IMPORT)


def test_arrows_between_the_rooms_of_the_meter_are_few():
    between = [
        (room, other) for room in rooms.METER for other in ARROWS[room] if other in rooms.METER
    ]
    assert len(between) <= 15, between


def test_no_module_imports_itself_by_way_of_others():
    left = {module: rooms.imported(module) - {module} for module in rooms.modules()}
    while left:
        free = [module for module, others in left.items() if not others & set(left)]
        assert free, f"a circle among {sorted(left)}"
        for module in free:
            del left[module]


def test_drawing_is_fresh_and_no_arrow_in_it_points_upward():
    drawn = rooms_drawing.PATH.read_text(encoding="utf-8")
    assert drawn == rooms_drawing.drawing(), "run `make drawing`"
    assert 'stroke="#e00000"' not in drawn
    assert drawn.count("<title>") == sum(map(len, ARROWS.values())) + len(
        rooms_drawing.of_boards(DEVICE_ROOT)
    )


def _parameters(source):
    """Yield (name, annotation or None, whether of a constructor) of each parameter in `source`.

    Those with a default are left out.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            args = node.args.args
            for each in args[: len(args) - len(node.args.defaults)]:
                is_plain = each.arg == "self" or each.arg.startswith("_")
                if not is_plain:
                    yield each.arg, each.annotation, node.name == "__init__"


def _unnamed(source):
    """Return the parameters whose class an editor has to know and cannot."""
    return [
        name
        for name, annotation, is_constructor in _parameters(source)
        if annotation is None and (name in OBJECTS or is_constructor)
    ]


def test_class_of_what_a_part_is_given_is_named_so_that_an_editor_follows_its_calls():
    unnamed = {
        module: _unnamed(path.read_text(encoding="utf-8"))
        for module, path in rooms.modules().items()
        if path.parent.name in FOLLOWED
    }
    assert {module: names for module, names in unnamed.items() if names} == {}


def test_parameter_without_its_class_is_noticed():
    source = (
        "class A:\n    def __init__(self, kept, n: int): ...\n    def step(self, turn, at): ..."
    )
    assert _unnamed(source) == ["kept", "turn"]


def test_import_inside_a_function_is_seen(tmp_path):
    inner = tmp_path / "firmware/account"
    inner.mkdir(parents=True)
    (tmp_path / "firmware/loop.py").write_text("")
    (tmp_path / "firmware/panel").mkdir()
    (tmp_path / "firmware/panel/screens.py").write_text("")
    (inner / "meter.py").write_text("def show():\n    from panel import screens\n")
    assert rooms.imported("account.meter", tmp_path) == {"panel.screens"}
    assert rooms.arrows(tmp_path)["account"] == {"panel"}
