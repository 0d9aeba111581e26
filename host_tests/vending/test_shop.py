"""The shop: one purchase for a form, to the cent; nobody sees what is another's."""

import html
import logging
import re
import threading

import pytest
from rigs.customers import Customer, text_of
from rigs.stations import DRN, SGC, TARIFF, accept_clock
from sqlalchemy import func, select

from meter20.ami import outbox, purchases
from meter20.ami.carriers import Answer
from meter20.ami.routes import keep_mqtt
from meter20.shop import app
from meter20.vending import fitting, meter_list, sales, supply_groups, tariff_list
from meter20.vending.models import Purchase, Slip
from meter20.vending.refusal import DATABASE, Doubt, Refusal
from meter20.vending.vending_key import KeyTerms

OTHER = "03000000004"


@pytest.fixture
def customer(station):
    return Customer(station)


@pytest.fixture
def any_customer(any_station):
    return Customer(any_station)


def station_of(customer):
    return customer.web.app.state.seller.station


def count(customer, rows=Purchase):
    with station_of(customer).looking() as session:
        return session.scalar(select(func.count()).select_from(rows))


def answer(customer, path, result, by=None):
    """Let the meter answer to the token of an order, as a worker notes it."""
    (token,) = customer.tokens(path)
    station = station_of(customer)
    with station.desk() as desk:
        purchase = desk.session.scalar(select(Purchase).order_by(Purchase.id.desc()).limit(1))
        purchase.state = purchases.SENT
        desk.session.flush()
        slip = desk.session.get_one(Slip, purchase.slip_id)
        tid = slip.tokens[0].tid if by else None
        outbox.record(desk.session, Answer(DRN, token, result, tid, by), desk.now)


# -- buying --------------------------------------------------------------------------------------


def test_customer_finds_a_meter_gets_a_quote_and_buys_to_the_cent(any_customer):
    customer = any_customer
    assert "From 57.74 ZAR" in text_of(customer.get("/meter", number="1234 5678 903"))
    page = text_of(customer.quote(DRN, "200.00"))
    for words in ("Fixed charge 50.00", "Tax on the charge 15.00 % 7.50", "Total 200.00",
                  "TEST PAYMENT", "Pay 200.00 ZAR (test)"):  # fmt: skip
        assert words in page, page
    path = customer.buy(DRN, "200")
    shown = text_of(customer.get(path))
    with station_of(customer).looking() as session:
        slip = session.scalar(select(Slip))
        (token,) = slip.tokens
        assert slip.paid_cents == 200_00
        assert sum(row[1] for row in slip.typed) == 200_00
    assert customer.tokens(path) == [token.digits]
    assert "<svg" in customer.page.text
    assert f"Receipt {slip.id}" in shown


def test_free_units_are_in_the_quote_and_come_with_the_purchase(customer):
    with station_of(customer).desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | {"free_kwh": "50"})
    station_of(customer)._now.advance(days=1)  # the minute of its making has gone by
    assert "50.0 kWh of free units" in text_of(customer.get("/meter", number=DRN))
    assert "and 50.0 kWh of free units" in text_of(customer.quote(DRN, "200"))
    assert len(customer.tokens(customer.buy(DRN, "200"))) == 2
    assert "free units" not in text_of(customer.quote(DRN, "200"))


@pytest.mark.parametrize(
    ("amount", "words"),
    [("1.00", "cannot be sold"), ("0", "cannot be sold"), ("-5", "no amount"),
     ("1e3", "no amount"), ("12.345", "no amount"), ("٣٠٠", "no amount"),
     ("99999999", "cannot be sold"), ("9" * 20, "cannot be sold")],
)  # fmt: skip
def test_amount_that_cannot_be_sold_gets_a_clear_answer(customer, amount, words):
    page = customer.quote(DRN, amount)
    assert (page.status_code, words in text_of(page)) == (400, True), text_of(page)
    assert count(customer) == 0


