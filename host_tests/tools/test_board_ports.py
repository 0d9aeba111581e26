"""The port that `meter20 board` takes: none, several, busy, or with no MicroPython behind it."""

import contextlib
import json
import os
import threading

import pytest
import serial
from rigs.board_command import meter20

from meter20.board import prompt, serial_ports, service
from meter20.board.prompt import Prompt
from meter20.board.trouble import Code, Trouble


def test_missing_port_is_told(tmp_path):
    for word in ("flash", "monitor", "test"):
        code, said = meter20("board", word, "--port", str(tmp_path / "tty"), "--json")
        assert (code, json.loads(said)["error"]) == (Code.NO_BOARD, "no_board")


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("flash", "--board", "nosuch"), Code.WRONG_BOARD, "no board 'nosuch': esp32_devkit,"),
        (("flash", "--board", "rp2_pico", "--set", "nosuch=1"), 2, "has no option nosuch"),
        (("flash", "--board", "rp2_pico", "--set", "display_kind=x"), 2, "display_kind is"),
        (("provision", "--meter", "12345678900"), 1, "wrong check digit"),
    ],
)
def test_wrong_option_is_answered_before_a_board_is_looked_for(words, exit_code, said, tmp_path):
    code, answer = meter20("board", *words, "--port", str(tmp_path / "tty"))
    assert (code, said in " ".join(answer.split())) == (exit_code, True), answer


@pytest.mark.parametrize("word", ["flash", "monitor", "test"])
def test_port_that_is_no_serial_port_is_told(word, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for port in (file, tmp_path, "/dev/null"):
        code, said = meter20("board", word, "--port", str(port))
        assert (code, said) == (Code.NO_BOARD, f"Refused: {port} is no serial port\n")


@pytest.mark.parametrize("word", ["flash", "monitor", "test"])
def test_permission_denied_is_told_with_the_group_to_join(word, monkeypatch):
    def refuse(_line):
        raise serial.SerialException(13, "could not open port: [Errno 13] Permission denied")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    code, said = meter20("board", word, "--port", "/dev/ttyACM0", "--json")
    reply = json.loads(said)
    assert (code, reply["error"]) == (Code.PERMISSION_DENIED, "permission_denied")
    assert "dialout" in reply["message"]


@pytest.mark.parametrize("word", ["flash", "monitor", "test"])
def test_named_port_that_is_not_there_while_a_board_is_in_bootsel_mode(word, monkeypatch):
    monkeypatch.setattr(serial_ports, "bootloader", lambda: "RP2040")
    code, said = meter20("board", word, "--port", "/dev/no_such_port", "--json")
    assert (code, json.loads(said)["error"]) == (Code.BOOTLOADER, "bootloader")


def test_line_that_says_nothing_is_told(monkeypatch):
    mine, theirs = os.openpty()
    monkeypatch.setattr(prompt, "_ENTER_TIMEOUT_S", 0.3)
    monkeypatch.setattr(prompt, "_READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr(prompt, "_METER_S", 0.3)
    monkeypatch.setattr(service, "_START_TIMEOUT_S", 0.3)
    monkeypatch.setattr(service, "_FIRST_TIMEOUT_S", 0.1)
    for word, help_there in (("flash", "board firmware"), ("monitor", "board flash")):
        code, said = meter20("board", word, "--port", os.ttyname(theirs), "--json")
        reply = json.loads(said)
        assert (code, reply["error"]) == (Code.NO_ANSWER, "no_answer")
        assert help_there in reply["message"]
    os.close(mine)
    os.close(theirs)


def test_line_that_is_no_micropython_is_told(monkeypatch):
    mine, theirs = os.openpty()
    name = os.ttyname(theirs)
    threading.Thread(target=babble, args=(mine,), daemon=True).start()
    monkeypatch.setattr(prompt, "_ENTER_TIMEOUT_S", 0.3)
    monkeypatch.setattr(prompt, "_READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr(prompt, "_METER_S", 0.3)
    with pytest.raises(Trouble) as caught:
        Prompt(name)
    assert caught.value.exit_code == Code.BOOTLOADER
    os.close(theirs)


def babble(end):
    """An ESP32 in its bootloader says one thing only."""
    with contextlib.suppress(OSError):
        for _ in range(200):
            os.read(end, 100)
            os.write(end, b"rst:0x1\r\nwaiting for download\r\n")


class Plugged:
    def __init__(self, device, vid):
        self.device, self.vid, self.description = device, vid, "Board in FS mode"


@pytest.mark.parametrize(
    ("plugged", "code"),
    [
        ([], Code.NO_BOARD),
        ([Plugged("/dev/ttyS0", None)], Code.NO_BOARD),
        ([Plugged("/dev/ttyACM0", 0x2E8A), Plugged("/dev/ttyUSB0", 0x10C4)], Code.SEVERAL_BOARDS),
    ],
)
def test_no_board_and_several_are_told(monkeypatch, plugged, code):
    monkeypatch.setattr(serial_ports.list_ports, "comports", lambda: plugged)
    monkeypatch.setattr(serial_ports, "bootloader", lambda: "")
    exit_code, said = meter20("board", "flash", "--json")
    assert (exit_code, json.loads(said)["error"]) == (code, code.name.lower())


def test_the_one_board_is_found(monkeypatch):
    found = [Plugged("/dev/ttyS0", None), Plugged("/dev/ttyACM0", 0x2E8A)]
    monkeypatch.setattr(serial_ports.list_ports, "comports", lambda: found)
    assert serial_ports.find() == "/dev/ttyACM0"


def test_bootsel_mode_is_seen_by_drive_and_by_usb(tmp_path, monkeypatch):
    assert serial_ports.bootloader(str(tmp_path), (f"{tmp_path}/*/*",)) == ""
    drive = tmp_path / "user/RPI-RP2"
    drive.mkdir(parents=True)
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    assert serial_ports.bootloader(str(tmp_path), (f"{tmp_path}/*/*",)) == str(drive)
    usb = tmp_path / "1-1"
    usb.mkdir()
    (usb / "idVendor").write_text("2e8a\n")
    (usb / "idProduct").write_text("0003\n")
    assert serial_ports.bootloader(str(tmp_path), ()) == "RP2040"
    monkeypatch.setattr(serial_ports.list_ports, "comports", list)
    monkeypatch.setattr(serial_ports, "bootloader", lambda: "RP2040")
    with pytest.raises(Trouble) as caught:
        serial_ports.find()
    assert caught.value.exit_code == Code.BOOTLOADER
