"""`meter20 demo`: as a program sees it, as a person sees it, and when something is wrong."""

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from sts.digits import grouped
from typer.testing import CliRunner

from meter20.bodies import open_body
from meter20.cli.main import app
from meter20.demo import drawing, performance, station, story, voices
from meter20.demo.story import FIRST
from meter20.demo.telling import Draw, PressSet, Step
from meter20.vending.refusal import Refusal

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "meter20.cli", "demo"]


def run(*arguments):
    return subprocess.run(
        [*DEMO, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def acts():
    return story.acts(station.papers())


@pytest.fixture(scope="module")
def sizes(acts):
    return [len(act) for act in acts]


@pytest.fixture(scope="module")
def events(acts):
    """Every event of the story on the emulated meter."""
    return list(performance.events(acts, "emulated"))


def test_plain_story_goes_well_and_has_no_control_codes():
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    for words in ("| +25.600 kWh ", "| LOW CREDIT ", "| UsedError ", "| CRCError ", "531-1-0-04"):
        assert words in done.stdout
    assert "Every step went as expected" in done.stdout


def test_both_bodies_tell_the_same(acts, events):
    assert list(performance.events(acts, "virtual")) == events


def test_json_tells_every_event(acts, events, monkeypatch):
    monkeypatch.setattr(performance, "events", lambda _acts, _body: iter(events))
    told = CliRunner().invoke(app, ["demo", "--json"])
    assert told.exit_code == 0
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    ends = [line for line in lines if line["event"] == "end"]
    assert [end["step"] for end in ends] == [step.name for act in acts for step in act]
    assert all(end["ok"] and end["wrong"] == [] for end in ends)
    typed = "".join(line["key"] for line in lines if line["event"] == "key")
    assert typed.startswith("63638916334124550935")
    begins = {line["step"]: line for line in lines if line["event"] == "begin"}
    assert begins["buy"]["receipt"]["tokens"][0]["digits"] in typed
    credits = [line["credit_wh"] for line in lines if line["event"] == "draw"]
    assert credits == sorted(credits, reverse=True)
    assert lines[-1] == {"event": "over", "ok": True, "seconds": lines[-1]["seconds"]}


def told_with(monkeypatch, *acts):
    monkeypatch.setattr(story, "acts", lambda papers: acts)
    return CliRunner().invoke(app, ["demo", "--plain"])


def test_step_that_differs_is_told_and_ends_with_1(monkeypatch):
    wrong = dataclasses.replace(FIRST[0], shows="Hello", expected={"credit_wh": 5})
    result = told_with(monkeypatch, (wrong, FIRST[1]))
    assert result.exit_code == 1
    assert "WRONG: credit_wh is 0, not 5" in result.output
    assert "WRONG: the display does not show 'Hello'" in result.output
    assert "1 step(s) did not go as expected" in result.output


def test_token_of_a_set_that_is_taken_otherwise_is_told(monkeypatch):
    digits = FIRST[1].action.keys
    twice = PressSet((digits, digits), ("Accept", "Accept"))
    step = Step("twice", "", "", "", twice, shows="UsedError")
    result = told_with(monkeypatch, (FIRST[0], step))
    assert result.exit_code == 1
    assert "WRONG: the display does not show 'Accept': ['UsedError'" in result.output


def test_meter_that_refuses_ends_it_with_1(monkeypatch):
    result = told_with(monkeypatch, (FIRST[0], FIRST[0]))
    assert result.exit_code == 1
    assert "the meter refused 'provision': a meter is provisioned once" in result.output


def test_station_without_a_folder_ends_it_with_1(monkeypatch):
    def nowhere(prefix):
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(station.tempfile, "TemporaryDirectory", nowhere)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert "Refused: no folder for the vending station" in result.output


def test_nothing_of_the_station_remains(monkeypatch, tmp_path):
    monkeypatch.setattr(station.tempfile, "tempdir", str(tmp_path))
    station.papers()
    monkeypatch.setattr(station, "METER", "12345678900")  # a wrong check digit
    with pytest.raises(Refusal):
        station.papers()
    assert list(tmp_path.iterdir()) == []


def test_meter_says_after_each_token_of_the_set_which_are_missing(events):
    taken = [event.meter["display"][1:3] for event in events if event.kind == "taken"]
    assert taken == [
        ["Still to enter:", "token 2 3 4"],
        ["Still to enter:", "token 3 4"],
        ["Still to enter:", "token 4"],
        ["New key KRN 2", "TI 07 KEN 255"],
    ]


def test_whole_story_takes_less_than_20_s(events):
    assert sum(map(voices._pause_s, events)) < 17.5


def test_load_gets_nothing_once_the_switch_is_open(events):
    after = [event.load_w for event in events if event.step.name == "run_out"]
    assert after[0] == 0
    assert after[1] == FIRST[3].action.watts
    assert after[-1] == 0
    with open_body("emulated") as body:
        factory_state = Draw(watts=3600, seconds=800)
        assert [moment.load_w for moment in factory_state.moments(body)] == [0]


def test_every_frame_fits_a_terminal_of_80_by_24(sizes, events):
    frame = voices.Frame(sizes)
    console = Console(width=drawing.WIDTH, color_system=None)
    for event in events:  # what does not fit the width wraps
        assert len(console.render_lines(frame.after(event))) <= drawing.HEIGHT < 24


def test_frame_shows_what_the_meter_shows(sizes, events):
    frame = voices.Frame(sizes)
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    for event in events:
        console.print(frame.after(event))
        drawn = console.export_text()
        assert all(line in drawn for line in event.meter["display"])
        assert ("SUPPLY ON" in drawn) == (event.meter["relay"] == "closed")
        if event.step.receipt:
            shown = [grouped(digits) for _, _, digits in event.step.receipt.tokens]
            assert all(text in drawn for text in [*shown, "TEST KEYS - not a real token"])


def test_drawn_story_is_told_without_a_terminal_to_look_at(sizes, events):
    console = Console(width=80, force_terminal=True, file=io.StringIO(), record=True)
    with voices.Drawn(console, sizes, pace=0) as voice:
        for event in events:
            voice.hear(event)
        voice.end(0, 1.0)
    last_line = console.export_text().rstrip().rpartition("\n")[2]
    assert "Every step went as expected" in last_line


def test_small_or_colourless_terminals_get_plain_lines(monkeypatch):
    def can_draw(encoding="utf-8", height=24, **options):
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        return performance.can_draw(
            Console(file=file, force_terminal=True, height=height, **options)
        )

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert can_draw(width=80)
    assert not can_draw(width=60)
    assert not can_draw(width=80, height=20)
    assert not can_draw(width=80, encoding="latin-1")
    assert not can_draw(width=80, no_color=True)
    monkeypatch.setenv("TERM", "dumb")
    assert not can_draw(width=80)


def test_bar_is_empty_only_at_nothing():
    def filled(part):
        spans = drawing.bar(part, 1000, 10, "on red").spans
        return sum(span.end - span.start for span in spans if span.style == "on red")

    assert [filled(part) for part in (-5, 0, 1, 100, 101, 1000, 5000)] == [0, 0, 1, 1, 2, 10, 10]


def test_narration_fits_its_line(acts):
    assert max(len(step.title) for act in acts for step in act) <= drawing.WIDTH - 10
    assert max(len(step.say) for act in acts for step in act) <= drawing.WIDTH - 10


def test_picture_in_the_documentation_is_fresh(acts):
    picture = performance.picture(acts, "emulated")
    stored = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    assert picture == stored, "make it again: make picture"