def test_most_that_can_be_sold_fills_one_token_and_leaves_next_to_nothing(customer):
    (most,) = re.findall(r"to ([0-9.]+) ZAR", text_of(customer.get("/meter", number=DRN)))
    page = text_of(customer.quote(DRN, most))
    assert "1820162.4 kWh" in page
    kept = page.partition("Kept for your next purchase ")[2]
    assert not kept or float(kept.split()[0]) < 1
    cents = int(most.replace(".", "")) + 1
    assert "cannot be sold" in text_of(customer.quote(DRN, f"{cents // 100}.{cents % 100:02}"))
    more = "One token carries 1820162.4 kWh"
    with pytest.raises(Refusal, match=more), station_of(customer).desk() as desk:
        sales.credit(desk, sales.CreditOrder(DRN, cents))


@pytest.mark.parametrize("amount", ["1 000", "1\u202f000,00", " 1000.00 "])
def test_spaces_in_an_amount_do_no_harm(customer, amount):
    assert "Pay 1000.00 ZAR" in text_of(customer.quote(DRN, amount))


def test_tokens_of_an_order_are_named_in_the_language_of_its_page(customer):
    with station_of(customer).desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | {"free_kwh": "50"})
    station_of(customer)._now.advance(days=1)  # the minute of its making has gone by
    page = customer.get(customer.buy(DRN, "200"), lang="fr")
    named = re.findall("<h2>(.*?)</h2>", page.text)
    assert named == ["58,0 kWh", "50,0 kWh d&#39;unités gratuites"]


@pytest.mark.parametrize(
    ("number", "words"),
    [("12345678904", "no meter number"), ("x", "no meter number"), ("", "no meter number"),
     (OTHER, "No meter of ours"), ("\u0000\u202e", "no meter number")],
)  # fmt: skip
def test_number_that_is_no_meter_of_ours_gets_a_clear_answer(customer, number, words):
    page = customer.get("/meter", number=number)
    assert (page.status_code, words in text_of(page)) == (400, True)


def test_second_click_and_reload_are_the_same_order(any_customer):
    any_customer.quote(DRN, "200")
    form = any_customer.form()
    done = [any_customer.send("/orders", form) for _ in range(3)]
    assert [each.status_code for each in done] == [303] * 3
    assert len({each.headers["location"] for each in done}) == 1
    assert (count(any_customer), count(any_customer, Slip)) == (1, 1)


def test_two_clicks_at_once_are_one_order(any_customer):
    any_customer.quote(DRN, "200")
    form, done = any_customer.form(), []
    clicks = [
        threading.Thread(target=lambda: done.append(any_customer.send("/orders", form)))
        for _ in range(4)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert {each.status_code for each in done} == {303}
    assert len({each.headers["location"] for each in done}) == 1
    assert count(any_customer) == 1


def test_form_that_was_used_buys_nothing_else(customer):
    customer.quote(DRN, "200")
    form = customer.form()
    assert customer.send("/orders", form).status_code == 303
    assert customer.send("/orders", form | {"cents": "30000"}).status_code == 409
    stranger = Customer(station_of(customer), customer.web.app)
    stranger.quote(DRN, "200")
    stolen = stranger.form() | {"key": form["key"]}
    done = stranger.send("/orders", stolen)
    assert (done.status_code, "location" in done.headers) == (409, False)
    assert count(customer) == 1


def test_quote_that_has_changed_is_shown_anew_and_not_sold(customer):
    customer.quote(DRN, "200")
    form = customer.form()
    with station_of(customer).desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | {"tax_percent": "20"})
    done = customer.send("/orders", form)
    assert (done.status_code, "The price has changed" in done.text) == (409, True)
    assert count(customer) == 0
    customer.page = done
    assert customer.send("/orders", customer.form()).status_code == 303


def test_purchase_that_nobody_knows_of_is_found_by_the_same_form(customer, monkeypatch):
    customer.quote(DRN, "200")
    seller, form = customer.web.app.state.seller, customer.form()
    whole = seller.buy

    def breaks_off(*words):
        whole(*words)
        raise Doubt("the database broke off")

    monkeypatch.setattr(seller, "buy", breaks_off)
    customer.page = customer.send("/orders", form)
    assert customer.page.status_code == 500
    assert "We do not know yet" in customer.page.text
    monkeypatch.undo()
    again = customer.form()
    assert again["key"] == form["key"]
    assert customer.send("/orders", again).status_code == 303
    assert count(customer) == 1


