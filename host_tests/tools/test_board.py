"""`meter20 board` against the virtual board on its serial port, as against a real one."""

import contextlib
import dataclasses
import hashlib
import json
import os
import threading

import pytest
import serial
from models import image_site
from typer.testing import CliRunner

from meter20 import samples
from meter20.board import (
    boards,
    flashing,
    manifest,
    prompt,
    running,
    serial_ports,
    service,
    watching,
    wiring_check,
)
from meter20.board.prompt import Prompt
from meter20.board.running import Running
from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.cli.main import app
from meter20.virtual.pty_board import PtyBoard

PICO = Running((1, 26, 1), "rp2", "Raspberry Pi Pico with RP2040", 4870)
VIRTUAL = Running((1, 29, 0), "webassembly", "JS with Emscripten", 774)


def meter20(*words, typed=None):
    """Return (exit code, what it printed)."""
    done = CliRunner().invoke(app, list(words), input=typed)
    return done.exit_code, done.output


def board_command(word, board, *words, typed=None):
    """Return (exit code, the reply in JSON) of `meter20 board <word> --json`."""
    code, said = meter20("board", word, "--port", board.port, "--json", *words, typed=typed)
    return code, json.loads(said.splitlines()[-1])


@pytest.fixture(scope="module")
def flashed():
    """A virtual board with the meter on it, compiled."""
    with PtyBoard() as board:
        code, report = board_command("flash", board, "--mpy")
        assert (code, report["board"], report["removed"]) == (0, "sim", 0)
        assert (board.files / "sts/tid.mpy").exists()
        assert (board.files / "main.py").read_text().count("\n") <= 5
        yield board


@pytest.fixture
def meter(flashed):
    with ServicePort(flashed.port) as meter:
        yield meter


def test_meter_on_the_board_answers_and_keeps_its_key(flashed, tmp_path):
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"format": "x", "request": samples.PROVISION}))
    code, reply = board_command("provision", flashed, str(record))
    assert (code, reply["drn"]) == (0, samples.PROVISION["drn"])
    code, reply = board_command("provision", flashed, str(record))
    assert (code, reply["error"]) == (1, "refused")
    assert "once" in reply["message"]
    with ServicePort(flashed.port) as meter:
        assert meter.request(do="token", digits=samples.CREDIT.digits)["result"] == "Accept"
        assert meter.request(do="power_cut")["ok"]
        assert meter.request(do="read")["credit_wh"] == 25_600
    code, said = meter20("board", "ask", '{"do":"fly"}', "--port", flashed.port)
    assert (code, json.loads(said)["error"]) == (1, "unknown_request")


def test_refused_token_is_a_refused_command_whoever_sends_it(flashed):
    port = ("--port", flashed.port)
    request = json.dumps({"do": "token", "digits": samples.CREDIT.digits})
    code, said = meter20("board", "ask", request, *port)
    assert (code, json.loads(said)["result"]) == (1, "UsedError")
    groups = [samples.OLDER_CREDIT.digits[at : at + 4] for at in range(0, 20, 4)]
    assert meter20("board", "token", *groups, *port) == (0, "Accept: the credit is 25.700 kWh\n")
    code, said = meter20("board", "token", *groups, *port)
    assert (code, said) == (1, "UsedError: the credit is 25.700 kWh\n")
    code, reply = board_command("token", flashed, "123")
    assert (code, reply["result"]) == (1, "FormatError")


def test_second_flash_copies_nothing_and_starts_the_meter(flashed):
    code, report = board_command("flash", flashed, "--mpy")
    assert (code, report["copied"], report["removed"]) == (0, 0, 0)
    with ServicePort(flashed.port) as meter:
        assert meter.request(do="read")["firmware"].startswith("meter20")


def test_file_that_does_not_arrive_whole_is_told_and_the_meter_not_started(flashed, monkeypatch):
    put = Prompt.put
    monkeypatch.setattr(Prompt, "put", lambda prompt, path, data: put(prompt, path, data[:-1]))
    (flashed.files / "loop.mpy").unlink()
    code, reply = board_command("flash", flashed, "--mpy")
    assert (code, reply["error"]) == (Code.WRONG_HASH, "wrong_hash")
    assert "loop.mpy" in reply["message"]
    assert not (flashed.files / "main.py").exists()
    monkeypatch.undo()
    code, report = board_command("flash", flashed, "--mpy")
    assert (code, report["copied"]) == (0, 2)


