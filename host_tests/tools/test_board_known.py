"""Which board it is: by what its MicroPython says, by its folder in boards/, by its manifest."""

import dataclasses

import pytest

from meter20.board import boards, flashing, manifest, running
from meter20.board.running import Running
from meter20.board.trouble import Code, Trouble

PICO = Running((1, 26, 1), "rp2", "Raspberry Pi Pico with RP2040", 4870)
VIRTUAL = Running((1, 29, 0), "webassembly", "JS with Emscripten", 774)


def test_board_is_known_by_what_it_says():
    assert running.recognised(PICO).name == "rp2_pico"
    assert (PICO.architecture, VIRTUAL.architecture) == ("armv6m", "")
    assert running.recognised(VIRTUAL).name == "sim"


@pytest.mark.parametrize(
    ("answers", "name", "code"),
    [
        (PICO, "esp32_s3", Code.WRONG_BOARD),
        (PICO, "rp2_pico_w", Code.WRONG_BOARD),
        (PICO, "no_such", Code.WRONG_BOARD),
        (Running((1, 27, 0), "stm32", "PYBv1.1 with STM32F405RG", 0), None, Code.WRONG_BOARD),
        (Running((1, 25, 0), "rp2", PICO.machine, 0), None, Code.OLD_MICROPYTHON),
    ],
)
def test_wrong_board_is_told(answers, name, code):
    with pytest.raises(Trouble) as caught:
        running.recognised(answers, name)
    assert caught.value.exit_code == code


def test_micropython_that_reads_other_mpy_files_is_told_before_anything_is_copied():
    files, _ = flashing.to_hold("sim", "")
    VIRTUAL.check_reads(files["board.mpy"])
    PICO.check_reads(files["board.mpy"])
    with pytest.raises(Trouble, match="without --mpy") as caught:
        Running(VIRTUAL.version, VIRTUAL.platform, VIRTUAL.machine, 7).check_reads(
            files["board.mpy"]
        )
    assert caught.value.exit_code == Code.OLD_MICROPYTHON


GENERIC = Running((1, 29, 0), "esp32", "Generic ESP32 module with ESP32", 10246)


def board_called(name, machine):
    return dataclasses.replace(boards.find("esp32_devkit"), name=name, machine=machine)


def test_board_that_says_most_of_what_answers_is_the_one(monkeypatch):
    known = [boards.find("esp32_devkit"), board_called("mine", "Mine with ESP32")]
    monkeypatch.setattr(boards, "every", lambda: known)
    mine = dataclasses.replace(GENERIC, machine="Mine with ESP32")
    assert running.recognised(mine).name == "mine"
    assert running.recognised(GENERIC).name == "esp32_devkit"


def test_boards_that_say_the_same_are_told_apart_by_the_user(monkeypatch):
    known = [boards.find("esp32_devkit"), board_called("esp32_s3", "with ESP32")]
    monkeypatch.setattr(boards, "every", lambda: known)
    with pytest.raises(Trouble, match=r"--board \(esp32_devkit, esp32_s3\)") as caught:
        running.recognised(GENERIC)
    assert caught.value.exit_code == Code.WRONG_BOARD
    assert running.recognised(GENERIC, "esp32_devkit").name == "esp32_devkit"


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ("MACHINE =", "cannot be read: SyntaxError"),
        ('LIKE = "no_such"', "cannot be read: FileNotFoundError"),
        ('MACHINE = "x"', "does not say FAMILY, ARCHITECTURE"),
        ('MACHINE = FAMILY = ARCHITECTURE = ""; PINS = (1,)', "does not say IMAGE, IMAGE_CHIP"),
    ],
)
def test_board_whose_about_is_wrong_is_named(about, words, tmp_path):
    folder = tmp_path / "boards/mine"
    folder.mkdir(parents=True)
    (folder / "about.py").write_text(about)
    with pytest.raises(Trouble, match=f"boards/mine/about.py {words}"):
        boards.every(tmp_path)


def test_unknown_board_may_be_wired_like_a_known_one():
    assert running.recognised(PICO, "fixture_pico").name == "fixture_pico"
    clone = Running((1, 28, 0), "rp2", "Some clone with RP2040", 4870)
    assert running.recognised(clone, "rp2_pico").name == "rp2_pico"


def test_manifest_is_read_and_what_only_a_frozen_image_needs_left_out(tmp_path):
    folder = tmp_path / "boards/mine"
    folder.mkdir(parents=True)
    (tmp_path / "boards/common.py").write_text(
        'module("_boot.py")\nmodule("main.py")\nfreeze("$(PORT_DIR)/modules")\n'
        'include("$(PORT_DIR)/boards/manifest.py")\nrequire("ssd1306")\n'
    )
    package = tmp_path / "firmware/sts"
    package.mkdir(parents=True)
    (package / "tid.py").write_text("")
    (folder / "about.py").write_text(
        'MACHINE, FAMILY, ARCHITECTURE = "Mine with RP2040", "rp2", "armv6m"'
    )
    (folder / "manifest.py").write_text(
        'include("../common.py")\npackage("sts", base_path="../../firmware", opt=2)\n'
    )
    found = manifest.contents("mine", tmp_path)
    assert sorted(found.files) == ["main.py", "sts/tid.py"]
    assert found.files["sts/tid.py"] == package / "tid.py"
    assert found.libraries == ["ssd1306"]
