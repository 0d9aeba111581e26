"""Sessions: what was done at one meter gets the same answers from the next."""

import json
import os
import subprocess
import sys

import pytest
from data import meters
from data.tokens import key_change
from panel.screens import FIRMWARE
from rigs import sim_session
from rigs.board_command import ran

from meter20 import samples, session
from meter20.bodies import EmulatedBody, open_body


@pytest.fixture
def played(tmp_path):
    """The file of a session at the sim's meter: a token, a load, a power cut."""
    file = tmp_path / "session.jsonl"
    body = EmulatedBody()
    recorder = session.Recorder(body, "emulated")
    sim_session.play(recorder, body, watts=3000, turns=100, turn_ms=60, after_ms=60_000)
    recorder.write(file)
    return file


def replayed(file):
    """Return what comes of the command, in this process."""
    return ran("replay", file)


def altered(file, change):
    """Let `change` alter the list of the lines, each a dict."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    change(lines)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("body", ["emulated", "virtual"])
def test_a_session_gets_the_same_answers_on_every_body(played, body):
    with open_body(body) as meter:
        assert list(session.differences(session.read(played), meter, None)) == []


def test_time_that_passes_in_the_same_way_is_one_entry(played):
    sent = [json.loads(one) for one, _ in session.read(played).entries]
    assert [one["ms"] for one in sent if one.get("ms")][-2:] == [6000, 60_000]


def test_the_command_says_that_all_is_as_recorded(played):
    done = subprocess.run(
        [sys.executable, "-m", "meter20.cli", "replay", str(played)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("answers, all as recorded.\n")


def test_an_answer_that_differs_is_shown_with_its_request(played):
    altered(played, lambda lines: lines[-1].update(got="another"))
    done = replayed(played)
    assert done.exit_code == 1
    assert "recorded: another" in done.stdout and "1 of" in done.stderr


def test_a_session_of_another_firmware_says_so(played):
    altered(played, lambda lines: lines[0].update(firmware="meter20 9.9"))
    done = replayed(played)
    assert done.exit_code == 0
    assert f"of meter20 9.9, this meter has {FIRMWARE}" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "no session"), ("{}\n", "no session"), ("[1]\n", "no session"), ("a", "no session"),
     ('{"meter20": "session", "format": 2, "firmware": "", "body": ""}\n', "format 2")],
)  # fmt: skip
def test_what_is_no_session_is_refused_in_words(tmp_path, text, words):
    (tmp_path / "file").write_text(text)
    done = replayed(tmp_path / "file")
    assert (done.exit_code, done.stdout) == (1, "")
    assert words in done.stderr


def test_a_key_is_hidden_in_the_file_and_given_again(tmp_path):
    file, key = tmp_path / "session", "ffeeddccbbaa99887766554433221100"  # TEST KEY
    recorder = session.Recorder(EmulatedBody(), "emulated")
    told = recorder.request(do="provision", **{**meters.PROVISION, "decoder_key": key})
    assert told["ok"]
    recorder.request(do="token", digits=meters.TOKEN_100_WH)
    recorder.request(do="mqtt", host="localhost", password="secret")
    recorder.write(file)
    assert key not in file.read_text() and "secret" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert list(session.differences(session.read(file), EmulatedBody(), key)) == []
    assert list(session.differences(session.read(file), EmulatedBody(), None)) != []


SECRET_KEY = "FFeeddccbbaa99887766554433221100"  # TEST KEY


@pytest.mark.parametrize(
    "line",
    ['{"do":"provision","decoder_key":"%s",}', '\ufeff{"do":"provision","decoder_key":"%s"}',
     '[{"decoder_key":"%s"}]', '{"do":"x","record":{"decoder_key":"%s"}}', '{"Decoder_key":"%s"}',
     '{"do":"provision","decoder_key":"%s","decoder_key":"1"}', '{"do":"read","id":"%s"}',
     '{"do":"provision","decoder_key":"1%s"}', '{"do":"dlms","guek":"%s",}', "%s",
     '{"do":"provision","id":"%s","decoder_key":"%s"}'],
)  # fmt: skip
def test_a_secret_in_a_wrong_place_or_form_is_not_kept(tmp_path, line):
    recorder = session.Recorder(EmulatedBody(), "emulated")
    recorder.exchange(line.replace("%s", SECRET_KEY).encode())
    recorder.request(**{**samples.PROVISION, "decoder_key": "f94b"})
    recorder.request(**samples.PROVISION)
    recorder.request(do="read", id="hidden")
    assert SECRET_KEY.lower() not in recorder.text().lower()
    recorder.write(tmp_path / "file")
    assert list(session.differences(session.read(tmp_path / "file"), EmulatedBody(), None)) == []
    assert [json.loads(sent)["do"] for sent, _ in session.read(tmp_path / "file").entries] == [
        "provision", "read",
    ]  # fmt: skip


def test_a_meter_that_speaks_of_keys_is_kept_and_played(tmp_path):
    recorder = session.Recorder(EmulatedBody(), "emulated")
    assert recorder.request(do="provision", **meters.PROVISION)["ok"]
    displays = []
    for digits in key_change():
        assert recorder.request(do="token", digits=digits)["result"] != "CRCError"
        displays += recorder.request(do="read")["display"]
    recorder.write(tmp_path / "file")
    kept = session.read(tmp_path / "file")
    assert len(kept.entries) == 1 + 2 * len(key_change())
    assert any("key" in line.lower() for line in displays)
    assert list(session.differences(kept, EmulatedBody(), meters.KEY.hex())) == []


def test_a_key_that_is_written_with_escapes_is_hidden(tmp_path):
    recorder = session.Recorder(EmulatedBody(), "emulated")
    request = json.dumps({**samples.PROVISION, "decoder_key": SECRET_KEY})
    escaped = request.replace(SECRET_KEY[:2], "\\u0046\\u0046")
    assert recorder.exchange(escaped.encode()).startswith(b'{"ok": true')
    recorder.write(tmp_path / "file")
    assert SECRET_KEY[2:] not in recorder.text()
    read = session.read(tmp_path / "file")
    assert list(session.differences(read, EmulatedBody(), SECRET_KEY)) == []


@pytest.mark.parametrize("name", ["folder", "pipe"])
def test_what_is_no_plain_file_takes_no_session(tmp_path, name):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(session.NoSession, match="no plain file"):
        session.prepare(tmp_path / name)


def test_a_file_that_goes_away_is_named_at_the_end(tmp_path):
    with pytest.raises(session.NoSession, match="gone/file cannot be written: No such file"):
        session.Recorder(EmulatedBody(), "emulated").write(tmp_path / "gone" / "file")


def test_a_file_that_was_open_to_others_is_so_no_more(tmp_path):
    (tmp_path / "file").touch(0o644)
    session.Recorder(EmulatedBody(), "emulated").write(tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("closed", "name"), [("<&-", "stdin"), (">&-", "stdout")])
def test_serving_on_a_closed_end_is_wrong_usage(closed, name):
    command = f"{sys.executable} -m meter20.cli serve --stdio {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, f"nothing to serve on: {name} closed" in done.stderr) == (2, True)


@pytest.mark.parametrize("body", ["emulated", "virtual"])
def test_serve_keeps_whatever_is_sent_and_replay_gets_it_again(tmp_path, body):
    sent = (
        b'{"do":"read"}\r\nnonsense\r{"do":"advance","seconds":5}\n\n\xff\n' + b"y" * 5000 + b"\n"
    )
    command = [sys.executable, "-m", "meter20.cli", "serve", "--stdio", "--body", body]
    plain = subprocess.run(command, input=sent, capture_output=True, check=True)
    command += ["--session", str(tmp_path / "file")]
    done = subprocess.run(command, input=sent, capture_output=True, check=True)
    assert done.stdout == plain.stdout
    kept = session.read(tmp_path / "file")
    assert (kept.body, len(kept.entries)) == (body, len(done.stdout.splitlines()))
    assert replayed(tmp_path / "file").exit_code == 0


def test_what_cannot_be_recorded_is_wrong_usage(tmp_path):
    for more in (["--store", str(tmp_path)], ["--dlms", "0"]):
        command = ["serve", "--stdio", "--session", str(tmp_path / "file"), *more]
        assert ran(*command).exit_code == 2
