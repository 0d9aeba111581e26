"""Points of sale: who is let in, and what the plain API and that of MicroPowerManager answer."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from rigs.points_of_sale import BASE, PASSWORD, Shop, receipts, station_of
from rigs.stations import DRN, SGC, furnished

from meter20.pos import app, clients
from meter20.vending import sales, supply_groups
from meter20.vending.station import Station
from meter20.vending.vending_key import KeyTerms

# -- who asks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", [None, ("corner", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_nobody_else_is_let_in(shop, auth):
    shop.buy(200_00)
    shop.auth = auth
    answer = shop.buy(200_00)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    shop.key = "wrong"
    assert shop.v1("GET", f"/meters/{DRN}").status_code == 401


@pytest.mark.parametrize("way", ["basic", "key", "calin"])
def test_wrong_log_ins_make_their_address_wait_on_every_way(shop, way):
    assert [tried(shop, way).status_code for _ in range(6)] == [401] * 6
    late = tried(shop, way)
    assert late.status_code == 429
    assert late.headers["Retry-After"] == "2"
    assert shop.buy(200_00).status_code == 429, "the right password is not looked at meanwhile"


def tried(shop, way="basic"):
    """Ask with a wrong password or key."""
    if way == "basic":
        return shop.web.post(f"{BASE}/tokenPurchases/{uuid4()}", json={}, auth=("corner", "x"))
    if way == "key":
        wrong = {"Authorization": "Bearer wrong"}
        return shop.web.get(f"/v1/meters/{DRN}", headers=wrong)
    body = {"user_id": "corner", "password": "x", "meter_id": DRN, "amount": 1,
            "token_type": "CreditToken"}  # fmt: skip
    return shop.web.post("/mpm/calin/tokennew", json=body)


def program(shop, address="testclient"):
    """Return the shop as it meets another program on the database, from an address of its own."""
    other = copy(shop)
    made = app.made(station_of(shop))
    other.web = TestClient(made, raise_server_exceptions=False, client=(address, 50000))
    return other


def test_programs_on_one_database_count_wrong_log_ins_together(any_shop, clock):
    programs = [any_shop, program(any_shop)]
    ways = ["basic", "key", "calin"]
    for n in range(6):
        assert tried(programs[n % 2], ways[n % 3]).status_code == 401
    for each in (*programs, program(any_shop)):  # the last was started again
        assert each.buy(200_00).headers["Retry-After"] == "2"
        assert each.v1("GET", f"/meters/{DRN}").status_code == 429
    clock.advance(seconds=1)
    assert tried(programs[1]).status_code == 401
    assert any_shop.buy(200_00).headers["Retry-After"] == "3"
    clock.advance(seconds=2)
    assert any_shop.buy(200_00).status_code == 201
    assert tried(any_shop).status_code == 401
    assert any_shop.buy(200_00).headers["Retry-After"] == "5", "a client does not free an address"
    clock.advance(hours=1, seconds=1)
    assert tried(any_shop).status_code == 401
    assert any_shop.buy(200_00).status_code == 201, "an hour without a failure forgets them"


def test_wrong_passwords_from_many_addresses_make_their_client_wait_for_a_short_time(
    any_shop, clock
):
    for n in range(21):
        assert tried(program(any_shop, f"192.0.2.{n}")).status_code == 401
    assert tried(program(any_shop, "192.0.2.99")).status_code == 429
    assert any_shop.buy(200_00).headers["Retry-After"] == "2"
    clock.advance(seconds=1)
    assert any_shop.buy(200_00).status_code == 201
    assert tried(any_shop).status_code == 401
    assert any_shop.buy(200_00).status_code == 201, "the right password forgets them"


def test_many_wrong_passwords_at_once_are_many_and_many_right_ones_are_none(any_shop, clock):
    programs = [any_shop, program(any_shop), program(any_shop)]
    with ThreadPoolExecutor(12) as pool:
        bought = list(pool.map(lambda n: programs[n % 3].look_up().status_code, range(24)))
        guessed = list(pool.map(lambda n: tried(programs[n % 3]).status_code, range(24)))
    assert bought == [201] * 24
    assert sorted(guessed) == [401] * 6 + [429] * 18
    clock.advance(seconds=1)
    assert any_shop.look_up().status_code == 201


def test_no_password_and_no_key_is_in_the_database_or_an_answer(shop, sqlite, caplog):
    answers = [shop.buy(200_00), shop.look_up(), shop.v1("GET", f"/meters/{DRN}")]
    key = shop.web.post("/mpm/stron/login/", json={"Username": "corner", "Password": PASSWORD})
    with station_of(shop).looking() as session:
        dump = "\n".join(session.connection().connection.driver_connection.iterdump())
    told = "".join(answer.text for answer in answers) + caplog.text
    for secret in (PASSWORD, shop.key, key.json()):
        assert secret not in dump
        assert secret not in told


# -- the plain API -------------------------------------------------------------------------------


def test_idempotency_key_gives_the_same_receipt_and_refuses_another_order(any_shop):
    order = {"meter": DRN, "amount_cents": 200_00}
    first = any_shop.v1("POST", "/sales", "k-1", json=order)
    again = any_shop.v1("POST", "/sales", "k-1", json=order)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["tokens"] == again.json()["tokens"]
    assert (first.json()["copy_number"], again.json()["copy_number"]) == (0, 1)
    other = any_shop.v1("POST", "/sales", "k-1", json=order | {"amount_cents": 1})
    assert (other.status_code, other.json()["error"]) == (409, "conflict")
    assert any_shop.v1("POST", "/sales", json=order).status_code == 422
    assert sum(line["cents"] for line in first.json()["lines"]) == 200_00
    assert receipts(any_shop) == 1


def test_receipt_is_shown_to_the_client_that_bought_it_only(shop):
    other = Shop(station_of(shop), DRN, "other")
    sold = shop.v1("POST", "/sales", "k", json={"meter": DRN, "amount_cents": 200_00}).json()
    number = sold["receipt"]
    assert shop.v1("GET", f"/receipts/{number}").json()["tokens"] == sold["tokens"]
    assert other.v1("GET", f"/receipts/{number}").status_code == 404


def test_quote_is_what_the_sale_comes_to(shop):
    order = {"meter": DRN, "amount_cents": 200_00}
    quoted = shop.v1("POST", "/quotes", json=order).json()
    sold = shop.v1("POST", "/sales", "k", json=order).json()
    assert (quoted["lines"], quoted["kwh"]) == (sold["lines"], sold["kwh"])


def test_key_change_by_the_plain_api_is_repeated_by_its_key(shop):
    with station_of(shop).desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
    sets = [shop.v1("POST", "/key-changes", "k", json={"meter": DRN}).json() for _ in range(2)]
    assert sets[0]["tokens"] == sets[1]["tokens"]
    assert [token["type"] for token in sets[0]["tokens"]] == ["KC"] * 4


# -- MicroPowerManager ---------------------------------------------------------------------------


def test_repeat_of_a_request_without_a_number_gets_the_same_token(any_shop, clock):
    web = any_shop.web
    login = {"Username": "corner", "Password": PASSWORD, "Companyname": "x"}
    key = web.post("/mpm/stron/login/", json=login).json()
    stron = {"MeterId": DRN, "Amount": 100, "Price": "2.5", "Rate": "1", "ApiToken": key,
             "CustomerId": "5", "AmountTmp": "ZAR", "Company": "x", "Employee": "x"}  # fmt: skip
    calin = {"user_id": "corner", "password": PASSWORD, "meter_id": DRN,
             "token_type": "CreditToken", "amount": 12.3}  # fmt: skip

    def ask():
        first = web.post("/mpm/stron/vending/", json=stron)
        second = web.post("/mpm/calin/tokennew", json=calin).json()
        assert (first.status_code, second["result_code"]) == (200, 0), (first.text, second)
        return first.text, second["result"]

    pair = ask()
    assert all(len(token) == 20 and token.isdigit() for token in pair)
    clock.advance(minutes=9)
    assert ask() == pair
    assert receipts(any_shop) == 2
    clock.advance(minutes=2)
    assert not set(ask()) & set(pair)
    with station_of(any_shop).looking() as session:
        assert [sales.find_slip(session, number).units for number in (1, 2)] == [400, 123]
    assert web.post("/mpm/stron/vending/", json=stron | {"ApiToken": "x"}).status_code == 401


def test_failures_of_micropowermanager_have_its_shape(shop):
    wrong = {"user_id": "corner", "password": PASSWORD, "meter_id": "9999",
             "token_type": "CreditToken", "amount": 1}  # fmt: skip
    told = shop.web.post("/mpm/calin/tokennew", json=wrong)
    assert told.json()["result_code"] == 400
    assert told.json()["reason"]
    login = shop.web.post("/mpm/stron/login/", json={"Username": "corner", "Password": "x"})
    assert (login.status_code, list(login.json())) == (401, ["Message"])


def test_furnished_station_opens_with_its_clients(sqlite, secret, clock, cheap_passwords):
    station = furnished(Station.found(sqlite, secret, "kiosk", "thandi", clock))
    Shop(station, DRN)
    again = Station(sqlite, secret, "x", clock)
    with again.looking() as session:
        assert [row["client"] for row in clients.listed(session)] == ["corner"]
