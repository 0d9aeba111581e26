"""A session of a meter on a board, where time and energy pass by themselves, plays again."""

import json
import os
import select
import subprocess
import sys

import pytest
from data import meters
from rigs import programs
from rigs.board_command import board_command

from meter20 import samples, session
from meter20.board.keeping import BoardRecorder
from meter20.board.trouble import Code, Trouble
from meter20.bodies import EmulatedBody, open_body
from meter20.cli import board_session
from meter20.virtual.pty_board import PtyBoard

COMMAND = [sys.executable, "-m", "meter20.cli"]


class FarMeter(EmulatedBody):
    """Stands for a ServicePort: a meter at which time passes between and during requests.

    before: what happens before the requests to come, as (request's `do`, ms, pulses).
    """

    port = "PORT"

    def __init__(self):
        super().__init__()
        self.now_ms = 0
        self.before = []

    def clock_s(self):
        return self.now_ms / 1000

    def passes(self, ms, pulses=0):
        """Let time pass, with pulses at its end."""
        self.now_ms += ms
        told = super().exchange(b'{"do":"live","ms":%d,"slice_ms":60000}' % ms)
        assert json.loads(told)["ok"]
        super().exchange(b'{"do":"pulses","count":%d}' % pulses)

    def request(self, /, **fields):
        return json.loads(super().exchange(json.dumps(fields).encode()))

    def exchange(self, line):
        if self.before and session.fields(line.decode())["do"] == self.before[0][0]:
            self.passes(*self.before.pop(0)[1:])
        return super().exchange(line)

    def await_restart(self):
        self.passes(3000)


@pytest.fixture
def far():
    return FarMeter()


@pytest.fixture
def kept(far):
    """The recorder of a meter that has a key, 300 pulses a kWh, and credit."""
    recorder = BoardRecorder(far, far.clock_s)
    assert recorder.request(**{**samples.PROVISION, "imp_per_kwh": 300})["ok"]
    assert recorder.request(do="token", digits=samples.CREDIT.digits)["result"] == "Accept"
    return recorder


def sent(recorder):
    return [json.loads(json.loads(line)["sent"]) for line in recorder.text().splitlines()[1:]]


def differences(recorder, tmp_path, body="emulated"):
    recorder.write(tmp_path / "file")
    with open_body(body) as meter:
        return list(session.differences(session.read(tmp_path / "file"), meter, None))


@pytest.mark.parametrize("body", ["emulated", "virtual"])
def test_time_and_energy_of_the_board_are_played(far, kept, tmp_path, body):
    for pulses in (1, 2, 7, 0, 300):
        far.passes(40_100, pulses)
        assert kept.request(do="read")["total_wh"] == far.request(do="read")["total_wh"]
    assert kept.request(do="read")["total_wh"] == 310_000 // 300
    assert sum(each.get("count", 0) for each in sent(kept)) == 310
    times = [1000 * each.get("over_s", 0) + each.get("ms", 0) for each in sent(kept)]
    assert sum(times) == far.now_ms == 200_500
    assert differences(kept, tmp_path, body) == []


def test_energy_that_is_used_while_the_board_answers_lies_on_the_right_side(far, kept, tmp_path):
    far.before = [("token", 50, 3), ("read", 50, 3), ("token", 50, 30)]
    far.passes(10_000, 3)
    assert kept.request(do="token", digits=samples.CREDIT.digits)["credit_wh"] == 25_580
    assert kept.request(do="read")["credit_wh"] == 25_570
    assert kept.request(do="token", digits=samples.OLDER_CREDIT.digits)["credit_wh"] == 25_570
    assert far.before == []
    assert differences(kept, tmp_path) == []


def test_a_lockout_is_over_when_it_was_over_on_the_board(far, kept, tmp_path):
    wrong = samples.CREDIT.digits[:-1] + "6"
    results = []
    for _ in range(12):
        results.append(kept.request(do="token", digits=wrong)["result"])
        far.passes(1000 * far.request(do="read")["lockout_s"])
    assert "LockedOut" not in results
    results += [kept.request(do="token", digits=wrong)["result"] for _ in range(2)]
    assert results[-1] == "LockedOut"
    assert differences(kept, tmp_path) == []


def test_a_cut_of_the_power_is_in_it_whoever_made_it(far, kept, tmp_path):
    far.passes(5000)
    assert kept.request(do="power_cut")["ok"]
    far.passes(9000)
    assert kept.request(do="read")["ok"]
    far.request(do="power_cut")
    assert kept.request(do="read")["ok"]
    assert [each["do"] for each in sent(kept)].count("power_cut") == 2
    assert differences(kept, tmp_path) == []


def test_a_restart_shows_after_any_time(far, kept, tmp_path):
    for _ in range(6):
        kept.request(do="token", digits=samples.CREDIT.digits[:-1] + "6")
    far.passes(2000)
    far.request(do="power_cut")
    far.passes(60_000)
    kept.look()
    assert [each["do"] for each in sent(kept)].count("power_cut") == 1
    assert differences(kept, tmp_path) == []


def test_the_boards_clock_is_set_when_the_session_is_played(far, tmp_path):
    far.request(do="clock", utc="2026-11-29T10:00:00Z")
    far.passes(1500)
    recorder = BoardRecorder(far, far.clock_s)
    recorder.request(**{**samples.PROVISION, "friendly_from": 10, "friendly_to": 12})
    far.passes(60_000)
    assert recorder.request(do="read")["relay_reason"] == "friendly_hours"
    assert differences(recorder, tmp_path) == []


