"""A board gets the same modules whichever way they come: copied, by mip, or frozen."""

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from meter20 import DEVICE_ROOT
from meter20.board import manifest, mpy, packages
from meter20.board.service import ServicePort
from meter20.virtual.pty_board import PtyBoard

from .conftest import METERS


@pytest.mark.parametrize("name", METERS)
def test_manifest_and_packages_bring_the_same(name):
    frozen = manifest.contents(name)
    by_mip = {**mpy.contents(name), "main.py": DEVICE_ROOT / "firmware/main.py"}
    assert frozen.files == by_mip
    assert "ssd1306" in frozen.libraries
    assert not {"_boot.py", "meter_flash.py", "ea07_rounds.py"} & set(by_mip)


class Index(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def index(tmp_path):
    """Return the address of a package index that has a library, as micropython.org's has."""
    folder = tmp_path / "index/package/py/ssd1306"
    folder.mkdir(parents=True)
    (tmp_path / "index/ssd1306.py").write_text("class SSD1306_I2C:\n    pass\n")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Index, directory=str(tmp_path / "index"))
    )
    address = f"http://127.0.0.1:{server.server_port}"
    (folder / "latest.json").write_text(
        json.dumps({"v": 1, "urls": [["ssd1306.py", address + "/ssd1306.py"]], "deps": []})
    )
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield address
    server.shutdown()
    server.server_close()


def mip(port, role, index):
    """Install `role` as boards/README.md says."""
    folder, _ = packages.roles()[role]
    package = (folder / "package.json").relative_to(DEVICE_ROOT)
    command = [sys.executable, "-m", "mpremote", "connect", port, "mip", "install",
               "--no-mpy", "--index", index, "--target=/", str(package)]  # fmt: skip
    done = subprocess.run(
        command, cwd=DEVICE_ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_mip_installs_a_meter_that_runs_role_by_role(index):
    with PtyBoard() as board:
        for role in ("meter", "drivers", "common", "rp2_pico"):
            mip(board.port, role, index)
        there = {
            str(path.relative_to(board.files)): path.read_bytes()
            for path in board.files.rglob("*.py")
        }
        assert there.pop("ssd1306.py").startswith(b"class SSD1306_I2C")
        wanted = {place: source.read_bytes() for place, source in _placed("rp2_pico").items()}
        assert there == wanted
        mip(board.port, "sim", index)  # the virtual board is no Pico: this is its own role
        with ServicePort(board.port) as meter:
            assert meter.request(do="read")["firmware"].startswith("meter20")


def _placed(board) -> dict[str, Path]:
    placed = {}
    for role in ("meter", "drivers", "common", board):
        placed.update(packages.roles()[role][1])
    return placed
