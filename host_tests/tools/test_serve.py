"""`meter20 serve --stdio` as a program uses it: a child process, bytes in and out."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from meter20 import bodies
from meter20.samples import PROVISION

SERVE = [sys.executable, "-c", "from meter20.cli.main import app; app()", "serve", "--stdio"]

BAD_LINES = {
    b"": "bad_json",
    b"hello": "bad_json",
    b'{"do":"read"': "bad_json",
    b'{"do":"\xff\xfe"}': "bad_json",
    b"x" * 1_000_000: "line_too_long",
    b"[]": "bad_request",
    b'"read"': "bad_request",
    b'{"do":7}': "bad_request",
    b'{"do":"token"}': "bad_request",
    b'{"do":"token","digits":20}': "bad_request",
    b'{"do":"keys","keys":"E"}': "bad_request",
    b'{"do":"pulses","count":1.5}': "bad_request",
    b'{"do":"fly"}': "unknown_request",
}


def serve(lines, *arguments):
    """Return (exit code, replies, stderr) of a server that was given `lines` and then the end."""
    done = subprocess.run(
        [*SERVE, *arguments],
        input=b"".join(line + b"\n" for line in lines),
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def start(*arguments):
    return subprocess.Popen([*SERVE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def asked(server, request):
    """Return the reply to one request; the server must give it before more input comes."""
    server.stdin.write(json.dumps(request).encode() + b"\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


@pytest.mark.parametrize("body", bodies.NAMES)
def test_bad_lines_get_one_error_each_and_the_port_lives_on(body):
    lines = [line for bad in BAD_LINES for line in (bad, b'{"do":"read","id":"alive"}')]
    code, replies, stderr = serve(lines, "--body", body)
    assert (code, stderr) == (0, b"")
    assert [reply["error"] for reply in replies[::2]] == list(BAD_LINES.values())
    assert all(reply["ok"] and reply["id"] == "alive" for reply in replies[1::2])
    assert len(replies) == len(lines)


def test_store_outlives_the_server_and_has_one_owner(tmp_path):
    server = start("--store", str(tmp_path))
    assert asked(server, PROVISION)["ok"]
    token = {"do": "token", "digits": "5938 6323 4721 3742 6967"}
    assert asked(server, token)["result"] == "Accept"

    for body in bodies.NAMES:
        code, replies, stderr = serve([b'{"do":"read"}'], "--store", str(tmp_path), "--body", body)
        assert (code, replies) == (1, [])
        assert b"in use by another meter20" in stderr

    server.kill()
    server.communicate()
    code, replies, _ = serve([json.dumps(token).encode()], "--store", str(tmp_path))
    assert (code, replies[0]["result"], replies[0]["credit_wh"]) == (0, "UsedError", 100)


def test_virtual_board_holds_its_store(tmp_path):
    server = start("--store", str(tmp_path), "--body", "virtual")
    assert asked(server, {"do": "read"})["ok"]
    code, _, stderr = serve([], "--store", str(tmp_path))
    assert (code, b"in use" in stderr) == (1, True)
    server.communicate()
    assert server.returncode == 0


def test_store_of_another_size_is_refused_in_words(tmp_path):
    (tmp_path / "flash.bin").write_bytes(b"precious")
    code, replies, stderr = serve([b'{"do":"read"}'], "--store", str(tmp_path))
    assert (code, replies) == (1, [])
    assert b"holds 8 bytes" in stderr
    assert b"Traceback" not in stderr
    assert Path(tmp_path / "flash.bin").read_bytes() == b"precious"


def test_interrupt_ends_it_quietly():
    server = subprocess.Popen(
        SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert asked(server, {"do": "read"})["ok"]
    server.send_signal(signal.SIGINT)
    assert server.communicate(timeout=60) == (b"", b"")
    assert server.returncode == 0


def test_reader_that_leaves_ends_it_quietly():
    server = subprocess.Popen(
        SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert asked(server, {"do": "read"})["ok"]
    server.stdout.close()
    server.stdin.write(b'{"do":"read"}\n' * 2)
    server.stdin.close()
    assert server.stderr.read() == b""
    assert server.wait(60) == 0


def test_serving_nowhere_is_wrong_usage():
    done = subprocess.run(SERVE[:-1], capture_output=True, timeout=120, check=False)
    assert (done.returncode, b"--stdio" in done.stderr) == (2, True)