def test_changed_and_foreign_files_are_put_right_and_other_peoples_left(flashed):
    (flashed.files / "sts/tid.mpy").write_bytes(b"spoiled")
    (flashed.files / "sts/tid.py").write_text("raise ValueError")
    (flashed.files / "notes.txt").write_text("mine")
    code, report = board_command("flash", flashed, "--mpy")
    assert (code, report["copied"], report["removed"]) == (0, 1, 1)
    assert not (flashed.files / "sts/tid.py").exists()
    assert (flashed.files / "notes.txt").read_text() == "mine"


def test_interrupted_meter_keeps_the_timer_that_feeds_its_watchdog(flashed):
    """A soft reset would stop it, and the board would restart in the middle of the copying."""
    with Prompt(flashed.port) as prompt:
        prompt.run("kept = 7")
    with Prompt(flashed.port) as prompt:
        assert prompt.run("print(kept)") == "7\r\n"
        prompt.restart()


@pytest.mark.parametrize("words", [("flash", "--board", "rp2_pico"), ("flash", "--set", "x=1")])
def test_board_that_is_refused_goes_on_with_what_it_did(flashed, words):
    assert meter20("board", *words, "--port", flashed.port)[0] in (Code.WRONG_BOARD, 2)
    with serial.Serial(flashed.port, timeout=10) as line:  # nobody types Ctrl-D here
        line.write(b'{"do":"read"}\n')
        assert b'"ok": true' in line.read_until(b"}\r\n")


def test_older_micropython_is_refused_with_what_it_needs(flashed, monkeypatch):
    monkeypatch.setattr(running, "OLDEST", (1, 30))
    code, reply = board_command("flash", flashed)
    assert (code, reply["error"]) == (Code.OLD_MICROPYTHON, "old_micropython")
    assert "1.30 or newer" in reply["message"]


def test_ctrl_c_in_the_wiring_check_starts_the_meter_again(flashed, monkeypatch):
    def leave(prompt, _tester):
        prompt._transport.exec_raw_no_follow("import time; time.sleep(60)")
        raise KeyboardInterrupt

    monkeypatch.setattr(wiring_check, "check", leave)
    assert meter20("board", "test", "--port", flashed.port)[0] == 130
    with serial.Serial(flashed.port, timeout=10) as line:
        line.write(b'{"do":"read"}\n')
        assert b'"ok": true' in line.read_until(b"}\r\n")


def test_options_follow_the_board_as_delivered():
    plain, _ = flashing.wanted("rp2_pico", None)
    options = ["display_kind=ssd1306", "oled_address=0x3D", "demo_load=True", "keys=123456789*0#"]
    changed, _ = flashing.wanted("rp2_pico", None, options)
    assert [path for path in plain if plain[path] != changed[path]] == ["board.py"]
    assert changed["board.py"].startswith(plain["board.py"])
    assert changed["board.py"].decode().splitlines()[-4:] == [
        "Board.display_kind = 'ssd1306'",
        "Board.oled_address = 61",
        "Board.demo_load = True",
        "Board.keys = '123456789*0#'",
    ]
    compiled, _ = flashing.wanted("rp2_pico", "armv6m", options)
    assert b"ssd1306" in compiled["board.mpy"]


def test_board_remembers_its_options_and_the_next_flash_says_so():
    with PtyBoard() as board:
        assert board_command("flash", board, "--set", "demo_load=True")[0] == 0
        code, report = board_command("flash", board)
        assert (code, report["copied"], report["options"]) == (0, 0, ["demo_load=True"])
        (board.files / "options.txt").write_text("demo_load=True\nno_such=1\n\x1b[2J=\n")
        code, report = board_command("flash", board)
        assert (code, report["options"], len(report["dropped"])) == (0, ["demo_load=True"], 2)
        code, said = meter20("board", "flash", "--port", board.port)
        assert (code, "demo_load=True is kept from before\n" in said) == (0, True)
        code, said = meter20("board", "flash", "--port", board.port, "--forget")
        assert (code, "dropped demo_load=True: --forget\n" in said) == (0, True)
        assert not (board.files / "options.txt").exists()
        assert "demo_load = True" not in (board.files / "board.py").read_text()[-60:]


