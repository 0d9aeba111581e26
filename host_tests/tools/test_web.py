"""The classroom page without a browser: its words, its files, and the desk and lessons in it."""

import ast
import json
import re
import subprocess
import sys

import pytest
from account import explain
from sts import results

from meter20 import DEVICE_ROOT, rooms
from meter20.web import site

WEB = DEVICE_ROOT / "tools" / "meter20" / "web"
sys.path.append(str(WEB / "inside"))

import page  # noqa: E402  it lies in the folder that has just been added
import telling  # noqa: E402

STATIC = {file.name: file.read_text(encoding="utf-8") for file in (WEB / "static").iterdir()}
LANGUAGES = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in (WEB / "texts").glob("*.json")
}
ENGLISH = LANGUAGES["en"]


@pytest.fixture
def learner():
    return Learner()


class Learner:
    """Somebody at the page, without the page."""

    def __init__(self):
        self.known = json.loads(page.start(False))

    def ask(self, do, **fields):
        return json.loads(page.ask(json.dumps({"do": do, **fields})))

    def enter(self, digits):
        for key in digits.replace(" ", ""):
            self.ask("key", key=key)
            page.run(20)
        return self.frame()["lines"][0]

    def frame(self):
        return json.loads(page.frame())

    def run(self, seconds):
        for _ in range(seconds // 2):
            page.run(2000)


def used_keys():
    """Return the keys of the texts that the page asks for, patterns for those that it makes up."""
    found = set()
    for source in STATIC.values():
        found |= set(re.findall(r'data-t(?:-label)?="([^"]+)"', source))
        for call in re.findall(r"\bt\(((?:[^()]|\([^()]*\))*)\)", source):
            found |= set(re.findall(r'"([\w. -]+)"', call))
            found |= {re.sub(r"\$\{.*?\}", "*", each) for each in re.findall(r"`([^`]+)`", call)}
    found |= set(re.findall(r'"(key_\w+)"', STATIC["meter.js"]))
    found |= {"type_it", "look_at_it"}
    return found


def between(text, begin, end):
    return text.split(begin)[1].split(end)[0]


def needed_keys():
    """Return all keys that may be asked for, what is made up in full."""
    known = json.loads(page.start(False))
    names = {
        "appliance.*": [name for name, _ in known["appliances"]],
        "slip.*": ["sale", *known["offered"]],
        "notice.*": telling.NAMES,
        "lesson.*": [name for name, _ in known["lessons"]],
        "step.*": [name for name in steps() if not name.startswith("field ")],
        "meaning.*": re.findall(r'"([^"]+)"', between(STATIC["glass.js"], "MEANINGS = [", "]")),
    }
    needed = {key for key in used_keys() if "*" not in key}
    for pattern, each in names.items():
        needed |= {pattern.replace("*", name) for name in each}
    for name, tasks in known["lessons"]:
        needed |= {f"lesson.{name}.text", f"lesson.{name}.done"}
        needed |= {f"lesson.{name}.task{at + 1}" for at in range(tasks)}
    return needed


def source_of_explain():
    return ast.parse((DEVICE_ROOT / "firmware/account/explain.py").read_text(encoding="utf-8"))


def steps():
    """Return the names of the firmware's steps."""
    return {
        node.args[0].value
        for node in ast.walk(source_of_explain())
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "add"
        and isinstance(node.args[0], ast.Constant)
    }


def forms():
    """Return the forms in which the firmware explains, except those that are a value alone."""
    joined = {"%s (bits 28 and 27), ": explain._CLASSES, "%s: %s ": explain._UNITS.values()}
    found = set(explain.MEANINGS.values()) | {explain._KEY_PART}
    found |= {f"EA%s with the decoder key: {end}" for end in ("%s", explain._KEY_PART)}
    for begin, ends in joined.items():
        found |= {begin + end for end in ends}
    tree = source_of_explain()
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said, whole = node.value, id(node) not in docs and node.value[-1:] != " "
            if (
                whole
                and said not in explain._CLASSES
                and (said.count(" ") > 2 or ": %s" in said or "%s " in said)
            ):
                found.add(said)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_unused(language):
    assert set(LANGUAGES[language]) - {"forms"} == needed_keys()


def test_every_form_of_the_firmware_is_said_in_french():
    french = LANGUAGES["fr"]["forms"]
    assert set(french) == forms()
    for form, said in french.items():
        assert form.count("%s") == said.count("%s"), form


def test_french_breaks_no_line_before_a_mark_or_inside_its_quotes():
    french = LANGUAGES["fr"]
    for said in [*french.values(), *french["forms"].values()]:
        assert not re.search(r" [;:?!»]|« ", said if isinstance(said, str) else ""), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_take_the_same_values_in_every_language(language):
    for key, said in LANGUAGES[language].items():
        if key != "forms":
            assert said.strip(), key
            assert said.count("%s") == ENGLISH[key].count("%s"), key


def test_the_page_asks_for_nothing_from_elsewhere():
    for name, source in STATIC.items():
        assert set(re.findall(r"https?://[^\"' )]+", source)) <= {"http://www.w3.org/2000/svg"}, (
            name
        )


def test_the_site_holds_what_it_names(tmp_path):
    site.build(tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    for name in ("index.html", "notes.html"):
        assert set(re.findall(r'(?:src|href)="([\w.]+)"', STATIC[name])) <= names
    for name, source in STATIC.items():
        if name.endswith(".js"):
            assert {each[2:] for each in re.findall(r'from "(\./[^"]+)"', source)} <= names, name


def test_the_page_brings_every_module_that_its_meter_may_ever_import():
    there = set(site.modules())
    brought = {
        module
        for module, file in rooms.modules().items()
        if file.relative_to(DEVICE_ROOT).as_posix() in there
    }
    assert {"panel.about", "panel.outcomes", "meter.app"} <= brought
    missing = {
        (module, other)
        for module in brought
        for other in rooms.imported(module)
        if other not in brought
    }
    assert not missing


def test_no_javascript_knows_what_the_firmware_decides():
    code = "".join(source for name, source in STATIC.items() if name.endswith(".js"))
    for name in results.NAMES:
        assert name not in code


def test_the_desk_sells_what_the_meter_takes(learner):
    slip = learner.ask("buy", cents=2300)
    assert (slip["wh"], slip["tax_cents"]) == (10_000, 300)
    assert learner.enter(slip["tokens"][0]) == "Accept"
    assert learner.frame()["credit_wh"] == 10_000
    assert learner.enter(slip["tokens"][0]) == "UsedError"


def test_a_lesson_goes_on_where_it_was_left_and_each_token_is_told_once(learner):
    learner.ask("lesson", number=1)
    token = learner.ask("hand_out", what="free")["tokens"][0].replace(" ", "")
    learner.enter(token[:-1])
    learner.ask("key", key=token[-1])
    told = learner.frame()
    assert told["heard"] == [[token, True, "Accept", told["time"][-5:]]]
    assert learner.frame()["heard"] == []
    learner.ask("lesson", number=2)
    assert learner.frame()["tasks"] == [False]
    learner.ask("lesson", number=1)
    assert learner.frame()["tasks"] == [True, False]


def test_a_key_change_counts_for_the_lesson_in_which_it_was_done(learner):
    learner.ask("lesson", number=5)
    learner.ask("lesson", number=4)
    for digits in learner.ask("hand_out", what="key_change")["tokens"]:
        learner.enter(digits)
    learner.frame()
    learner.ask("lesson", number=5)
    assert learner.frame()["tasks"] == [False, False]
    assert learner.frame()["krn"] == 2


def below(learner):
    """Return what the page says below the display: (meaning, name of a sentence)."""
    frame = learner.frame()
    return frame["meaning"], frame["notice"]


def test_below_the_display_stands_what_its_answer_means(learner):
    assert below(learner) == ("", "no_credit")
    learner.enter("333")
    assert below(learner) == ("", "")
    learner.enter("3" * 17)
    assert below(learner) == ("another key, or a wrong digit", "")
    sections = learner.ask("hand_out", what="key_change")["tokens"]
    learner.enter(sections[0])
    learner.ask("power_cut")
    assert below(learner) == ("", "key_change_dropped")
    for section in sections:
        assert "new key" in explain.MEANINGS[learner.enter(section)] or section == sections[-1]
    assert below(learner) == ("", "new_key")


def test_below_the_display_stands_why_the_supply_is_off(learner):
    for what in ("free", "power_limit"):
        learner.enter(learner.ask("hand_out", what=what)["tokens"][0])
    learner.run(10)
    assert below(learner) == ("", "")
    learner.ask("switch", name="stove", on=True)
    for _ in range(160):
        page.run(250)
    assert below(learner) == ("", "overload")
    sim = page._pages[0].sim
    sim.feed(b'{"do": "break", "part": "pulses", "call": "", "how": "error"}\n')
    learner.run(2)
    assert below(learner) == ("", "fault")
    sim.feed(b'{"do": "break", "part": "pulses", "call": "", "how": ""}\n')
    learner.run(12)
    assert below(learner) == ("", "after_fault")


def test_the_wait_counts_down_and_a_wrong_token_of_an_earlier_lesson_counts(learner):
    learner.ask("lesson", number=5)
    learner.enter("3" * 20)
    learner.ask("lesson", number=6)
    assert learner.enter("3" * 20) == "CRCError"
    assert (learner.frame()["tasks"], learner.frame()["wait_s"]) == ([False, False], 0)
    learner.enter("3" * 20)
    assert learner.frame()["tasks"] == [True, False]
    first_s = learner.frame()["wait_s"]
    learner.run(4)
    assert 0 < learner.frame()["wait_s"] < first_s
    assert learner.enter("3" * 20) == "LockedOut"
    assert learner.frame()["tasks"] == [True, True]
    learner.ask("key", key="C")
    assert below(learner) == ("", "locked")


def test_the_key_that_a_change_brings_expires_later(learner):
    def first_minute():
        return learner.ask("hand_out", what="expired")["issued"]

    assert first_minute() == "2027-10-31 17:36"
    for digits in learner.ask("hand_out", what="key_change")["tokens"]:
        learner.enter(digits)
    assert learner.frame()["lines"][2] == "TI 01 KEN 140"
    expired = learner.ask("hand_out", what="expired")
    assert expired["issued"] == "2031-07-28 01:36"
    assert learner.enter(expired["tokens"][0]) == "KeyExpiredError"


def test_the_tax_is_a_part_of_what_is_paid(learner):
    slip = learner.ask("buy", cents=5000)
    assert (slip["wh"], slip["tax_cents"]) == (21_700, 652)  # 15 % of 43.48


@pytest.mark.parametrize(
    ("what", "result"),
    [
        ("free", "Accept"), ("neighbour", "CRCError"), ("old", "OldError"),
        ("other_group", "CRCError"), ("expired", "KeyExpiredError"), ("key_change", "Accept"),
        ("power_limit", "Accept"), ("clear_credit", "Accept"), ("clear_tamper", "Accept"),
    ],
)  # fmt: skip
def test_each_special_token_does_what_it_is_called(learner, what, result):
    for digits in learner.ask("hand_out", what=what)["tokens"]:
        shown = learner.enter(digits)
    assert shown == result
    assert [each["what"] for each in page._pages[0].desk.slips] == [what]


def test_the_desk_knows_every_token_it_offers(learner):
    assert learner.known["offered"] == [
        "free", "neighbour", "old", "other_group", "expired", "key_change", "power_limit",
        "clear_credit", "clear_tamper",
    ]  # fmt: skip


def test_after_a_key_change_old_tokens_fail_and_new_ones_work(learner):
    early = learner.ask("hand_out", what="free")["tokens"][0]
    for digits in learner.ask("hand_out", what="key_change")["tokens"]:
        learner.enter(digits)
    assert learner.enter(early) == "CRCError"
    assert learner.enter(learner.ask("hand_out", what="free")["tokens"][0]) == "Accept"


@pytest.mark.parametrize(
    "request_",
    [
        {"do": "buy", "cents": 10},
        {"do": "buy", "cents": 10**9},
        {"do": "hand_out", "what": "gold"},
        {"do": "fly"},
        {"do": "switch", "name": "sun", "on": True},
    ],
)
def test_what_cannot_be_is_refused_in_words_and_the_page_goes_on(learner, request_):
    assert learner.ask(**request_)["error"]
    assert learner.ask("buy", cents=100)["tokens"]


def test_the_load_uses_credit_and_the_switch_opens(learner):
    learner.enter(learner.ask("hand_out", what="free")["tokens"][0])
    learner.ask("switch", name="stove", on=True)
    learner.run(3600)
    frame = learner.frame()
    assert frame["watts"] >= 3000 and frame["closed"] and frame["days_left"] == 0
    learner.run(3600)
    frame = learner.frame()
    assert (frame["watts"], frame["closed"], frame["reason"]) == (0, False, "no_credit")
    assert -5 <= frame["credit_wh"] <= 0


def test_the_session_lies_with_the_worker_not_in_the_heap_of_python(learner):
    learner.enter(learner.ask("hand_out", what="free")["tokens"][0])
    head, *entries = [json.loads(line) for line in page.kept(False).splitlines()]
    assert head["meter20"] == "session" and len(entries) > 20
    assert page.kept(False) == ""
    learner.run(60)
    passed = json.loads(page.kept(True).splitlines()[-1])
    assert json.loads(passed["sent"])["ms"] == 60_000


def test_the_glass_shows_rounds_fields_and_decision_but_no_key_of_a_key_change(learner):
    free = learner.ask("hand_out", what="free")["tokens"][0]
    looked = learner.ask("look", digits=free)
    names = [step[0] for step in looked["steps"]]
    assert names.count("round") == 8 and names[-2:] == ["decision", "meaning"]
    rounds = [values[-1] for step, _, values in looked["steps"] if step == "round"]
    decrypted = next(step for step in looked["steps"] if step[0] == "decrypted")
    assert rounds[-1] == decrypted[2][-1]
    assert sum(bits for _, bits in looked["parts"]) == 64
    section = learner.ask("hand_out", what="key_change")["tokens"][0]
    looked = learner.ask("look", digits=section)
    assert "round" not in [step[0] for step in looked["steps"]]
    assert learner.enter(free) == "Accept"  # looking changed nothing


def test_building_is_a_command(tmp_path):
    command = [sys.executable, "-m", "meter20.cli", "web", "--build", str(tmp_path / "site")]
    subprocess.run(command, check=True)
    assert (tmp_path / "site" / "index.html").exists()
