"""Every file that a board may freeze compiles with MicroPython's own compiler."""

import ast
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meter20.board.mpy import ARCHITECTURES, LIMIT, build, compiled, contents, report
from meter20.board.wiring import FIXTURE, NAMES

ROOT = Path(__file__).parents[2]

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
        said = list(pool.map(compiled, SOURCES, [architecture] * len(SOURCES), targets))

    assert [words for words in said if words] == []


@pytest.mark.parametrize("name", [*NAMES, FIXTURE])
def test_board_stays_small(name, tmp_path, note):
    (architecture,) = [key for key, boards in ARCHITECTURES.items() if name in boards]
    sizes = build(name, architecture, tmp_path)
    total = sum(sizes.values())
    assert total <= LIMIT, report(name, architecture, sizes)
    note(f".mpy files of {name} ({architecture}): {len(sizes)} files, {total} bytes of {LIMIT}")


@pytest.mark.parametrize("name", [*NAMES, FIXTURE])
def test_board_holds_all_that_it_imports(name):
    have = {str(Path(place).with_suffix("")).replace("/", ".") for place in contents(name)}
    rooms = {place.partition(".")[0] for place in have}
    for place, source in contents(name).items():
        if name == FIXTURE and place == "loop.py":
            continue  # of a meter's loop it takes only the serial line and the clock
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module in rooms:
                wanted = {f"{node.module}.{alias.name}" for alias in node.names}
                if not wanted & have:
                    wanted = {node.module, node.module + ".__init__"}
                assert wanted & have, f"{source}: {node.module}"
            elif isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in rooms:
                assert node.module in have, f"{source}: {node.module}"


def test_file_that_does_not_compile_is_named(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def half(\n")
    words = compiled(broken, "armv6m", tmp_path / "broken.mpy")
    assert "broken.py" in words
    assert "SyntaxError" in words
