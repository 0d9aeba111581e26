"""`meter20 replay --body rp2040`, with a stand-in for the emulated Pico.

The stand-in answers as a Pico does in what matters here: time passes while it answers, and from
one key to the next. `make replay-pico` plays sessions on the emulated chip.
"""

import json

import pytest
from data import meters
from rigs import sim_session

from meter20 import rp2040, samples, session
from meter20.bodies import EmulatedBody
from meter20.cli import replay
from meter20.rp2040.playing import Player, lasts_s, unplayable
from meter20.session import Recorder, Session

ANSWERS_MS, STARTS_MS = 70, 1500


class Bench:
    """Stands for bench.MeterOnPico."""

    def __init__(self):
        self._body = EmulatedBody()
        self._before_ms = 0  # the last power cut
        self._boots = 1

    @property
    def now_ms(self):
        return self._before_ms + self._body.sim.now_ms

    @property
    def moves(self):
        return self._body.sim.ports.load_switch.operations

    def wait_ms(self, duration_ms):
        for _ in self._body.sim.advance(duration_ms):
            pass

    def press(self, key):
        self._body.sim.ports.keypad.press(key)
        self.wait_ms(80)

    def pulse(self):
        self._body.sim.ports.pulses.train(1, 0)
        self.wait_ms(20)

    def ask(self, line):
        self.wait_ms(ANSWERS_MS)
        return json.loads(self._body.exchange(line))

    def cut_power(self):
        self._before_ms = self.now_ms
        self._body.request(do="power_cut")
        self.wait_ms(STARTS_MS)
        self._boots += 1
        return self._boots


def kept(play):
    """Return the Session of what `play` does with a new meter behind a Recorder."""
    body = EmulatedBody()
    recorder = Recorder(body, "emulated")
    play(recorder, body)
    head, *lines = [json.loads(line) for line in recorder.text().splitlines()]
    return Session(head["firmware"], head["body"], [(one["sent"], one["got"]) for one in lines])


def sim(recorder, body):
    """A token, a load that uses it up, a power cut: as somebody at `meter20 sim`."""
    sim_session.play(recorder, body, watts=5000, turns=6, turn_ms=20_000, after_ms=20_000)


def served(recorder, _body):
    """Requests of each kind, also such as no meter understands."""
    asked = recorder.request
    asked(do="read", id=[1])
    asked(do="provision", **meters.PROVISION)
    for digits in (meters.TOKEN_100_WH, meters.TOKEN_100_WH, "3" * 20):
        asked(do="token", digits=digits)
    asked(do="explain", digits=meters.TOKEN_100_WH)
    asked(do="keys", keys="#4#")
    asked(do="keys", keys="x")
    asked(do="pulses", count=95, over_s=30)
    asked(do="pulses", count=3)
    asked(do="advance", seconds=20)
    asked(do="live", ms=-1)
    asked(do="power_cut")
    asked(do="help")
    recorder.exchange(b"nonsense")
    asked(do="clock")


def guessed(recorder, _body):
    """Wrong tokens in one moment, and the next one in the moment when the wait is over."""
    recorder.request(do="provision", **meters.PROVISION)
    for _ in range(4):
        told = recorder.request(do="token", digits="3" * 20)
    assert told["result"] == "LockedOut"
    seconds = recorder.request(do="read")["lockouts_s"]["local"]
    recorder.request(do="advance", seconds=seconds)
    assert recorder.request(do="token", digits=meters.TOKEN_100_WH)["result"] == "Accept"


def limited(recorder, _body):
    """A load above the limit, until the switch opens, and on until it closed again."""
    recorder.request(do="provision", **{**meters.PROVISION, "power_limit_w": 2000})
    recorder.request(do="token", digits=meters.TOKEN_100_WH)
    for ms in (20_000, 25_000, 20_000):
        recorder.request(do="live", watts=2500, ms=ms, slice_ms=250)


def differences(played, bench, key=None):
    return [each.difference for each in Player(bench).play(played, key) if each.difference]


@pytest.mark.parametrize("play", [sim, served, guessed, limited])
def test_a_meter_whose_time_passes_by_itself_plays_a_session_with_the_same_answers(play):
    played = kept(play)
    assert played.entries
    assert differences(played, Bench()) == []


class LosesAPulse(Bench):
    lost = 0

    def pulse(self):
        self.lost += 1
        if self.lost != 3:
            super().pulse()


class CountsTwice(Bench):
    def ask(self, line):
        if b"token" in line:
            self._body.request(do="token", digits=samples.CREDIT.digits)
        return super().ask(line)


class LosesAKey(Bench):
    def press(self, key):
        if key != "4":
            super().press(key)


class Forgets(Bench):
    def cut_power(self):
        self._body = EmulatedBody()
        return super().cut_power()


class NeverOpens(Bench):
    @property
    def moves(self):
        return min(super().moves, 1)


