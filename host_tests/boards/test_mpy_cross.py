"""Every file that a board may freeze compiles with MicroPython's own compiler."""

import ast
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meter20.board import boards
from meter20.board.mpy import LIMIT, build, compiled, contents, report

from .conftest import FIXTURES, METERS

ROOT = Path(__file__).parents[2]

ARCHITECTURES = sorted({board.architecture for board in boards.every() if board.pins})

SOURCES = sorted(
    path
    for folder in ("firmware", "boards")
    for path in (ROOT / folder).rglob("*.py")
    if "cpython" not in path.parts
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_device_file_compiles(architecture, tmp_path, note):
    targets = [tmp_path / f"{number}.mpy" for number in range(len(SOURCES))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        names = [source.name for source in SOURCES]
        said = list(pool.map(compiled, SOURCES, names, [architecture] * len(SOURCES), targets))

    assert [words for words in said if words] == []


@pytest.mark.parametrize("name", [*METERS, *FIXTURES])
def test_board_stays_small(name, tmp_path, note):
    sizes = build(name, tmp_path)
    total = sum(sizes.values())
    assert total <= LIMIT, report({name: sizes})
    read_by = boards.find(name).architecture
    note(f".mpy files of {name} ({read_by}): {len(sizes)} files, {total} bytes of {LIMIT}")


def test_report_has_a_line_for_each_file_and_the_sums():
    sizes = {"rp2_pico": {"a.py": 5, "rp2.py": 70}, "esp32_s3": {"a.py": 60, "esp32.py": 30}}
    first, second, *rows, sums = [line.split() for line in report(sizes).splitlines()]
    assert (first, second) == (["rp2_pico", "esp32_s3"], ["armv6m", "xtensawin"])
    assert rows == [["70", "rp2.py"], ["5", "60", "a.py"], ["30", "esp32.py"]]
    assert sums[:2] == ["75", "90"]


@pytest.mark.parametrize("name", [*METERS, *FIXTURES])
def test_board_holds_all_that_it_imports(name):
    have = {str(Path(place).with_suffix("")).replace("/", ".") for place in contents(name)}
    rooms = {place.partition(".")[0] for place in have}
    for place, source in contents(name).items():
        if name in FIXTURES and place == "loop.py":
            continue  # of a meter's loop it takes only the serial line and the clock
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module in rooms:
                wanted = {f"{node.module}.{alias.name}" for alias in node.names}
                if not wanted & have:
                    wanted = {node.module, node.module + ".__init__"}
                assert wanted & have, f"{source}: {node.module}"
            elif isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in rooms:
                assert node.module in have, f"{source}: {node.module}"


def test_compiled_files_say_nothing_of_the_machine_they_were_made_on(tmp_path):
    build("rp2_pico", tmp_path)
    telling = [path.name for path in tmp_path.rglob("*.mpy") if b"/firmware" in path.read_bytes()]
    assert telling == []
    assert b"meter.app" in (tmp_path / "meter" / "app.mpy").read_bytes()


def test_file_that_does_not_compile_is_named(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def half(\n")
    words = compiled(broken, "broken.py", "armv6m", tmp_path / "broken.mpy")
    assert "broken.py" in words
    assert "SyntaxError" in words
