"""The classroom page: a person plays the lessons, and programs find the same meter in it."""

import json
import re
import subprocess
import sys

import pytest
from browser import chromium, meter_page
from data import meters
from playwright.sync_api import expect

from meter20 import session
from meter20.board import card
from meter20.bodies import EmulatedBody
from meter20.web import site

LARGEST_BYTES = 1_500_000
CORE = ("rules", "conformance")  # of the acceptance suite


@pytest.fixture(scope="module")
def address():
    with meter_page.served() as at:
        yield at


@pytest.fixture(scope="module")
def visitor(browser, address):
    """Return a visitor with a desktop who has the page already, and reads its notes."""
    made = chromium.Visit(browser, **chromium.DESKTOP)
    meter_page.ready(made.page, address + "notes.html")
    yield made
    made.close()


@pytest.fixture
def desktop(visitor):
    """Return a new page of that visitor; what it keeps is forgotten when the test ends."""
    page = visitor.context.new_page()
    yield page
    page.close()
    visitor.page.evaluate("localStorage.clear()")
    troubles, visitor.troubles[:] = list(visitor.troubles), []
    assert not troubles, troubles


def shows(page, *words):
    """Wait until the meter's display holds all of `words`."""
    for word in words:
        page.locator("#lcd", has_text=word).wait_for()


def handed_out(page, what):
    """Ask the desk for a token, return its digits, of a key change those of four."""
    page.click("#tab-desk")
    slips = page.locator("#slips > li").count()
    if what == "sale":
        page.click("#buy button")
    else:
        names = page.evaluate("meter20.known.offered")
        page.locator("#offered button").nth(names.index(what)).click()
    page.locator("#slips > li").nth(slips).wait_for()
    return page.locator("#slips > li").first.locator("code").all_inner_texts()


PRESS_ALL = """keys => {
  const pad = [...document.querySelectorAll("#keypad button")];
  keys.forEach((key) => pad.find((button) => button.textContent === key).click());
}"""


TYPE_ALL = """keys => keys.forEach((key) =>
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})))"""


def typed(page, digits, by_hand=False):
    """Type a token: on a phone on the meter's keys, else on the keyboard.

    by_hand: key for key, as the browser takes them from a person. That takes a tenth of a second;
    else the page gets the same events at once.
    """
    if page.viewport_size["width"] < 400:
        page.evaluate(PRESS_ALL, list("C" + digits.replace(" ", "")))
        return
    page.evaluate("document.activeElement.blur()")
    if by_hand:
        page.keyboard.type("c" + digits.replace(" ", ""))
    else:
        page.evaluate(TYPE_ALL, list("c" + digits.replace(" ", "")))


def begun(page, number):
    page.click("#tab-lessons")
    page.locator("#lesson-list button").nth(number).click()


def done(page, number):
    page.click("#tab-lessons")
    page.locator("#lesson-list button.done").nth(0).wait_for()
    page.locator(f"#lesson-list li:nth-child({number + 1}) button.done").wait_for()
    page.locator(".praise:visible").wait_for()


def entered(page, what, result, by_hand=False):
    for digits in handed_out(page, what):
        typed(page, digits, by_hand)
    shows(page, result)
    return digits


WRONG = {
    "en": ("wrong digit", r"wait\. .\ss to wait"),
    "fr": ("chiffre faux", r"attendez\. Encore .\ss"),
}


def language(page):
    return page.evaluate("document.documentElement.lang")


def learn(page):
    """Go through all lessons, as their tasks say."""
    begun(page, 0)
    entered(page, "sale", "Accept", by_hand=True)
    page.locator("#slips .token button").nth(1).click()
    page.locator(".steps li").first.wait_for()
    done(page, 0)
    begun(page, 1)
    digits = entered(page, "free", "Accept")
    typed(page, digits)
    shows(page, "UsedError")
    done(page, 1)
    for number, what in ((2, "neighbour"), (3, "other_group")):
        begun(page, number)
        entered(page, what, "CRCError")
        done(page, number)
        entered(page, "free", "Accept")  # so that wrong tokens lock nothing
    begun(page, 4)
    entered(page, "old", "OldError")
    entered(page, "expired", "KeyExpiredError")
    done(page, 4)
    begun(page, 5)
    sections = handed_out(page, "key_change")
    for number, digits in enumerate(sections, 1):
        page.locator("#in-hand", has_text=digits).wait_for()  # each of the slip's in its turn
        assert f" {number} " in page.locator("#in-hand span").inner_text()
        typed(page, digits)
    shows(page, "New key KRN 2")
    done(page, 5)
    begun(page, 7)
    entered(page, "free", "Accept")
    page.click("#power-cut")
    done(page, 7)
    begun(page, 6)
    for wrong in range(4):
        typed(page, "33333333333333333333")
        shows(page, "LockedOut" if wrong == 3 else "CRCError")
        below = page.locator("#meaning", has_text=re.compile(WRONG[language(page)][wrong == 3]))
        below.wait_for()
        page.keyboard.press("c")
    done(page, 6)


