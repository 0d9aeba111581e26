"""`meter20 board` against the virtual board on its serial port, as against a real one."""

import json
import shutil

import pytest
import serial
from rigs.board_command import board_command, meter20

from meter20 import samples
from meter20.board import flashing, running, watching, wiring_check
from meter20.board.prompt import Prompt
from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.virtual.pty_board import PtyBoard


@pytest.fixture(scope="module")
def flashed():
    """A virtual board with the meter on it, compiled."""
    with PtyBoard() as board:
        code, report = board_command("flash", board, "--mpy")
        assert (code, report["board"], report["removed"]) == (0, "sim", 0)
        assert (board.files / "main.py").read_text().count("\n") <= 7
        yield board


@pytest.fixture(scope="module")
def sources():
    """A virtual board with the meter's sources on it, a file each."""
    with PtyBoard() as board:
        assert board_command("flash", board)[0] == 0
        yield board


@pytest.fixture
def copy(flashed, tmp_path):
    """The folder of a board like that, of the test's own."""
    return shutil.copytree(flashed.store, tmp_path / "board")


@pytest.fixture
def meter(flashed):
    with ServicePort(flashed.port) as meter:
        yield meter


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The file of a provisioning record."""
    file = tmp_path_factory.mktemp("record") / "record.json"
    file.write_text(json.dumps({"format": "x", "request": samples.PROVISION}))
    return str(file)


@pytest.fixture(scope="module")
def credited(flashed, record):
    """That board with a key, and with the credit of a token."""
    code, reply = board_command("provision", flashed, record)
    assert (code, reply["drn"]) == (0, samples.PROVISION["drn"])
    with ServicePort(flashed.port) as meter:
        assert meter.request(do="token", digits=samples.CREDIT.digits)["result"] == "Accept"
    return flashed


def test_meter_on_the_board_answers_and_keeps_its_key(credited, record):
    code, reply = board_command("provision", credited, record)
    assert (code, reply["error"]) == (1, "refused")
    assert "once" in reply["message"]
    with ServicePort(credited.port) as meter:
        before_wh = meter.request(do="read")["credit_wh"]
        assert meter.request(do="power_cut")["ok"]
        assert meter.request(do="read")["credit_wh"] == before_wh >= 25_600
    code, said = meter20("board", "ask", '{"do":"fly"}', "--port", credited.port)
    assert (code, json.loads(said)["error"]) == (1, "unknown_request")


def test_refused_token_is_a_refused_command_whoever_sends_it(credited):
    port = ("--port", credited.port)
    request = json.dumps({"do": "token", "digits": samples.CREDIT.digits})
    code, said = meter20("board", "ask", request, *port)
    assert (code, json.loads(said)["result"]) == (1, "UsedError")
    groups = [samples.OLDER_CREDIT.digits[at : at + 4] for at in range(0, 20, 4)]
    assert meter20("board", "token", *groups, *port) == (0, "Accept: the credit is 25.700 kWh\n")
    code, said = meter20("board", "token", *groups, *port)
    assert (code, said) == (1, "UsedError: the credit is 25.700 kWh\n")
    code, reply = board_command("token", credited, "123")
    assert (code, reply["result"]) == (1, "FormatError")


def test_second_flash_copies_nothing_and_starts_the_meter(flashed):
    code, report = board_command("flash", flashed, "--mpy")
    assert (code, report["copied"], report["removed"]) == (0, 0, 0)
    with ServicePort(flashed.port) as meter:
        assert meter.request(do="read")["firmware"].startswith("meter20")


def test_file_that_does_not_arrive_whole_is_told_and_the_meter_not_started(sources, monkeypatch):
    put = Prompt.put
    monkeypatch.setattr(Prompt, "put", lambda prompt, path, data: put(prompt, path, data[:-1]))
    (sources.files / "loop.py").unlink()
    code, reply = board_command("flash", sources)
    assert (code, reply["error"]) == (Code.WRONG_HASH, "wrong_hash")
    assert "loop.py" in reply["message"]
    assert not (sources.files / "main.py").exists()
    monkeypatch.undo()
    code, report = board_command("flash", sources)
    assert (code, report["copied"]) == (0, 2)


def test_changed_and_foreign_files_are_put_right_and_other_peoples_left(sources):
    (sources.files / "sts/tid.py").write_text("spoiled")
    (sources.files / "sts/tid.mpy").write_bytes(b"in the way")
    (sources.files / "notes.txt").write_text("mine")
    code, report = board_command("flash", sources)
    assert (code, report["copied"], report["removed"]) == (0, 1, 1)
    assert not (sources.files / "sts/tid.mpy").exists()
    assert (sources.files / "notes.txt").read_text() == "mine"


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
    plain, _ = flashing.to_hold("rp2_pico", None)
    options = ["display_kind=ssd1306", "oled_address=0x3D", "demo_load=True", "keys=123456789*0#"]
    changed, _ = flashing.to_hold("rp2_pico", None, options)
    assert [path for path in plain if plain[path] != changed[path]] == ["board.py"]
    assert changed["board.py"].startswith(plain["board.py"])
    assert changed["board.py"].decode().splitlines()[-4:] == [
        "Board.display_kind = 'ssd1306'",
        "Board.oled_address = 61",
        "Board.demo_load = True",
        "Board.keys = '123456789*0#'",
    ]
    compiled, _ = flashing.to_hold("rp2_pico", "armv6m", options)
    assert b"ssd1306" in compiled["board.mpy"]


def test_board_remembers_its_options_and_the_next_flash_says_so(copy):
    delivered = (copy / "files/main.py").read_bytes()  # it names the pack
    with PtyBoard(copy) as board:
        assert board_command("flash", board, "--mpy", "--set", "demo_load=True")[0] == 0
        assert (board.files / "main.py").read_bytes() != delivered
        code, report = board_command("flash", board, "--mpy")
        assert (code, report["copied"], report["options"]) == (0, 0, ["demo_load=True"])
        (board.files / "options.txt").write_text("demo_load=True\nno_such=1\n\x1b[2J=\n")
        code, report = board_command("flash", board, "--mpy")
        assert (code, report["options"], len(report["dropped"])) == (0, ["demo_load=True"], 2)
        code, said = meter20("board", "flash", "--mpy", "--port", board.port)
        assert (code, "demo_load=True is kept from before\n" in said) == (0, True)
        code, said = meter20("board", "flash", "--mpy", "--port", board.port, "--forget")
        assert (code, "dropped demo_load=True: --forget\n" in said) == (0, True)
        assert not (board.files / "options.txt").exists()
        assert (board.files / "main.py").read_bytes() == delivered


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

    def say(self, text):
        self.heard.append(text)
        if text.startswith("Press the key"):
            key = text.split()[3]
            self._prompt.run(f"p.keypad.press('{'9' if key == '7' else key}')")
        elif text.startswith("Make test pulses"):
            self._prompt.run("p.pulses.train(12, 0)")

    def sees(self, question):
        return "click" not in question


def test_wiring_check_finds_what_is_wrong(flashed, monkeypatch):
    for name, long, short in (("COUNT", "8000", "100"), ("_CLICK", "400", "40")):
        monkeypatch.setattr(wiring_check, name, getattr(wiring_check, name).replace(long, short))
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
    files, libraries = flashing.to_hold("sim", None)
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


def test_unplugged_while_it_is_watched_is_told(copy, monkeypatch):
    board = PtyBoard(copy)
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