def test_monitor_tells_what_happens(flashed):
    code, said = meter20("board", "monitor", "--port", flashed.port, "--seconds", "0.1")
    assert code == 0
    assert "load switch" in said
    code, said = meter20("board", "monitor", "--port", flashed.port, "--seconds", "0.1", "--json")
    assert json.loads(said.splitlines()[0])["firmware"].startswith("meter20")


def test_clock_of_a_board_is_set_and_goes_on(flashed):
    code, before = board_command("clock", flashed)
    assert (code, before["utc"], before["ahead_s"]) == (0, None, None)
    code, after = board_command("clock", flashed, "--set")
    assert (code, after["was"], after["moved_s"]) == (0, None, None)
    assert after["utc"] <= after["host_utc"]  # the one was sent before the other was looked at
    code, later = board_command("clock", flashed)
    assert (code, later["utc"] >= after["utc"]) == (0, True)
    code, said = meter20("board", "clock", "--port", flashed.port)
    assert (code, said[:9], "UTC" in said) == (0, "board  20", True)


def test_events_are_told_in_words(meter):
    before = meter.request(do="read")
    after = {**before, "relay": "closed", "credit_wh": before["credit_wh"] + 5, "uptime_s": -1}
    assert watching.events({}, before) == []
    told = watching.events({**before, "relay": "open"}, after)
    assert told == ["relay: open -> closed", "credit: +5 Wh", "the meter restarted"]


class Hands:
    """A tester of the virtual board: presses what is asked for, but one key wrongly."""

    def __init__(self, prompt):
        self._prompt = prompt
        self.heard = []

    def told(self, text):
        self.heard.append(text)
        if text.startswith("Press the key"):
            key = text.split()[3]
            self._prompt.run(f"p.keypad.press('{'9' if key == '7' else key}')")
        elif text.startswith("Make test pulses"):
            self._prompt.run("p.pulses.train(12, 0)")

    def sees(self, question):
        return "click" not in question


def test_wiring_check_finds_what_is_wrong(flashed, monkeypatch):
    monkeypatch.setattr(wiring_check, "COUNT", wiring_check.COUNT.replace("8000", "1000"))
    with Prompt(flashed.port) as prompt:
        found = {one.part: one for one in wiring_check.check(prompt, Hands(prompt))}
    assert [part for part, one in found.items() if one.good is False] == ["key 7", "relay"]
    assert found["key 7"].words == "9 came instead"
    assert found["pulses"].good
    assert found["key #"].words == "seen"


def test_board_without_a_meter_is_told_what_to_do():
    with PtyBoard() as board:
        code, reply = board_command("test", board)
        assert (code, reply["error"]) == (Code.FAILED, "failed")
        assert "board flash" in reply["message"]


def test_unplugged_half_way_and_a_second_run_repairs_it(tmp_path):
    files, libraries = flashing.wanted("sim", None)
    board = PtyBoard(tmp_path)
    copied = []

    def unplug(text):
        copied.append(text)
        if len(copied) == 20:
            board.close()

    with pytest.raises(Trouble) as caught, Prompt(board.port) as prompt:
        flashing.carry_out(prompt, flashing.plan(files, libraries, prompt.hashes()), unplug)
    assert caught.value.exit_code == Code.UNPLUGGED
    assert "run this again" in str(caught.value)
    with PtyBoard(tmp_path) as board:
        assert not (board.files / "main.py").exists()
        code, report = board_command("flash", board)
        assert (code, report["same"]) == (0, 19)
        with ServicePort(board.port) as meter:
            assert meter.request(do="read")["ok"]


def test_full_file_system_is_told_with_what_helps_and_it_does():
    with PtyBoard(capacity=130_000) as board:
        code, reply = board_command("flash", board)
        assert (code, reply["error"]) == (Code.FULL, "full")
        assert "--mpy" in reply["message"]
        assert board_command("flash", board, "--mpy")[0] == 0
        with ServicePort(board.port) as meter:
            assert meter.request(do="read")["ok"]


def test_unplugged_while_it_is_watched_is_told(monkeypatch):
    board = PtyBoard()
    board_command("flash", board, "--mpy")
    answers = ServicePort.request

    def unplug(meter, **fields):
        reply = answers(meter, **fields)
        board.close()
        return reply

    monkeypatch.setattr(ServicePort, "request", unplug)
    code, said = meter20("board", "monitor", "--port", board.port, "--json")
    assert (code, json.loads(said.splitlines()[-1])["error"]) == (Code.UNPLUGGED, "unplugged")