@pytest.mark.parametrize(
    ("size", "spoken"),
    [(chromium.DESKTOP, "en"), (chromium.PHONE, "fr")],
    ids=["desktop-en", "phone-fr"],
)
def test_a_learner_goes_through_all_lessons(visit, address, size, spoken):
    page = meter_page.ready(visit(size, locale=spoken).page, address)
    assert language(page) == spoken
    learn(page)
    assert page.locator("#lesson-list button.done").count() == 8
    for tab in ("lessons", "desk", "glass"):
        page.click(f"#tab-{tab}")
        assert chromium.axe(page) == []
        assert chromium.wider_than_screen(page) == 0
    assert "[" not in page.locator("main").inner_text()  # as a missing text would be shown


REMEMBER_FRAMES = """() => {
  const post = self.postMessage;
  self.postMessage = (told) => {
    self.frameBefore = told.frame ? told : self.frameBefore;
    post.call(self, told);
  };
}"""


def test_a_frame_of_the_lesson_before_makes_no_lesson_done(desktop, address):
    page = meter_page.ready(desktop, address)
    worker = page.workers[0]
    worker.evaluate(REMEMBER_FRAMES)
    begun(page, 2)
    entered(page, "neighbour", "CRCError")
    done(page, 2)
    worker.evaluate("self.late = self.frameBefore, 0")
    begun(page, 3)
    worker.evaluate("postMessage(self.late)")
    page.evaluate("meter20.ask({do: 'look', digits: ''})")  # by then the frame was shown
    assert page.locator("#lesson-list button.done").count() == 1


def test_the_acceptance_suite_runs_through_the_page_with_the_replies_of_emulated():
    chromium.program()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(f"host_tests/acceptance/test_{name}.py" for name in CORE), "--body", "page"],
        capture_output=True, check=False, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\b5\d passed", done.stdout) and "skipped" not in done.stdout


def test_numbers_past_32_and_53_bits_cross_whole(desktop, address):
    page = meter_page.ready(desktop, address)
    meter_page.bare(page)

    def ask(**fields):
        return json.loads(meter_page.port(page, json.dumps(fields).encode()))

    assert ask(do="provision", **meters.PROVISION)["ok"]
    used = ask(do="pulses", count=1_000_000_000, over_s=1)
    used = [ask(do="pulses", count=1_000_000_000, over_s=1) for _ in range(3)][-1]
    assert used["total_wh"] > 2**31
    token = meters.TOKEN_100_WH
    assert int(token) > 2**53
    told = ask(do="token", digits=token, id=2**31 + 5)
    assert (told["id"], told["result"]) == (2**31 + 5, "Accept")
    looked = page.evaluate("digits => meter20.ask({do: 'look', digits})", token)
    assert looked["digits"] == token
    assert looked["steps"][0][2][0].replace(" ", "") == token


BUY_AND_TYPE = """async () => {
  const sold = await meter20.ask({do: "buy", cents: 400000000});
  for (const key of sold.tokens[0].replaceAll(" ", "")) await meter20.ask({do: "key", key});
}"""


def test_a_credit_past_32_bits_is_drawn_whole(desktop, address):
    page = meter_page.ready(desktop, address)
    for _ in range(2):
        page.evaluate(BUY_AND_TYPE)
    credit_wh = json.loads(meter_page.port(page, b'{"do":"read"}'))["credit_wh"]
    assert credit_wh > 2**31
    page.locator("#credit", has_text=f"{credit_wh // 1000}.{credit_wh % 1000:03d} kWh").wait_for()
    shows(page, f"{credit_wh // 1000}.{credit_wh % 1000:03d} kWh")


def test_a_changed_digit_shows_its_avalanche_beside_the_token(desktop, address):
    page = meter_page.ready(desktop, address)
    handed_out(page, "free")
    page.locator("#slips .token button").nth(1).click()
    first, second = page.locator("form.glass").all()
    first.locator(".steps b", has_text="Decision").wait_for()
    assert first.locator(".part small").all_inner_texts() == [
        "subclass", "rnd", "tid", "amount_field", "crc",
    ]  # fmt: skip
    assert first.locator(".bits .class").count() == 2
    first.locator(".digit").nth(19).click()
    second.locator(".steps .count").first.wait_for()
    assert second.locator(".bits .differs").count() > 60
    refusal = second.locator(".steps > li", has_text="Decision").locator("span").first.inner_text()
    assert refusal in {"CRCError", "FormatError", "FunctionError"}
    assert refusal in first.locator(".verdict").inner_text()
    assert first.locator(".field.amount_field").is_visible()
    assert not first.locator("details li").first.is_visible()  # the rounds
    first.locator("button:not(.digit)").click()  # look again
    second.locator(".steps li").first.wait_for(state="detached")


