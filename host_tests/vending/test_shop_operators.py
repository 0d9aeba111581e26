"""Operators: who may log in, and what the pages say of meters, tokens, keys and the day."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from journal import events as journal_events
from rigs.customers import Customer, text_of
from rigs.stations import DRN, PASSPHRASE, SGC
from sqlalchemy import func, select, update
from supply import decision
from typer.testing import CliRunner

from meter20.ami import reports, routes
from meter20.cli.main import app
from meter20.pos.waits import Limit, TooOften, Waits
from meter20.shop import accounts, charts, pages
from meter20.vending import meter_list, supply_groups
from meter20.vending.models import Meter, Purchase, Slip
from meter20.vending.report_models import MeterLoad, MeterReport
from meter20.vending.shop_models import LoginFailure, ShopSession
from meter20.vending.vending_key import KeyTerms

NAME, PASSWORD = "sipho", "a password of the operator"
PLACES = ("/operators/meters", f"/operators/meters/{DRN}", "/operators/rejected",
          "/operators/keys", "/operators/report")  # fmt: skip
REGISTERS = {"credit_wh": 58_000, "total_wh": 7_000, "power_w": 1200, "relay": "closed",
             "relay_reason": "ok", "tamper": False, "krn": 1, "ken": 255}  # fmt: skip


pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def operator(station):
    return with_operator(station)


@pytest.fixture
def any_operator(any_station):
    return with_operator(any_station)


def with_operator(station):
    with station.desk() as desk:
        accounts.add(desk, NAME, PASSWORD)
    return Customer(station)


def log_in(browser, name=NAME, password=PASSWORD):
    browser.get("/operators/login")
    return browser.send("/operators/login", browser.form() | {"name": name, "password": password})


def station_of(browser):
    return browser.web.app.state.seller.station


def hear(station, topic, said, drn=DRN):
    """Keep a report as a worker does that heard it."""
    report = reports.report_of(drn, topic, json.dumps(said).encode())
    assert report is not None
    with station.sharing() as session:
        reports.keep(session, [report], station.time())


# -- the door ------------------------------------------------------------------------------------


def test_pages_are_for_those_who_have_logged_in(any_operator):
    for place in PLACES:
        page = any_operator.get(place)
        assert (page.status_code, page.headers["location"]) == (303, "/operators/login"), place
        assert DRN not in page.text
    done = log_in(any_operator)
    assert (done.status_code, done.headers["location"]) == (303, "/operators/meters")
    for place in PLACES:
        assert any_operator.get(place).status_code == 200, place
    stranger = Customer(station_of(any_operator), any_operator.web.app)
    assert stranger.get("/operators/meters").status_code == 303


def test_log_out_ends_it_for_this_cookie_and_removal_for_all(operator):
    log_in(operator)
    operator.get("/operators/report")
    cookie = operator.web.cookies["operator"]
    assert operator.send("/operators/logout", operator.form()).status_code == 303
    operator.web.cookies.set("operator", cookie)
    assert operator.get("/operators/meters").status_code == 303, "the cookie is good no more"
    log_in(operator)
    with station_of(operator).desk() as desk:
        accounts.remove(desk, NAME)
    assert operator.get("/operators/meters").status_code == 303
    assert log_in(operator).status_code == 401


def test_session_ends_after_its_time_and_is_not_kept_in_clear(operator, sqlite, clock):
    log_in(operator)
    stored = b"".join(path.read_bytes() for path in sqlite.path.parent.glob("station*"))
    assert operator.web.cookies["operator"].encode() not in stored
    assert PASSWORD.encode() not in stored
    clock.advance(hours=8, seconds=1)
    assert operator.get("/operators/meters").status_code == 303
    log_in(operator)
    with station_of(operator).looking() as session:
        assert len(session.scalars(select(ShopSession)).all()) == 1, "the old one was dropped"


def test_wrong_passwords_slow_down_and_a_right_one_does_not_help_meanwhile(any_operator, clock):
    station = station_of(any_operator)
    programs = [any_operator, Customer(station)]  # two programs on one database count together
    for n in range(4):
        assert log_in(programs[n % 2], password="x" * (n + 1)).status_code == 401
    for program in (*programs, Customer(station)):  # the last was started again
        refused = log_in(program)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    clock.advance(seconds=2)
    assert log_in(any_operator, password="wrong").status_code == 401
    assert log_in(any_operator).headers["retry-after"] == "5"
    clock.advance(seconds=4)
    assert log_in(any_operator).status_code == 303
    with station.looking() as session:
        assert session.scalar(select(func.count()).select_from(LoginFailure)) == 0


def test_failures_are_forgotten_after_an_hour_and_many_attempts_at_once_are_many(
    any_station, clock
):
    waits = Waits(any_station)
    with ThreadPoolExecutor(8) as pool:
        let_in = sum(pool.map(lambda _: _may_try(waits, "b", "a"), range(24)))
    assert let_in == 4
    for _ in range(20):
        clock.advance(seconds=300)
        last = _may_try(waits, "a")
    assert last and not _may_try(waits, "a")
    clock.advance(seconds=3601)
    assert [_may_try(waits, "a") for _ in range(5)] == [True] * 4 + [False]
    with any_station.looking() as session:
        assert session.scalar(select(func.count()).select_from(LoginFailure)) == 1


def _may_try(waits, *names):
    try:
        waits.attempt(*(Limit("name", 3, 2, 300).of(name) for name in names))
    except TooOften:
        return False
    return True


def test_name_that_is_none_looks_like_a_wrong_password(operator):
    for name in ("nobody", "\0", "x" * 40):
        page = log_in(operator, name=name)
        assert (page.status_code, "Name or password is wrong" in page.text) == (401, True), name


def test_form_that_comes_after_the_end_of_a_session_is_said_to_have_done_nothing(operator, clock):
    log_in(operator)
    operator.get("/operators/keys")
    form = operator.form()
    clock.advance(hours=8, seconds=1)
    sent = operator.send("/operators/logout", form)
    assert sent.headers["location"] == "/operators/login?undone=1"
    assert "nothing was done" in text_of(operator.get("/operators/login", undone="1"))


def test_forms_of_other_sites_do_nothing(operator):
    log_in(operator)
    operator.get("/operators/keys")
    with station_of(operator).desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
    form = {"sgc": SGC, "ea": "11"}
    for path in ("/operators/keys", "/operators/logout"):
        for code in ("x", "0" * 64):
            assert operator.send(path, form | {"code": code}).status_code == 403
    operator.get("/operators/keys")
    sent = operator.send(
        "/operators/keys", operator.form(), **{"Sec-Fetch-Site": "cross-site"}
    )  # fmt: skip
    assert sent.status_code == 403
    assert operator.get("/operators/meters").status_code == 200
    with station_of(operator).looking() as session:
        assert session.scalar(select(Slip)) is None


# -- what is seen --------------------------------------------------------------------------------


def test_meter_shows_when_it_was_seen_its_credit_load_and_events(any_operator, clock):
    station = station_of(any_operator)
    with station.desk() as desk:
        routes.keep_mqtt(desk, DRN)
    log_in(any_operator)
    assert "never" in any_operator.get("/operators/meters").text
    for power in (0, 600, 1200):
        hear(station, "registers", REGISTERS | {"power_w": power})
        clock.advance(minutes=15)
    hear(station, "events", {"events": [{"event": "Restart", "count": 2, "total_kwh": 7}]})
    shown = text_of(any_operator.get("/operators/meters", begins=DRN[:5]))
    assert f"{DRN} 2026-03-10 10:00 UTC 58.000 1200 closed" in shown
    page = any_operator.get(f"/operators/meters/{DRN}")
    assert "Restart × 2, 7 kWh" in text_of(page)
    assert "the highest bar is 1200 W" in text_of(page)
    assert page.text.count("<rect") == 2, "0 W has no bar"
    assert "1 by the books, 1 by the meter" in text_of(page)
    unknown = any_operator.get("/operators/meters/03000000004")
    assert (unknown.status_code, "There is no such meter." in unknown.text) == (404, True)
    assert 'href="/operators/meters"' in unknown.text, "the way back"


def test_what_a_meter_tells_is_in_the_language_of_the_page(operator):
    operator.buy(DRN, "200")
    events = [{"event": "Locked out", "count": 1, "total_kwh": 7},
              {"event": "Unheard of", "count": 1, "total_kwh": 7}]  # fmt: skip
    hear(station_of(operator), "registers", REGISTERS | {"relay_reason": "credit"})
    hear(station_of(operator), "events", {"events": events})
    log_in(operator)
    shown = text_of(operator.get(f"/operators/meters/{DRN}", lang="fr"))
    for words in ("fermé (crédit)", "Bloqué × 1", "Unheard of × 1", ": vendu, pas encore envoyé"):
        assert words in shown, words
    assert "Payé 200,00 ZAR" in text_of(operator.get("/operators/report"))


def test_every_word_that_a_meter_may_tell_is_known():
    reasons = {word for name, word in vars(decision).items() if name.isupper()}
    assert reasons | set(journal_events.NAMES.values()) | {"open", "closed"} == set(pages.REPORTED)


def test_retired_meter_is_marked(operator):
    with station_of(operator).desk() as desk:
        meter_list.find_meter(desk.session, DRN).retired = "2026-03-01T00:00:00Z"
    log_in(operator)
    assert f"{DRN} (retired)" in text_of(operator.get("/operators/meters"))
    page = text_of(operator.get(f"/operators/meters/{DRN}"))
    assert "This meter was retired on 2026-03-01" in page


def test_load_is_kept_for_two_days(any_operator, clock):
    station = station_of(any_operator)
    for _ in range(3):
        hear(station, "registers", REGISTERS)
        clock.advance(days=1, minutes=16)
    hear(station, "registers", REGISTERS)
    with station.looking() as session:
        assert len(session.scalars(select(MeterLoad)).all()) == 2
        assert session.scalar(select(MeterReport)).total_wh == 7000


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("registers", b"{}"), ("registers", b"[]"), ("registers", b"\xff"), ("registers", b"["),
     ("registers", b'{"total_wh": 1e400, "power_w": 1}'), ("registers", b"[" * 5000),
     ("registers", b'{"total_wh": true, "power_w": 1}'),
     ("registers", b'{"total_wh": 1, "power_w": 99999999999999999999}'),
     ("registers", b'{"total_wh": 1, "power_w": 1, "relay": "<script>\\u0000"}'),
     ("registers", b'{"total_wh": 1, "power_w": 1, "krn": 99}'),
     ("events", b'{"events": 7}'), ("events", b'{"events": [{"event": "x"}]}')],
)  # fmt: skip
def test_report_that_is_none_is_not_kept(topic, payload):
    assert reports.report_of(DRN, topic, payload) is None


def test_report_of_a_meter_that_is_not_ours_is_not_kept(operator):
    hear(station_of(operator), "registers", REGISTERS, drn="03000000004")
    with station_of(operator).looking() as session:
        assert session.scalar(select(MeterReport)) is None


def test_rejected_tokens_are_listed_with_the_reason(operator):
    operator.buy(DRN, "200")
    with station_of(operator).sharing() as session:
        session.execute(update(Purchase).values(
            state="closed", outcome="refused", result="CRCError", reason="another key"
        ))  # fmt: skip
    log_in(operator)
    shown = text_of(operator.get("/operators/rejected"))
    assert f"{DRN} CRCError another key" in shown
    (token,) = [token.digits for token in tokens(operator)]
    for place in PLACES:
        assert token not in operator.get(place).text, place


def tokens(browser):
    with station_of(browser).looking() as session:
        return session.scalar(select(Slip)).tokens


def test_key_campaign_issues_once_and_counts_what_meters_confirm(any_operator):
    station = station_of(any_operator)
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
        routes.keep_mqtt(desk, DRN)
    log_in(any_operator)
    page = text_of(any_operator.get("/operators/keys"))
    assert "Tokens issued: 0 of 1" in page
    form = any_operator.form()
    assert any_operator.send("/operators/keys", form).status_code == 303
    assert any_operator.send("/operators/keys", form).status_code == 303
    page = text_of(any_operator.get("/operators/keys"))
    assert "Tokens issued: 1 of 1" in page
    assert "Confirmed by the meter: 0 of 1" in page
    assert f"{DRN} : meter20 vend receipt 1" in page
    with station.looking() as session:
        (slip,) = session.scalars(select(Slip))
        (brought,) = session.scalars(select(Purchase))
        assert (brought.slip_id, brought.state, len(slip.tokens)) == (slip.id, "vended", 4)
    hear(station, "registers", REGISTERS | {"krn": 2})
    page = text_of(any_operator.get("/operators/keys"))
    assert "Confirmed by the meter: 1 of 1" in page
    assert "vend receipt" not in page


def test_retired_meter_does_not_stop_the_key_changes_of_its_group(operator):
    station = station_of(operator)
    with station.desk() as desk:
        meter_list.find_meter(desk.session, DRN).retired = "2026-03-01T00:00:00Z"
        meter_list.add_meter(desk, meter_list.NewMeter("03000000004", SGC))
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
    log_in(operator)
    operator.get("/operators/keys")
    assert operator.send("/operators/keys", operator.form()).status_code == 303
    assert "Tokens issued: 1 of 1" in text_of(operator.get("/operators/keys"))


def test_group_with_one_key_has_no_key_change_and_the_page_says_how_to_begin_one(operator):
    log_in(operator)
    page = text_of(operator.get("/operators/keys"))
    assert "No key change is under way" in page
    assert f"meter20 vend group add --sgc {SGC} --krn 2" in page
    assert "Tokens issued" not in page


def test_key_change_that_is_refused_changes_no_meter(operator):
    station = station_of(operator)
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter("03000000004", SGC)).retired = "2026-03-01"
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2, kinds="credit"))
    log_in(operator)
    assert "Tokens issued: 0 of 1" in text_of(operator.get("/operators/keys")), "one is retired"
    sent = operator.send("/operators/keys", operator.form() | {"sgc": "999999"})
    assert sent.status_code == 400
    assert "999999" in sent.text
    with station.looking() as session:
        assert {meter.vending_key.krn for meter in session.scalars(select(Meter))} == {1}


def test_report_of_the_day_counts_what_was_sold(operator):
    operator.buy(DRN, "200")
    log_in(operator)
    assert "Paid 200.00 ZAR" in text_of(operator.get("/operators/report"))
    assert "Paid 0" in text_of(operator.get("/operators/report", day="2026-03-09"))
    no_day = operator.get("/operators/report", day="2026-02-31")
    assert (no_day.status_code, "There is no such day." in no_day.text) == (404, True)
    assert operator.get("/operators/report", day="yesterday").status_code == 422


def test_bars_are_those_of_the_last_day(clock):
    now = clock()
    load = [(reports.quarter(now - timedelta(hours=hours)), 100 * hours) for hours in (25, 2, 1)]
    assert charts.bars(load[1:], now) == [(261, 0, 80), (273, 40, 40)]
    assert len(charts.bars(load, now)) == 2
    assert charts.bars([], now) == []


# -- on the command line -------------------------------------------------------------------------


@pytest.fixture
def run(station, sqlite, monkeypatch):
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)

    def run(*words):
        words = ["shop", "--db", str(sqlite.path), *words, "--json"]
        done = CliRunner().invoke(app, words)
        return done.exit_code, json.loads(done.stdout)

    return run


def test_operators_are_added_listed_and_removed(run, monkeypatch):
    code, added = run("operator", "add", NAME)
    assert (code, len(added["password"]) >= accounts.MIN_PASSWORD) == (0, True)
    assert run("operator", "add", NAME)[1]["error"] == "exists"
    code, listed = run("operator", "list")
    assert [row["operator"] for row in listed["operators"]] == [NAME]
    assert added["password"] not in json.dumps(listed)
    assert run("operator", "remove", NAME)[0] == 0
    assert run("operator", "remove", NAME)[1]["error"] == "unknown"
    assert run("operator", "add", "x" * 41)[1]["error"] == "value"
    monkeypatch.setenv("METER20_SHOP_PASSWORD", "short")
    assert run("operator", "add", NAME)[1]["error"] == "value"


@pytest.mark.parametrize("what", ["shop", "pos"])
def test_serve_that_cannot_use_tls_says_so_before_it_names_an_address(
    what, run, sqlite, monkeypatch, tmp_path
):
    monkeypatch.setattr("socket.socket.bind", None)  # no address is taken
    (tmp_path / "no.pem").write_text("no certificate")

    def said(code, *words):
        done = CliRunner().invoke(app, [what, "--db", str(sqlite.path), "serve", *words])
        assert (done.exit_code, done.stdout) == (code, "")
        return done.stderr

    no_file, no_pem = str(tmp_path / "nowhere.pem"), str(tmp_path / "no.pem")
    assert "give both --tls-cert and --tls-key" in said(2, "--tls-cert", no_pem)
    missing = said(1, "--tls-cert", no_file, "--tls-key", no_file)
    assert f"TLS cannot use {no_file}" in missing and "No such file" in missing
    assert "no certificate in PEM" in said(1, "--tls-cert", no_pem, "--tls-key", no_pem)


def test_each_page_of_operators_has_a_title_of_its_own(operator):
    log_in(operator)
    titles = [re.search("<title>(.*?)</title>", operator.get(at).text)[1] for at in PLACES]
    assert len(set(titles)) == len(PLACES)
    assert f"Meter {DRN} – meter20 operators" in titles
