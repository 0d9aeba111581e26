"""Imports between the rooms of the firmware: none upward, no circle, and few."""

import pytest

from meter20 import DEVICE_ROOT, rooms, rooms_drawing

ARROWS = rooms.arrows()


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


def test_import_inside_a_function_is_seen(tmp_path):
    inner = tmp_path / "firmware/account"
    inner.mkdir(parents=True)
    (tmp_path / "firmware/loop.py").write_text("")
    (tmp_path / "firmware/panel").mkdir()
    (tmp_path / "firmware/panel/screens.py").write_text("")
    (inner / "meter.py").write_text("def show():\n    from panel import screens\n")
    assert rooms.imported("account.meter", tmp_path) == {"panel.screens"}
    assert rooms.arrows(tmp_path)["account"] == {"panel"}
