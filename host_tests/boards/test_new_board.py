"""A new board is a folder: a copy of one, under a name of its own, is known to every tool.

All happens in a copy of the checkout, in processes of their own, which find boards there.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from meter20 import DEVICE_ROOT

NAME, LIKE = "my_meter", "rp2_pico"
MACHINE = "My board with RP2040"
_COPIED = ("boards", "firmware", "host_tests", "tools", "pyproject.toml", "pyrightconfig.rp2.json",
           "pyrightconfig.esp32.json")  # fmt: skip

#: What each tool knows, as one line of JSON.
_ASKED = f"""
import json
from pathlib import Path
from meter20.board import boards, flashing, mpy, packages, running, type_checks
from meter20.board.running import Running

said = Running((1, 29, 0), "rp2", {MACHINE!r}, 4870)
files = flashing.to_hold({NAME!r}, "armv6m")[0]
print(json.dumps({{
    "meters": [board.name for board in boards.meters()],
    "recognised": running.recognised(said).name,
    "flashed": sorted(files),
    "compiled": sorted(mpy.build({NAME!r}, Path("build/mpy"))),
    "role": sorted(packages.roles()[{NAME!r}][1]),
    "left out by": [path.name for path, text in type_checks.files().items() if {NAME!r} in text],
}}))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout with one folder more in boards/."""
    root = tmp_path_factory.mktemp("checkout")
    for name in _COPIED:
        if (DEVICE_ROOT / name).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "build")
            shutil.copytree(DEVICE_ROOT / name, root / name, ignore=left_out)
        else:
            shutil.copy(DEVICE_ROOT / name, root / name)
    folder = root / "boards" / NAME
    shutil.copytree(root / "boards" / LIKE, folder)
    (folder / "wiring.svg").unlink()
    about = folder / "about.py"
    about.write_text(re.sub(r"(?m)^MACHINE = .*$", f'MACHINE = "{MACHINE}"', about.read_text()))
    settings = folder / "wokwi.toml"
    settings.write_text(settings.read_text().replace(LIKE, NAME))
    for tool in ("wiring", "packages"):
        run(root, "-m", f"meter20.board.{tool}")
    return root


def run(root, *command):
    """Run Python in the copy; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(root / "tools"), "CI": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_every_tool_knows_a_board_by_its_folder_alone(checkout):
    told = json.loads(run(checkout, "-c", _ASKED))
    assert NAME in told["meters"]
    assert told["recognised"] == NAME
    assert {"board.mpy", "meter/app.mpy", "main.py"} <= set(told["flashed"])
    assert "board.py" in told["compiled"]
    assert told["role"] == ["board.py"]
    assert told["left out by"] == ["pyrightconfig.esp32.json"]


def test_its_picture_is_drawn_and_its_files_are_listed(checkout):
    folder = checkout / "boards" / NAME
    assert "</svg>" in (folder / "wiring.svg").read_text()
    assert json.loads((folder / "package.json").read_text())["urls"] == [["board.py", "board.py"]]


def test_command_names_it_among_the_boards(checkout):
    command = [sys.executable, "-m", "meter20.cli", "board", "firmware", "--board", "none"]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "tools")}
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert NAME in done.stdout + done.stderr


def test_tests_of_boards_are_its_own_too(checkout):
    """Contract, pins, wiring, manifest, emulated chip and loop: each case of the new name."""
    tests = (
        "contract/test_board.py",
        *(f"boards/test_{of}.py" for of in ("boards", "loop", "start")),
    )
    told = run(
        checkout, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", NAME,
        *(f"host_tests/{test}" for test in tests),
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", told)
    assert passed
    assert int(passed[1]) >= 30, told[-1000:]
