"""The acceptance suite gives the same table, case by case, on CPython and on MicroPython."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rigs.leaks import leaks

from meter20 import session
from meter20.board import flashing
from meter20.board.prompt import Prompt
from meter20.bodies import EmulatedBody
from meter20.virtual.pty_board import PtyBoard

BODIES = ("emulated", "virtual")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return {body: what its acceptance.json holds}; both run at once."""
    folders = {body: tmp_path_factory.mktemp(body) for body in BODIES}
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "host_tests/acceptance"]  # fmt: skip
    runs = [
        subprocess.Popen(
            [*suite, "--body", body, "--report", str(folder)], stdout=subprocess.DEVNULL
        )
        for body, folder in folders.items()
    ]
    for run in runs:
        run.wait(300)
    return {
        body: json.loads((folder / "acceptance.json").read_text())
        for body, folder in folders.items()
    }


def test_tables_are_equal_case_by_case(tables, note):
    emulated, virtual = (tables[body]["cases"] for body in BODIES)
    assert [case["case"] for case in emulated] == [case["case"] for case in virtual]
    for here, there in zip(emulated, virtual):
        assert here == there
    note(f"acceptance: {len(emulated)} cases, the same on {' and '.join(BODIES)}")


def test_every_case_applies_and_passes_on_emulated_bodies(tables):
    for body in BODIES:
        assert set(tables[body]["counts"]) == {"passed"}, body


def test_table_is_written_in_three_forms(tables, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "host_tests/acceptance/test_rules.py",
         "-k", "once", "--report", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = (tmp_path / "acceptance.txt").read_text()
    assert "replay     a token counts once" in text
    assert "body emulated: " in text and "0 FAILED" in text
    assert text.splitlines()[0] in done.stdout
    assert "<td>a token counts once</td>" in (tmp_path / "acceptance.html").read_text()


def test_testers_key_is_in_no_report_of_a_failure(tmp_path):
    """pytest shows arguments and, if asked, local variables: not the tester's key."""
    key = bytes.fromhex("8d3b51e2c06f9a47b81d7ef02495ac63")  # test key
    own = json.loads(Path("host_tests/acceptance/tokens.example.json").read_text())
    provision = {"decoder_key": None} | own["meters"][0]["provision"] | {"decoder_key": key.hex()}
    own["meters"] = [
        own["meters"][0] | {"provision": provision},  # whose tokens are under another key
        own["meters"][0] | {"name": "refused", "provision": provision | {"krn": 10}},
        own["meters"][0] | {"name": "cut", "provision": {"note": "0" * 26} | provision},
    ]
    (tmp_path / "own.json").write_text(json.dumps(own))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--showlocals", "-v",
         "host_tests/acceptance/test_own_tokens.py", "--tokens", str(tmp_path / "own.json"),
         "--report", str(tmp_path), f"--junitxml={tmp_path / 'junit.xml'}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "2 failed, 1 error" in done.stdout
    assert "'decoder_key': '(key)'" in done.stdout  # it would have been there
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "own.json"]
    written = [path.read_text() for path in files]
    assert len(written) == 4 + 2  # and of each case that failed the session
    assert leaks("\n".join([done.stdout, done.stderr, *written]), key) == []
    session_file = next(path for path in files if path.suffix == ".jsonl")
    assert f"meter20 replay {session_file.parent}" in done.stdout
    with EmulatedBody() as body:
        assert list(session.differences(session.read(session_file), body, key.hex())) == []
    assert key.hex()[:6] not in done.stdout  # nor what is left of it in a line that was cut


@pytest.fixture
def board():
    """A virtual board with the meter on it, running."""
    with PtyBoard() as board:
        with Prompt(board.port) as prompt:
            files, libraries = flashing.to_hold("sim", "")
            steps = flashing.plan(files, libraries, prompt.hashes())
            flashing.carry_out(prompt, steps, lambda _text: None)
            prompt.restart()
        yield board


def on_serial(board, folder, *words):
    """Return {case: result} of a part of the suite on the board's serial port."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
               "--body", f"serial:{board.port}", "--report", str(folder), *words]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=300, check=False)
    cases = json.loads((folder / "acceptance.json").read_text())["cases"]
    return {case["case"]: case["result"] for case in cases}


def test_whole_suite_on_a_serial_port_fails_nowhere(board, tmp_path, note):
    results = on_serial(board, tmp_path, "host_tests/acceptance")
    assert set(results.values()) == {"passed", "not applicable"}
    for case in (
        "a key changes all at once in any order and back again",
        "a lock out outlives a restart",
        "a meter is provisioned once",
        "keys show each digit and the result",
        "no reply holds a key",
    ):
        assert results[case] == "passed"
    assert results["credit runs out to the pulse"] == "not applicable"
    passed = list(results.values()).count("passed")
    assert passed >= 43
    note(f"acceptance: {passed} of {len(results)} cases apply to a serial port, and pass there")


def test_testers_own_tokens_on_a_serial_port(board, tmp_path):
    own = "host_tests/acceptance/tokens.example.json"
    words = ("host_tests/acceptance", "-k", "tokens_for or counts_once", "--tokens", own)
    results = on_serial(board, tmp_path, *words)
    assert results["tokens for: EA11 DKGA04 of STS 531-1-0-04"] == "passed"
    assert results["a token counts once"] == "not applicable"