def test_keys_that_type_no_digit_turn_the_pages_about_the_meter_and_break_nothing(
    desktop, address
):
    page = meter_page.ready(desktop, address)
    for key, words in (("Backspace", "Meter number"), ("b", "SGC"), ("a", "Power fails")):
        page.keyboard.press(key)
        shows(page, words)
    for key in "#d":
        page.keyboard.press("c")
        shows(page, "Enter a token")
        page.keyboard.press(key)
        shows(page, "Short code")


NOTE_FOCUS = """() => {
  window.outlines = [];
  addEventListener("focusin", ({target}) => {
    const {outlineStyle, outlineWidth} = getComputedStyle(target);
    target.dataset.reached = "";
    window.outlines.push(outlineStyle + " " + outlineWidth);
  });
}"""
LEFT_OUT = """() => [...document.querySelectorAll("button, input, select, a")]
  .filter((each) => each.checkVisibility() && each.tabIndex >= 0 && !("reached" in each.dataset))
  .map((each) => each.outerHTML)"""


def tab_to(page, selector):
    """Press Tab until the control `selector` has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_tab_enter_and_arrows_are_enough_for_a_lesson(desktop, address):
    page = meter_page.ready(desktop, address)
    tab_to(page, "#lesson-list li:nth-child(2) button")
    page.keyboard.press("Enter")
    page.locator("#lesson h2:focus", has_text="2.").wait_for()
    tab_to(page, ".ways button")
    page.keyboard.press("Enter")
    page.locator("#tab-desk:focus").wait_for()
    tab_to(page, "#offered button")
    page.keyboard.press("Space")
    page.locator("#slips .token button:focus").wait_for()  # types it
    page.keyboard.press("Shift+Tab")
    page.locator("#desk .to-lesson:focus").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shows(page, "Accept")
    page.keyboard.press("Enter")  # the meter's, and not that of the button again
    page.locator("#slips .spent .count", has_text="Accept").wait_for()
    page.click("#in-hand button")  # the same slip, beside the keys
    shows(page, "UsedError")
    page.locator("#slips .count", has_text=re.compile("Accept at .*, UsedError at")).wait_for()
    page.locator("#progress", has_text="Lesson 2 is done").wait_for()
    tab_to(page, "button.to-lesson")
    page.keyboard.press("Enter")
    tab_to(page, ".praise button")
    page.keyboard.press("Enter")
    page.locator("#lesson h2:focus", has_text="3.").wait_for()
    tab_to(page, "#tab-lessons")
    page.keyboard.press("ArrowRight")
    page.locator("#tab-desk:focus").wait_for()


def test_tab_leads_to_every_control_and_shows_where_it_is(desktop, address):
    page = meter_page.ready(desktop, address)
    page.evaluate(NOTE_FOCUS)
    for tab in ("lessons", "desk", "glass"):
        page.click(f"#tab-{tab}")
        page.locator("#lcd").click()  # from the top, and around
        page.evaluate("window.outlines = []")
        for _ in range(80):
            page.keyboard.press("Tab")
        assert page.evaluate(LEFT_OUT) == []
        outlines = page.evaluate("window.outlines")
        assert len(outlines) > 40
        assert all(not outline.startswith("none") for outline in outlines)


def test_time_runs_fast_the_load_uses_the_credit_and_the_switch_opens(desktop, address):
    page = meter_page.ready(desktop, address)
    page.click("#tab-desk")
    page.fill("#money", "3333 3333 3333 3333 3333")
    page.click("#buy button")
    page.locator("#desk-error", has_text="type it at the meter").wait_for()
    page.fill("#money", "2")
    entered(page, "sale", "Accept")
    page.locator("#appliances button").nth(3).click()
    page.click('[data-speed="3600"]')
    shows(page, "OFF: no credit")
    page.locator("#chart line").first.wait_for(state="attached")
    assert page.locator("#relay.on").count() == 0


def test_a_power_limit_trips_though_time_runs_fast(desktop, address):
    page = meter_page.ready(desktop, address)
    for what in ("power_limit", "free"):
        entered(page, what, "Accept")
    page.locator("#appliances button").nth(3).click()
    page.click('[data-speed="3600"]')
    shows(page, "OFF: overl. lock")  # for half an hour, after five trips in a row


COUNT_MADE = """() => {
  self.made = 0;
  const native = [TextDecoder, Object.getPrototypeOf(TextDecoder)].findLast((i) => i.prototype);
  const calls = [
    [self, "setTimeout"], [self, "setInterval"], [MessagePort.prototype, "postMessage"],
    [native.prototype, "decode"],
  ];
  for (const [owner, name] of calls) {
    const before = owner[name];
    owner[name] = function (...given) { self.made++; return before.apply(this, given); };
  }
}"""
COUNT_NODES = """() => {
  window.nodes = window.written = 0;
  new MutationObserver((seen) => seen.forEach((each) => {
    window.nodes += each.addedNodes.length;
    window.written += each.type === "characterData";
  })).observe(document.body, {childList: true, characterData: true, subtree: true});
}"""


def test_time_that_runs_makes_no_object_that_waits_for_a_collection(desktop, address):
    page = meter_page.ready(desktop, address)
    page.evaluate(BUY_AND_TYPE)
    expect(page.locator("#said")).not_to_be_empty()
    worker = page.workers[0]
    worker.evaluate(COUNT_MADE)
    page.evaluate(COUNT_NODES)
    page.click('[data-speed="3600"]')
    page.locator("#clock", has_text=re.compile(r" (09|1\d):")).wait_for()
    assert page.evaluate("window.written") > 20
    assert (worker.evaluate("self.made"), page.evaluate("window.nodes")) == (0, 0)


def test_a_key_answers_though_time_runs_fast(desktop, address):
    page = meter_page.ready(desktop, address)
    page.click('[data-speed="3600"]')
    page.locator("#keypad button").nth(4).click()
    shows(page, "4_", "1 of 20 digits")


def test_a_session_of_the_page_plays_again_here_and_on_the_emulated_body(
    desktop, address, tmp_path
):
    page = meter_page.ready(desktop, address)
    entered(page, "free", "Accept")
    page.locator("#appliances button").nth(0).click()
    page.click("#power-cut")
    assert not page.locator("#lcd").inner_text()  # dark
    assert page.locator("#relay span").inner_text() == "no power"
    shows(page, "Supply on")
    file = tmp_path / "session.jsonl"
    with page.expect_download() as download:
        page.click("#keep")
    download.value.save_as(file)
    played = session.read(file)
    assert played.body == "page" and len(played.entries) > 20
    assert list(session.differences(played, EmulatedBody(), None)) == []
    page.set_input_files("#play", file)
    page.locator("#session-said", has_text=f"{len(played.entries)} answers, 0 of them").wait_for()
    page.set_input_files("#play", __file__)
    page.locator("#session-said", has_text="no session").wait_for()


KEEP_THREE_LINES_OF_TEN = """async () => {
  const { Kept } = await import("./kept.js");
  const kept = new Kept(10);
  return ["1234\\n", "5678\\n", "9\\n"].map((line) => { kept.add(line); return kept.whole; })
    .concat(kept.text);
}"""


def test_a_session_that_grows_too_long_keeps_its_beginning_and_says_so(desktop, address):
    meter_page.ready(desktop, address + "notes.html")
    assert desktop.evaluate(KEEP_THREE_LINES_OF_TEN) == [True, True, False, "1234\n5678\n"]


def test_begin_anew_forgets_the_meter_and_the_lessons(desktop, address):
    page = meter_page.ready(desktop, address)
    begun(page, 3)
    entered(page, "other_group", "CRCError")
    done(page, 3)
    with page.expect_popup() as notes:
        page.click("#notes")  # the session of the meter goes on
    notes.value.close()
    shows(page, "CRCError")
    asks = "() => !dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert page.evaluate(asks)
    page.once("dialog", lambda question: question.dismiss())
    page.click("#reset")
    assert page.locator("#lesson-list button.done").count() == 1
    page.once("dialog", lambda question: question.accept())
    page.click("#reset")
    page.locator("body:not([data-ready])").wait_for()
    page.locator("body[data-ready]").wait_for()
    assert not page.evaluate(asks)
    assert page.locator("#lesson-list button.done").count() == 0
    shows(page, "OFF: no credit")


LEFT_EDGES = """() => new Set(
  [...document.querySelectorAll("main > *")].map((each) => each.getBoundingClientRect().left)
).size"""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_notes_for_teachers_have_all_lessons_and_answers(visit, address, language):
    page = visit(chromium.PHONE, locale=language).page
    meter_page.ready(page, address + "notes.html")
    assert page.locator("h2").count() == 8
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate(LEFT_EDGES) == 1  # they read from top to bottom
    page.set_viewport_size(chromium.PHONE["viewport"])
    assert "[" not in page.locator("main").inner_text()
    assert chromium.axe(page) == []
    assert chromium.wider_than_screen(page) == 0


def test_the_card_of_the_meter_prints_on_one_side_of_a6(desktop):
    desktop.goto(card.CARD.as_uri())
    printed = desktop.pdf(prefer_css_page_size=True)
    [box] = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)  # one page
    assert [round(float(edge) / 72 * 25.4) for edge in box] == [105, 148]


def test_first_use_transfers_less_than_its_bound(tmp_path):
    site.build(tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < LARGEST_BYTES
