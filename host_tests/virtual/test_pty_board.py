"""mpremote and pyserial find on the pseudo-terminal what they find on a board."""

import hashlib
import os
import random
import signal
import subprocess
import sys

import pytest
import serial
from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

from meter20.virtual.pty_board import PtyBoard

SERVE = [sys.executable, "-c", "from meter20.cli.main import app; app()", "serve", "--pty"]


@pytest.fixture(scope="module")
def board():
    with PtyBoard() as board:
        yield board


@pytest.fixture
def prompt(board):
    """The raw prompt of a board that has just restarted, by mpremote's own transport."""
    transport = SerialTransport(board.port)
    transport.enter_raw_repl()
    yield transport
    transport.exit_raw_repl()
    transport.close()


@pytest.fixture
def line(board):
    """The serial line at a friendly prompt."""
    with serial.Serial(board.port, timeout=10) as line:
        line.write(b"\r\x03\x03\x02print('re' + 'ady')\r")
        line.read_until(b"ready\r\n>>> ")
        yield line


def mpremote(board, *words, folder=None):
    """Return (exit code, what it printed)."""
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", board.port, *words],
        capture_output=True,
        cwd=folder,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_mpremote_runs_programs_and_tells_their_failures(board, tmp_path):
    (tmp_path / "x.py").write_text("print('from a file', 6 * 7)\n")
    assert mpremote(board, "exec", "print(1)") == (0, "1\r\n")
    assert mpremote(board, "run", "x.py", folder=tmp_path) == (0, "from a file 42\r\n")
    assert mpremote(board, "eval", "1 << 40") == (0, "1099511627776\r\n")
    code, said = mpremote(board, "exec", "1/0")
    assert code == 1
    assert "ZeroDivisionError: divide by zero\r\n" in said


def test_mpremote_carries_files(board, tmp_path):
    data = random.Random(1).randbytes(30_000)
    (tmp_path / "data").write_bytes(data)
    code, said = mpremote(
        board, "mkdir", ":d", "+", "cp", "data", ":d/data", "+", "ls", ":d", "+",
        "sha256sum", ":d/data", "+", "cp", ":d/data", "back", folder=tmp_path,
    )  # fmt: skip
    assert code == 0, said
    assert "30000 data" in said
    assert hashlib.sha256(data).hexdigest() in said
    assert (tmp_path / "back").read_bytes() == data == (board.files / "d/data").read_bytes()
    assert mpremote(board, "rm", "-r", ":d")[0] == 0
    assert not (board.files / "d").exists()
    code, said = mpremote(board, "cat", ":nothing")
    assert (code, "No such file" in said) == (1, True)