def test_an_answer_that_does_not_come_ends_the_session(far, kept):
    far.exchange = lambda _line: b""
    before = len(sent(kept))
    with pytest.raises(Trouble, match="may have done what was asked"):
        kept.request(do="token", digits=samples.CREDIT.digits)
    assert {each["do"] for each in sent(kept)[before:]} <= {"live"}


def test_a_meter_that_cannot_be_read_says_why(far, kept):
    far.request = lambda **_: {"ok": False, "error": "fault", "message": "display: OSError"}
    with pytest.raises(Trouble, match="cannot be read: display: OSError"):
        kept.look()


def test_the_octet_of_ctrl_c_does_not_reach_the_board(far, kept):
    far.exchange = None
    assert b"octet 3 would stop a meter" in kept.exchange(b"ab\x03cd")


def test_the_head_says_the_firmware_of_the_board(far):
    plain = far.request
    far.request = lambda **named: {**plain(**named), "firmware": "meter20 9.9"}
    assert '"firmware": "meter20 9.9"' in BoardRecorder(far, far.clock_s).text()


def test_what_tells_of_the_board_alone_is_not_kept(far, kept, tmp_path):
    before = len(sent(kept))
    for request in ({"do": "help"}, {"do": "fly"}, {"do": "explain", "digits": "0" * 20}):
        kept.request(**request)
    assert {each["do"] for each in sent(kept)[before:]} == {"live"}
    assert kept.exchange(b"garbage").startswith(b'{"ok": false')
    assert differences(kept, tmp_path) == []


def test_hours_of_rest_are_one_entry(far, kept):
    before = len(sent(kept))
    for _ in range(1000):
        far.passes(5007)
        kept.look()
    kept.request(do="read")
    added = sent(kept)[before:]
    assert [each["do"] for each in added] == ["live", "read"]
    assert added[0]["ms"] == 5_007_000


def test_another_answer_is_a_difference(far, kept, tmp_path):
    kept.request(do="read")
    text = kept.text().replace('\\"tids\\": 50', '\\"tids\\": 49')
    (tmp_path / "file").write_text(text)
    found = list(session.differences(session.read(tmp_path / "file"), EmulatedBody(), None))
    assert [json.loads(each.sent)["do"] for each in found] == ["provision", "read"]


def test_the_key_is_not_in_the_file(far):
    key = "ffeeddccbbaa99887766554433221100"  # TEST KEY
    recorder = BoardRecorder(far, far.clock_s)
    assert recorder.request(do="provision", **{**meters.PROVISION, "decoder_key": key})["ok"]
    assert key not in recorder.text()


def test_a_meter_that_has_a_past_is_refused_in_words(far):
    far.request(**samples.PROVISION)
    with pytest.raises(session.NoSession, match="erase the board") as refused:
        BoardRecorder(far)
    assert "PORT is no new one" in str(refused.value)


@pytest.fixture(scope="module")
def board():
    """A virtual board whose meter has a load of its own, and no number yet."""
    with PtyBoard() as made:
        assert board_command("flash", made, "--mpy", "--set", "demo_load=True")[0] == 0
        yield made


def test_the_command_keeps_a_session_that_replays(board, tmp_path):
    file = tmp_path / "file"
    asked = [samples.PROVISION, {"do": "token", "digits": samples.CREDIT.digits}]
    with programs.started(
        [*COMMAND, "board", "session", str(file), "--port", board.port],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as running:  # fmt: skip
        replies = [exchange(running, request) for request in asked]
        while exchange(running, {"do": "read"})["total_wh"] < 2:
            pass
        running.stdin.write(b'{"do":"keys","keys":"#4#"}\nnonsense\n')
        running.stdin.close()
        last = running.stdout.read().splitlines()
        assert running.wait(30) == 0
    assert replies[0]["drn"] == samples.PROVISION["drn"]
    assert (replies[1]["result"], len(last)) == ("Accept", 2)
    done = subprocess.run([*COMMAND, "replay", str(file)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"all as recorded except times, power and display.\n")
    again = subprocess.run(
        [*COMMAND, "board", "session", str(tmp_path / "second"), "--port", board.port],
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    assert (again.returncode, (tmp_path / "second").exists()) == (1, False)
    assert b"is no new one" in again.stderr


def exchange(running, request):
    running.stdin.write(json.dumps(request).encode() + b"\n")
    running.stdin.flush()
    assert select.select([running.stdout], [], [], 30)[0]
    return json.loads(running.stdout.readline())


def test_a_board_that_goes_away_leaves_what_was_done(tmp_path, monkeypatch):
    class Gone(FarMeter):
        def exchange(self, line):
            raise Trouble(Code.UNPLUGGED, "PORT went away")

    read, write = os.pipe()
    os.write(write, b'{"do":"read"}\n')
    monkeypatch.setattr(board_session, "ServicePort", lambda _port: Gone())
    monkeypatch.setattr(board_session, "_STDIN", read)
    with pytest.raises(Trouble, match="went away"):
        board_session.run("PORT", tmp_path / "file")
    os.close(read), os.close(write)
    assert [entry for entry, _ in session.read(tmp_path / "file").entries]