def test_page_for_which_no_connection_is_free_says_so(customer, monkeypatch):
    def none_free(*_):
        raise Refusal(DATABASE, "All connections are in use.")

    for way in ("looking", "desk"):
        monkeypatch.setattr(station_of(customer), way, none_free)
    for done in (customer.quote(DRN, "200"), customer.get("/history")):
        assert (done.status_code, "cannot sell now" in done.text) == (503, True)


def test_station_that_cannot_sell_says_so_and_keeps_the_reason_to_itself(customer):
    customer.quote(DRN, "200")
    form = customer.form()
    station_of(customer)._now.advance(days=4000)
    done = customer.send("/orders", form)
    assert (done.status_code, "cannot sell now" in done.text) == (503, True)
    assert count(customer) == 0
    accept_clock(station_of(customer))


# -- what the meter said -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "by", "words"),
    [("Accept", None, "Accepted by the meter"),
     ("UsedError", "manual", "keyed in at the meter"),
     ("UsedError", None, "We look into it"),
     ("OverflowError", None, "The meter is full"),
     ("FunctionError", None, "with the number of the receipt")],
)  # fmt: skip
def test_page_says_what_the_meter_answered(customer, result, by, words):
    with station_of(customer).desk() as desk:
        keep_mqtt(desk, DRN)
    path = customer.buy(DRN, "200")
    assert "soon" in text_of(customer.get(path))
    assert "You may also key in" in text_of(customer.page)
    assert "hx-sse:connect" in customer.page.text
    answer(customer, path, result, by)
    assert words in text_of(customer.get(path))
    assert "hx-sse:connect" not in customer.page.text, "nothing more is to come"
    assert "You may also key in" not in text_of(customer.page)


def test_stream_tells_each_change_and_ends_with_the_last(customer):
    path = customer.buy(DRN, "200")
    heard = []
    listening = threading.Thread(
        target=lambda: heard.append(customer.web.get(f"{path}/events").text), daemon=True
    )
    listening.start()
    answer(customer, path, "Accept")
    listening.join(30)
    (change,) = heard
    assert "Accepted by the meter" in change
    assert change.endswith("event: done\ndata: .\n\n")
    again = customer.web.get(f"{path}/events")
    assert again.headers["content-type"].startswith("text/event-stream")
    assert "Accepted by the meter" in again.text


def test_meter_on_no_network_is_to_be_keyed_in_by_hand(customer):
    path = customer.buy(DRN, "200")
    assert "on no network: key in" in text_of(customer.get(path))
    assert "You may also" not in text_of(customer.page), "nobody else brings it"
    with station_of(customer).desk() as desk:
        keep_mqtt(desk, DRN)
    assert "on no network" not in text_of(customer.get(path))


# -- whose it is ---------------------------------------------------------------------------------


def test_history_shows_this_browsers_orders_and_nobody_elses(customer):
    path = customer.buy(DRN, "200")
    stranger = Customer(station_of(customer), customer.web.app)
    assert path in customer.get("/history").text
    assert "There is none yet" in text_of(stranger.get("/history"))
    assert "200" not in text_of(stranger.get("/meter", number=DRN))


def test_order_is_seen_by_its_whole_address_alone(customer):
    path = customer.buy(DRN, "200")
    stranger = Customer(station_of(customer), customer.web.app)
    assert stranger.get(path).status_code == 200, "whoever knows the address"
    address = path.rpartition("/")[2]
    near = [address[:-1] + ("A" if address[-1] != "A" else "B"), "1", "0" * 32, address[::-1],
            "%00", "..%2f" + address, address.swapcase()]  # fmt: skip
    for other in near:
        for page in (f"/orders/{other}", f"/orders/{other}/events"):
            assert stranger.get(page).status_code in (404, 422), page
            assert DRN not in stranger.page.text


def test_look_up_tells_nothing_of_the_customer(station, customer):
    with station.desk() as desk:
        meter_list.add_meter(
            desk, meter_list.NewMeter(OTHER, SGC, customer="Thandi Nkosi", debt=123_45)
        )
    page = customer.get("/meter", number=OTHER)
    assert page.status_code == 200
    assert not any(word in page.text for word in ("Thandi", "Nkosi", "123", SGC))