def test_mpremote_mounts_a_folder_of_the_host(board, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/__init__.py").write_text("LINES = open('/remote/ten').read()\n")
    (tmp_path / "ten").write_text("\n" * 10)
    program = "import pkg; print(len(pkg.LINES))"
    code, said = mpremote(board, "mount", str(tmp_path), "exec", program)
    assert (code, "10" in said.splitlines()) == (0, True)  # mpremote's own line may come last


def test_soft_reset_forgets_and_resume_does_not(board):
    assert mpremote(board, "exec", "kept = 7")[0] == 0
    assert mpremote(board, "resume", "exec", "print(kept)") == (0, "7\r\n")
    assert mpremote(board, "soft-reset")[0] == 0
    assert "NameError" in mpremote(board, "resume", "exec", "print(kept)")[1]


def test_path_is_a_boards_and_no_module_of_this_port_is_there(prompt):
    assert prompt.eval("__import__('sys').path") == ["", "/lib"]
    for module in ("asyncio", "hmac", "datetime", "unittest"):
        with pytest.raises(TransportExecError, match="no module named"):
            prompt.exec(f"import {module}")
    assert prompt.eval("[name for name in dir() if name[0] != '_']") == []


@pytest.mark.parametrize(
    ("program", "number"),
    [
        ("open('no')", 2),
        ("os.mkdir('/')", 17),
        ("os.listdir('main.py')", 20),
        ("open('full')", 21),
        ("os.rmdir('full')", 39),
        ("os.chdir('main.py')", 20),
        ("os.remove('../../no')", 2),
    ],
)
def test_errors_of_files_have_a_boards_numbers(prompt, program, number):
    setup = "import os\nopen('main.py', 'w').close()\n"
    setup += "try:\n os.mkdir('full'); open('full/x', 'w').close()\nexcept OSError: pass\n"
    told = "try:\n " + program + "\nexcept OSError as e: print(e.errno)\n"
    clear = "os.remove('main.py'); os.remove('full/x'); os.rmdir('full')"
    assert prompt.exec(setup + told + clear) == b"%d\r\n" % number


def test_files_are_read_and_written_like_files(prompt):
    prompt.exec("f = open('t', 'w'); f.write('één\\ntwo\\n' + 'x' * 600); f.close()")
    assert prompt.eval("[len(line) for line in open('t')]") == [6 - 2, 4, 600]
    assert prompt.eval("open('t', 'rb').read(3)") == "éé"[:1].encode() + b"\xc3"
    prompt.exec("f = open('t', 'r+b'); f.seek(-2, 2); f.write(b'YZ'); f.close()")
    assert prompt.eval("open('t').read()[-4:]") == "xxYZ"
    prompt.exec("f = open('t', 'a'); f.write('!'); f.close()")
    assert prompt.eval("__import__('os').stat('t')[6]") == 6 + 4 + 600 + 1
    prompt.exec("import os, json; json.dump([1], open('j', 'w')); os.rename('j', 't')")
    assert prompt.eval("json.load(open('t'))") == [1]
    assert prompt.eval("os.listdir()") == ["t"]
    prompt.exec("os.remove('t')")


def test_modules_are_imported_from_the_file_system(prompt):
    prompt.exec("import os; os.mkdir('lib')")
    prompt.exec("f = open('lib/thing.py', 'w'); f.write('HERE = __file__'); f.close()")
    assert prompt.eval("__import__('thing').HERE") == "/lib/thing.py"
    prompt.exec("os.remove('lib/thing.py'); os.rmdir('lib')")


def test_bytes_pass_as_they_are_and_lines_of_text_end_as_on_a_board(prompt):
    assert prompt.exec("print('a\\nb')") == b"a\r\nb\r\n"
    program = "import sys\nsys.stdout.buffer.write(bytes(n for n in range(256) if n != 4))"
    assert prompt.exec(program) == bytes(n for n in range(256) if n != 4)


def test_program_reads_the_line_and_polls_it(line):
    line.write(b"import sys, select; p = select.poll(); p.register(sys.stdin, 1)\r")
    line.write(b"print(len(p.poll(0)), sys.stdin.readline())\r")
    line.read_until(b"readline())\r\n")
    line.write(b"typed\n")
    assert line.read_until(b">>> ").startswith(b"0 typed\r\n\r\n")


@pytest.mark.parametrize(
    "program",
    [
        b"import time; print('be' 'gun'); time.sleep(60)",
        b"import sys; print('be' 'gun'); sys.stdin.read(1)",
        b"while True: print('be' 'gun')",
        b"import select, sys; p = select.poll(); p.register(sys.stdin, 1); "
        b"print('be' 'gun'); p.poll()",
    ],
)
def test_ctrl_c_interrupts(line, program):
    line.write(program + b"\r")
    if program.startswith(b"while"):
        line.write(b"\r\r\r")
    assert b"begun" in line.read_until(b"begun")
    line.write(b"\x03")
    assert b"KeyboardInterrupt" in line.read_until(b"KeyboardInterrupt")
    line.write(b"1 + 1\r")
    assert line.read_until(b"\r\n2\r\n>>> ").endswith(b"\r\n2\r\n>>> ")


def test_friendly_soft_reset_runs_main_and_a_raw_one_does_not(board, line):
    (board.files / "boot.py").write_text("print('this is boot')\n")
    (board.files / "main.py").write_text(
        "import time\nprint('this is main')\nwhile True:\n    time.sleep(60)\n"
    )
    line.write(b"\x04")
    said = line.read_until(b"main\r\n")
    assert b"MPY: soft reboot\r\nthis is boot\r\nthis is main\r\n" in said
    line.write(b"\x03")
    told = line.read_until(b">>> ")
    assert b'File "main.py", line 4, in <module>\r\nKeyboardInterrupt: \r\n' in told
    assert b"MicroPython v1.29.0" in told
    line.write(b"\x01\x04")
    assert b"this is main" not in line.read_until(b"boot\r\nraw REPL; CTRL-B to exit\r\n>")
    line.write(b"\x02")
    line.read_until(b">>> ")
    (board.files / "main.py").unlink()
    (board.files / "boot.py").unlink()


def test_reset_is_a_power_on_to_the_program(board, line):
    (board.files / "main.py").write_text("import machine\nprint('cause', machine.reset_cause())\n")
    line.write(b"\x01import machine; machine.reset()\x04")
    assert line.read_until(b"cause 2\r\n").endswith(b"cause 2\r\n")
    assert b"raw" not in line.read_until(b">>> ")
    (board.files / "main.py").unlink()


def test_full_file_system_says_so():
    with PtyBoard(capacity=10_000) as small:
        transport = SerialTransport(small.port)
        transport.enter_raw_repl()
        transport.exec("f = open('a', 'w'); f.write('x' * 9000); f.close()")
        with pytest.raises(TransportExecError, match="OSError: 28"):
            transport.exec("f = open('b', 'w'); f.write('x' * 1001)")
        transport.exec("import os; os.remove('a'); f.write('x' * 1001); f.close()")
        transport.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_keeps_files_and_takes_its_link_along(tmp_path, number):
    link = tmp_path / "board"
    command = [*SERVE, "--body", "virtual", "--store", str(tmp_path / "s"), "--link", str(link)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    port = server.stdout.readline().decode().strip()
    assert os.readlink(link) == port
    transport = SerialTransport(str(link))
    transport.enter_raw_repl()
    transport.exec("f = open('kept', 'w'); f.write('safe')")  # not even closed
    transport.close()
    server.send_signal(number)
    assert server.communicate(timeout=20) == (b"", b"")
    assert server.returncode == 0
    assert not link.is_symlink()
    assert (tmp_path / "s/files/kept").read_text() == "safe"


def test_store_has_one_owner(tmp_path):
    command = [*SERVE, "--body", "virtual", "--store", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    server.stdout.readline()
    second = subprocess.run(command, capture_output=True, timeout=20, check=False)
    server.terminate()
    server.communicate(timeout=20)
    assert (second.returncode, b"in use by another meter20" in second.stderr) == (1, True)


def test_emulated_meter_answers_on_a_serial_port():
    server = subprocess.Popen(SERVE, stdout=subprocess.PIPE)
    with serial.Serial(server.stdout.readline().decode().strip(), timeout=10) as line:
        line.write(b'{"do":"read"}\n')
        assert line.readline().startswith(b'{"ok": true, "drn"')
    server.terminate()
    server.communicate(timeout=20)
    assert server.returncode == 0