@pytest.mark.parametrize(
    ("bench", "play", "field"),
    [
        (LosesAPulse, served, "credit_wh"),
        (LosesAPulse, sim, "total_wh"),
        (CountsTwice, served, "credit_wh"),
        (LosesAKey, sim, "last_result"),
        (Forgets, served, "drn"),
        (NeverOpens, sim, "moves"),
    ],
)
def test_a_meter_that_does_otherwise_differs_in_what_it_did(bench, play, field):
    found = differences(kept(play), bench())
    assert field in json.loads(found[0].recorded), found[0]
    assert json.loads(found[0].recorded)[field] != json.loads(found[0].found)[field]


@pytest.mark.parametrize(
    "change",
    [lambda got: "another", lambda got: got.replace("Accept", "UsedError"),
     lambda got: got.replace('"credit_wh": 100', '"credit_wh": 101')],
)  # fmt: skip
def test_an_answer_in_the_file_that_is_another_one_differs(change):
    played = kept(served)
    sent, got = played.entries[2]
    played.entries[2] = (sent, change(got))
    assert [each.number for each in differences(played, Bench())] == [3]


def test_an_answer_of_the_bench_that_is_none_differs():
    played = kept(sim)
    played.entries[-1] = (played.entries[-1][0], "another")
    assert [each.number for each in differences(played, Bench())] == [len(played.entries)]


def test_a_hidden_key_is_given_again():
    key = "ffeeddccbbaa99887766554433221100"  # TEST KEY

    def play(recorder, _body):
        recorder.request(do="provision", **{**meters.PROVISION, "decoder_key": key})
        recorder.request(do="token", digits=meters.TOKEN_100_WH)

    played = kept(play)
    assert differences(played, Bench(), key) == []
    assert differences(played, Bench()) != []


@pytest.mark.parametrize(
    "sent",
    [{"do": "break"}, {"do": "tamper"}, {"do": "brown_out"}, {"do": "arm_cut"},
     {"do": "clock", "utc": "2026-11-29T10:00:00Z"}],
)  # fmt: skip
def test_what_a_pico_cannot_be_asked_is_said_before_it_starts(sent):
    played = Session("meter20", "emulated", [('{"do":"read"}', "{}"), (json.dumps(sent), "{}")])
    assert unplayable(played).startswith("request 2, ")
    assert sent["do"] in unplayable(played)


def test_how_long_a_session_lasts_is_the_time_in_its_requests():
    assert lasts_s(kept(sim)) == 141.2
    assert lasts_s(kept(served)) == 50.86
    nonsense = [("nonsense", ""), ('{"do":"advance","seconds":"x"}', "")]
    assert lasts_s(Session("", "", nonsense)) == 0


@pytest.fixture
def file(tmp_path):
    recorder = Recorder(EmulatedBody(), "emulated")
    sim(recorder, recorder._body)
    recorder.write(tmp_path / "session.jsonl")
    return tmp_path / "session.jsonl"


def asked(file, image=None):
    replay.replay(file, "rp2040", None, image)


def test_without_an_image_the_command_says_which_is_needed(file, monkeypatch):
    monkeypatch.delenv(rp2040.VARIABLE, raising=False)
    with pytest.raises(replay.typer.BadParameter, match="--image UF2, or METER20_UF2"):
        asked(file)
    with pytest.raises(replay.typer.BadParameter, match="goes with --body rp2040"):
        replay.replay(file, "virtual", None, file)


def test_an_image_that_is_none_is_refused(file, tmp_path):
    with pytest.raises(replay.NoMeter, match=r"none\.uf2 is no file"):
        asked(file, tmp_path / "none.uf2")
    with pytest.raises(replay.NoMeter, match="it is no UF2 file"):
        asked(file, file)


def test_the_command_says_how_long_it_takes_and_what_was_compared(file, monkeypatch, capsys):
    from meter20.rp2040 import bench, firmware

    monkeypatch.setattr(firmware, "read", lambda image: None)
    monkeypatch.setattr(firmware, "flashed", lambda image, files: b"")
    monkeypatch.setattr(firmware, "meter_files", dict)
    monkeypatch.setattr(bench, "MeterOnPico", lambda flash: Bench())
    asked(file, file)
    told = capsys.readouterr()
    count = len(session.read(file).entries)
    assert f"{count} requests, 141 s of the meter's time: about " in told.err
    assert told.out == f"{count} answers, all as recorded except times, power and display.\n"
    monkeypatch.setattr(bench, "MeterOnPico", lambda flash: LosesAPulse())
    with pytest.raises(session.Differs):
        asked(file, file)
    assert "total_wh" in capsys.readouterr().out


def test_a_bench_that_fails_is_no_result(file, monkeypatch):
    from meter20.rp2040 import bench, firmware

    def broken(flash):
        raise bench.BenchFault("no USB device came up")

    monkeypatch.setattr(firmware, "read", lambda image: None)
    monkeypatch.setattr(firmware, "flashed", lambda image, files: b"")
    monkeypatch.setattr(firmware, "meter_files", dict)
    monkeypatch.setattr(bench, "MeterOnPico", broken)
    with pytest.raises(replay.NoMeter, match="no USB device came up"):
        asked(file, file)