def test_form_of_another_site_buys_nothing(customer):
    customer.quote(DRN, "200")
    form = customer.form()
    stranger = Customer(station_of(customer), customer.web.app)
    stranger.quote(DRN, "200")
    for sender, fields, headers in (
        (customer, form | {"code": "0" * 64}, {}),
        (customer, form | {"code": stranger.form()["code"]}, {}),
        (customer, form, {"Sec-Fetch-Site": "cross-site"}),
        (Customer(station_of(customer), customer.web.app), form, {}),
    ):
        assert sender.send("/orders", fields, **headers).status_code == 403
    assert count(customer) == 0


def test_every_answer_has_the_headers_that_keep_others_out(customer, monkeypatch):
    path = customer.buy(DRN, "200")
    monkeypatch.setattr(customer.web.app.state.seller, "offer", lambda _number: 1 / 0)
    for page in (path, "/", "/history", "/nowhere", "/meter", f"/meter?number={DRN}",
                 "/static/shop.css"):  # fmt: skip
        headers = customer.get(page).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, page
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        kept = "public, max-age=3600" if page.startswith("/static") else "no-store"
        assert headers["cache-control"] == kept, page
        assert "<script>" not in customer.page.text and " style=" not in customer.page.text
    assert customer.get("/meter", number=DRN).status_code == 500


def test_cookies_are_kept_from_scripts_and_by_https_from_plain_lines(station):
    for scheme in ("http", "https"):
        web = Customer(station).web
        web.base_url = f"{scheme}://127.0.0.1"
        cookie = web.get("/").headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        assert ("secure" in cookie) == (scheme == "https")


def test_no_log_holds_an_address_a_cookie_or_a_token(customer, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    path = customer.buy(DRN, "200")
    (token,) = customer.tokens(path)
    monkeypatch.setattr("meter20.shop.orders.seen", lambda *_: 1 / 0)
    assert customer.get(path).status_code == 500
    said = "\n".join(f"{each.getMessage()}" for each in caplog.records if each.name != "httpx")
    assert "ZeroDivisionError" in said
    for secret in (path.rpartition("/")[2], token, customer.web.cookies["visitor"]):
        assert secret not in said


def test_database_holds_no_cookie(customer, sqlite):
    customer.buy(DRN, "200")
    stored = b"".join(path.read_bytes() for path in sqlite.path.parent.glob("station*"))
    assert customer.web.cookies["visitor"].encode() not in stored


def test_whoever_tries_many_numbers_must_wait_at_every_program(customer, clock):
    programs = [customer, Customer(station_of(customer))]
    numbers = [programs[n % 2].get("/meter", number=OTHER).status_code for n in range(25)]
    assert numbers == [400] * 21 + [429] * 4
    for program in programs:
        assert program.quote(DRN, "200").headers["retry-after"] == "6"
    clock.advance(seconds=5)
    assert customer.quote(DRN, "200").status_code == 200, "a wait ends"


def test_meter_that_counts_money_is_sold_money(customer):
    with station_of(customer).desk() as desk:
        steps = {"currency": "ZAR", "steps": [{"price": "2.00"}]}
        tariff_list.keep_tariff(desk, "money", steps)
        supply_groups.add_group(desk, KeyTerms("654321", kinds="currency"), "", "money")
        new = meter_list.NewMeter(OTHER, "654321", accounting=fitting.MONEY)
        meter_list.add_meter(desk, new)
    page = text_of(customer.quote(OTHER, "30"))
    assert "30.00 ZAR" in page and "kWh" not in page.split("What you pay")[0]
    assert len(customer.tokens(customer.buy(OTHER, "30"))) == 1


def test_long_form_is_refused_and_unknown_pages_are_pages(customer):
    assert customer.send("/orders", {"code": "x" * (1 << 17)}).status_code == 413
    assert customer.get("/nowhere").status_code == 404
    assert customer.send("/", {}).status_code == 405
    assert app.made(station_of(customer)).openapi_url is None


def test_each_page_has_a_title_of_its_own(customer):
    order = customer.buy(DRN, "200")
    pages = [customer.get("/"), customer.get("/meter", number=DRN), customer.quote(DRN, "200"),
             customer.get(order), customer.get("/history")]  # fmt: skip
    titles = [html.unescape(re.search("<title>(.*?)</title>", page.text)[1]) for page in pages]
    assert titles == [
        f"{name} – meter20 shop"
        for name in ("Buy electricity", "Amount", "You get", "Your purchase", "Your purchases")
    ]
