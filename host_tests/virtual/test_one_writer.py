"""Whoever can write in a store holds its lock, ends with whoever started it, and loses nothing."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial
from flash_chip import BLANK

from meter20 import bodies, samples
from meter20.board import flashing
from meter20.board.prompt import Prompt
from meter20.board.service import ServicePort
from meter20.failure import NoMeter
from meter20.virtual.pty_board import Pty

PYTHON = [sys.executable, "-c"]
SERVE = [*PYTHON, "from meter20.cli.main import app; app()", "serve"]
TOKEN = {"do": "token", "digits": samples.CREDIT.digits}
CREDIT_WH = 25_600
USED_WH = 37  # less than what makes a checkpoint

#: A program that holds a meter on real MicroPython, as demo does, and gives it long work.
HOLDER = """
import sys
from pathlib import Path
from meter20.bodies import open_body
body = open_body("virtual", Path(sys.argv[1]))
body.request(do="read")
print(body._body._child._process.pid, flush=True)
while True:
    body.request(do="advance", seconds=86400)
"""


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def gone(pid):
    """Return whether the process is no more, or only its exit code is left of it."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(done, what):
    for _ in range(1000):
        if done():
            return
        time.sleep(0.01)
    pytest.fail(what)


@contextlib.contextmanager
def started(*command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def said(process):
    return process.stdout.readline().decode().strip()


def serve_pty(store, body="virtual", *options):
    return started(*SERVE, "--pty", "--body", body, "--store", str(store), *options)


def first_open(store):
    """Return a meter on `store`, as soon as nobody else holds it. It must not take long."""
    for _ in range(1000):
        try:
            return bodies.open_body("emulated", store)
        except NoMeter as error:
            assert "in use by another meter20" in str(error)
            time.sleep(0.005)
    return pytest.fail("the store is held for ever")


def with_a_meter(store, options=()):
    """Bring a meter on the virtual board in `store`, and give it a key."""
    with serve_pty(store) as server:
        port = said(server)
        files, libraries = flashing.to_hold("sim", "", options)
        with Prompt(port) as prompt:
            steps = flashing.plan(files, libraries, prompt.hashes())
            flashing.carry_out(prompt, steps, lambda _text: None)
        with ServicePort(port) as meter:
            assert meter.request(**samples.PROVISION)["ok"]
        server.terminate()
        assert server.wait(20) == 0


@pytest.fixture(scope="module")
def flashed(tmp_path_factory):
    store = tmp_path_factory.mktemp("flashed")
    with_a_meter(store, ["demo_load=True"])
    return store


@pytest.fixture
def store(flashed, tmp_path):
    """A store with a board on which a meter has a key and no credit."""
    subprocess.run(["cp", "-r", f"{flashed}/.", tmp_path / "store"], check=True)
    return tmp_path / "store"


def accepted(line):
    """Return how many tokens the meter behind `line` says that it took."""
    with contextlib.suppress(serial.SerialException):
        return line.read(100_000).count(b'"result": "Accept"')
    return 0


def test_one_token_is_taken_once_though_the_server_is_killed(store, tmp_path):
    link = tmp_path / "link"
    with serve_pty(store, "virtual", "--link", str(link)) as server:
        port = said(server)
        with ServicePort(port) as meter:
            meter.request(do="read")
        (node,) = children(server.pid)
        with serial.Serial(port, timeout=1) as line:
            server.kill()
            line.write(json.dumps(TOKEN).encode() + b"\n")
            second = first_open(store)
            assert gone(node)
            assert not link.is_symlink()
            with second:
                result = second.request(**TOKEN)["result"]
                read = second.request(do="read")
            with contextlib.suppress(OSError):
                line.write(json.dumps(TOKEN).encode() + b"\n")
            # The first may have taken it in its last moment, and its reply be lost with the port.
            assert accepted(line) + (result == "Accept") <= 1
            assert read["credit_wh"] + read["total_wh"] == CREDIT_WH


def test_child_of_a_killed_program_holds_the_store_until_it_ends(tmp_path):
    with bodies.open_body("virtual", tmp_path) as body:
        assert body.request(**samples.PROVISION)["ok"]
    with started(*PYTHON, HOLDER, str(tmp_path)) as holder:
        node = int(said(holder))
        with pytest.raises(NoMeter, match="in use"):
            bodies.open_body("emulated", tmp_path)
        os.kill(node, signal.SIGSTOP)
        holder.kill()
        holder.wait()
        with pytest.raises(NoMeter, match="in use"):
            bodies.open_body("emulated", tmp_path)
        os.kill(node, signal.SIGCONT)
        with first_open(tmp_path) as second:
            assert gone(node)
            assert second.request(**TOKEN)["result"] == "Accept"


@pytest.mark.parametrize("body", bodies.NAMES)
def test_killed_server_leaves_no_lock_and_no_second_writer(body, tmp_path):
    command = [*SERVE, "--stdio", "--body", body, "--store", str(tmp_path)]
    with started(*command) as server:
        for request in (samples.PROVISION, TOKEN):
            server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()
        assert json.loads(said(server))["ok"]
        assert json.loads(said(server))["result"] == "Accept"
        server.kill()
        with first_open(tmp_path) as second:
            assert second.request(**TOKEN)["result"] == "UsedError"


def test_link_of_a_killed_board_is_replaced_and_that_of_a_running_one_refused(tmp_path):
    link = tmp_path / "link"
    options = ["--pty", "--link", str(link)]
    with started(*SERVE, *options) as killed:
        said(killed)
    assert link.is_symlink()
    with started(*SERVE, *options, "--dlms", "0", "--hdlc", "--json") as server:
        told = json.loads(said(server))
        port = told["port"]
        assert os.readlink(link) == port
        assert told["dlms"].startswith("127.0.0.1:") and Path(told["hdlc"]).is_char_device()
        for body in bodies.NAMES:
            second = subprocess.run(
                [*SERVE, *options, "--body", body], capture_output=True, timeout=60, check=False
            )
            assert (second.returncode, second.stdout) == (1, b"")
            assert b"is the name of a port in use" in second.stderr
        assert os.readlink(link) == port
        server.terminate()
        assert server.wait(20) == 0
    assert not link.is_symlink()


@pytest.mark.parametrize("body", bodies.NAMES)
def test_link_takes_no_name_that_is_something_else(body, tmp_path):
    file, other, memory = tmp_path / "file", tmp_path / "other", tmp_path / "memory"
    file.write_text("precious")
    other.symlink_to(file)
    memory.symlink_to("/dev/shm/no-port")
    for name in (file, other, memory):
        done = subprocess.run(
            [*SERVE, "--pty", "--body", body, "--link", str(name)],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, b"is there already" in done.stderr) == (1, True)
    assert (other.is_symlink(), memory.is_symlink(), file.read_text()) == (True, True, "precious")


def test_link_in_a_folder_that_is_not_there_is_refused_by_its_own_name(tmp_path):
    link = tmp_path / "no-folder" / "board"
    with pytest.raises(FileNotFoundError) as refused:
        Pty(link)
    assert (refused.value.filename, refused.value.strerror) == (str(link), os.strerror(2))


def test_board_whose_interpreter_is_killed_takes_its_link_along(tmp_path):
    link = tmp_path / "link"
    options = ("--pty", "--body", "virtual", "--link", str(link), "--json")
    with started(*SERVE, *options) as server:
        assert json.loads(said(server)) == {"port": os.readlink(link)}
        (node,) = children(server.pid)
        os.kill(node, signal.SIGKILL)
        assert server.wait(20) == 1
    assert not link.is_symlink()


def end_of_input(server):
    server.stdin.close()


ENDS = {
    "end of input": end_of_input,
    **{
        number.name: lambda server, number=number: server.send_signal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    },
}


def total_wh(store):
    with first_open(store) as body:
        return body.request(do="read")["total_wh"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("body", bodies.NAMES)
def test_end_in_good_order_stores_the_last_wh(body, end, tmp_path):
    with started(*SERVE, "--stdio", "--body", body, "--store", str(tmp_path)) as server:
        used = {"do": "pulses", "count": USED_WH, "over_s": 60}
        for request in (samples.PROVISION, TOKEN, used):
            server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()
        assert [json.loads(said(server))["ok"] for _ in range(3)] == [True] * 3
        ENDS[end](server)
        assert server.wait(20) == 0
    assert total_wh(tmp_path) == USED_WH


@pytest.mark.parametrize("end", list(ENDS)[1:])
def test_end_in_good_order_of_a_serial_port_stores_the_last_wh(end, tmp_path):
    with serve_pty(tmp_path, "emulated") as server, ServicePort(said(server)) as meter:
        meter.request(**samples.PROVISION)
        meter.request(**TOKEN)
        assert meter.request(do="pulses", count=USED_WH, over_s=60)["total_wh"] == USED_WH
        ENDS[end](server)
        assert server.wait(20) == 0
    assert total_wh(tmp_path) == USED_WH


@pytest.mark.parametrize("end", [*list(ENDS)[1:], "SIGKILL"])
def test_end_of_a_virtual_board_stores_the_last_wh(end, store):
    """A board notices when its supply fails; so it does when its server is killed."""
    with serve_pty(store) as server:
        with ServicePort(said(server)) as meter:
            assert meter.request(**TOKEN)["result"] == "Accept"
            until(lambda: meter.request(do="read")["total_wh"], "the demo load draws nothing")
            used_wh = meter.request(do="read")["total_wh"]
        number = getattr(signal, end)
        server.send_signal(number)
        assert server.wait(20) == (-number if number == signal.SIGKILL else 0)
    assert used_wh <= total_wh(store) < 100


def test_end_in_the_middle_of_long_work_stores_what_was_used(tmp_path):
    for body in bodies.NAMES:
        store = tmp_path / body
        with started(*SERVE, "--stdio", "--body", body, "--store", str(store)) as server:
            used = {"do": "pulses", "count": USED_WH, "over_s": 1}
            for request in (samples.PROVISION, TOKEN, used):
                server.stdin.write(json.dumps(request).encode() + b"\n")
                server.stdin.flush()
                assert json.loads(said(server))["ok"]
            server.stdin.write(b'{"do":"advance","seconds":31622400}\n')
            server.stdin.flush()
            time.sleep(0.3)  # it has begun, or comes too late to begin: either is right
            server.terminate()
            assert server.wait(20) == 0
        assert total_wh(store) == USED_WH


def test_store_of_a_server_that_was_killed_at_once_is_blank_or_whole(tmp_path):
    with serve_pty(tmp_path) as server:
        server.kill()
        server.wait()
    with first_open(tmp_path) as body:
        assert body.request(do="read")["relay_reason"] == "not_provisioned"
    assert len((tmp_path / "flash.bin").read_bytes().rstrip(BLANK)) < 8 * 4096