def test_port_in_use_is_told(flashed):
    with serial.Serial(flashed.port, exclusive=True):
        for word in ("flash", "monitor"):
            code, reply = board_command(word, flashed)
            assert (code, reply["error"]) == (Code.PORT_BUSY, "port_busy")


def test_missing_port_is_told(tmp_path):
    for word in ("flash", "monitor", "test"):
        code, said = meter20("board", word, "--port", str(tmp_path / "tty"), "--json")
        assert (code, json.loads(said)["error"]) == (Code.NO_BOARD, "no_board")


@pytest.mark.parametrize("word", ["flash", "monitor", "test"])
def test_port_that_is_no_serial_port_is_told(word, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for port in (file, tmp_path, "/dev/null"):
        code, said = meter20("board", word, "--port", str(port))
        assert (code, said) == (Code.NO_BOARD, f"Refused: {port} is no serial port\n")


@pytest.mark.parametrize("word", ["flash", "monitor", "test"])
def test_permission_denied_is_told_with_the_group_to_join(word, monkeypatch):
    def refuse(*_, **__):
        raise serial.SerialException(13, "could not open port: [Errno 13] Permission denied")

    monkeypatch.setattr(serial, "Serial", refuse)
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
    files, _ = flashing.wanted("sim", "")
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


PICO_IMAGE = image_site.file("RPI_PICO")
PICO_HASH = hashlib.sha256(image_site.image("RPI_PICO")).hexdigest()


def firmware(folder, *words, pages=()):
    """Return (exit code, report) of `meter20 board firmware` with our own site."""
    with image_site.served(dict(pages)) as site:
        code, said = meter20(
            "board", "firmware", "--site", site, "--to", str(folder), "--json", *words
        )
    return code, json.loads(said)


def test_image_is_fetched_and_checked_as_far_as_anybody_knows_its_hash(tmp_path):
    code, report = firmware(tmp_path)
    assert (code, report["sha256"], report["checked"]) == (0, PICO_HASH, False)
    assert (tmp_path / PICO_IMAGE).read_bytes() == image_site.image("RPI_PICO")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{PICO_HASH} *{PICO_IMAGE}\n")
    assert firmware(tmp_path, "--checksums", str(sums))[1]["checked"]
    code, report = firmware(tmp_path, "--sha256", "0" * 64)
    assert (code, report["error"]) == (Code.WRONG_HASH, "wrong_hash")
    code, report = firmware(tmp_path, "--version", "1.20.0")
    assert "offers no 1.20.0" in report["message"]


@pytest.mark.parametrize("board", [board.name for board in boards.every() if board.image])
def test_every_board_has_an_image_of_its_chip(board, tmp_path):
    code, report = firmware(tmp_path, "--board", board)
    assert (code, report["ok"]) == (0, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, Code.FAILED),  # the line breaks
        (b"<html>", Code.FAILED),
        (image_site.image("RPI_PICO")[:-512], Code.FAILED),  # a proxy's idea of a whole file
        (image_site.image("RPI_PICO")[:-1], Code.FAILED),
        (image_site.image("RPI_PICO2"), Code.WRONG_BOARD),
    ],
)
def test_image_that_is_not_whole_or_not_for_this_chip_is_not_kept(content, code, tmp_path):
    pages = {f"/resources/firmware/{PICO_IMAGE}": content}
    exit_code, report = firmware(tmp_path, pages=pages)
    assert (exit_code, report["error"]) == (code, code.name.lower())
    assert list(tmp_path.iterdir()) == []


def test_other_chips_image_for_an_esp32_is_not_kept(tmp_path):
    wrong = {
        f"/resources/firmware/{image_site.file('ESP32_GENERIC')}": image_site.image(
            "ESP32_GENERIC_S3"
        )
    }
    assert firmware(tmp_path, "--board", "esp32_devkit", pages=wrong)[0] == Code.WRONG_BOARD


def test_no_network_is_told():
    code, said = meter20("board", "firmware", "--site", "http://127.0.0.1:9", "--json")
    assert (code, json.loads(said)["error"]) == (Code.NO_NETWORK, "no_network")
