"""Points of sale: each token is good, nothing is sold twice, and each cent has its place."""

import threading
from uuid import uuid4

import pytest
from rigs.points_of_sale import BASE, Shop, digits, failed, receipts, station_of
from rigs.stations import DRN, SGC, TARIFF
from sqlalchemy import text

from meter20.bodies import EmulatedBody
from meter20.pos import accounts, declined, ppu_answers
from meter20.vending import meter_list, rekey, sales, supply_groups, tariff_list
from meter20.vending.refusal import DATABASE, Refusal
from meter20.vending.vending_key import KeyTerms


def settlement(shop):
    with station_of(shop).looking() as session:
        return accounts.settlement(session)


def set_tariff(shop, **terms):
    with station_of(shop).desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | terms)


# -- tokens --------------------------------------------------------------------------------------


def test_every_token_is_accepted_by_the_meter_of_that_number(shop, clock):
    set_tariff(shop, free_kwh="50")
    with station_of(shop).desk() as desk:
        record, _ = rekey.provision(desk, DRN, rekey.Factory(), direct=True)
    clock.advance(days=1)
    with EmulatedBody() as body:
        assert body.request(**record["request"])["ok"]
        first = shop.buy(200_00).json()
        with station_of(shop).desk() as desk:
            supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
        second = shop.buy(100_00).json()
        third = shop.v1("POST", "/sales", "k", json={"meter": DRN, "amount_cents": 5000}).json()
        bought = [*first["tokens"], *second["tokens"], *third["tokens"]]
        kinds = [token.get("tokenType") or token["type"] for token in bought]
        assert kinds == ["STD", "BSST", "KC", "KC", "KC", "KC", "STD", "STD"]
        for token in bought:
            told = body.request(do="token", digits=token.get("token") or token["digits"])
            assert told["result"] in ("Accept", "1stKCT", "2ndKCT", "3rdKCT", "4thKCT"), told
        credit = sum(token.get("units", 0) for token in bought) + third["kwh"]
        assert told["credit_wh"] == round(credit * 1000)


# -- once ----------------------------------------------------------------------------------------


def test_retry_gives_the_same_tokens_and_sells_nothing(any_shop):
    first = any_shop.buy(200_00)
    purchase = any_shop.last
    again = any_shop.retry(200_00, purchase)
    assert (first.status_code, again.status_code) == (201, 201)
    assert digits(first) == digits(again)
    assert again.json()["id"] == any_shop.last != purchase
    failed(any_shop.buy(200_00, purchase), 400, declined.DUPLICATE)
    failed(any_shop.retry(201_00, purchase), 400, declined.DUPLICATE)
    assert receipts(any_shop) == 1


def test_retry_sells_what_was_never_sold(shop):
    purchase = str(uuid4())
    first = shop.retry(200_00, purchase)
    assert first.status_code == 201
    assert digits(shop.retry(200_00, purchase)) == digits(first)
    assert receipts(shop) == 1


def test_retry_after_a_refusal_sells_once_it_can(shop):
    failed(shop.buy(1), 400, declined.TOO_LOW)
    purchase = shop.last
    set_tariff(shop, fixed_charge="0", steps=[{"price": "0.01"}])
    failed(shop.buy(1, purchase), 400, declined.DUPLICATE)
    assert shop.retry(1, purchase).status_code == 201


def test_two_threads_with_one_id_sell_once(any_shop):
    number, answers = str(uuid4()), []
    start = threading.Barrier(2)

    def buy():
        start.wait()
        answers.append(any_shop.buy(200_00, number))

    threads = [threading.Thread(target=buy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    assert receipts(any_shop) == 1


def test_death_between_commit_and_answer_sells_and_the_retry_gives_that_token(
    any_shop, monkeypatch
):
    session = station_of(any_shop)._storage
    commit = type(session)._commit

    def dying(storage, books):
        commit(storage, books)
        raise MemoryError  # what comes after the commit never happens

    monkeypatch.setattr(type(session), "_commit", dying)
    assert any_shop.buy(200_00).status_code == 500
    purchase = any_shop.last
    monkeypatch.undo()
    assert receipts(any_shop) == 1
    again = any_shop.retry(200_00, purchase)
    with station_of(any_shop).looking() as books:
        assert digits(again) == [sales.find_slip(books, 1).tokens[0].digits]
    assert receipts(any_shop) == 1


def test_answer_that_cannot_be_made_undoes_the_sale(shop, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(ppu_answers, "tokens", broken)
    assert shop.buy(200_00).status_code == 500
    assert receipts(shop) == 0
    monkeypatch.undo()
    assert shop.retry(200_00, shop.last).status_code == 201


def test_ids_belong_to_their_client(shop):
    other = Shop(station_of(shop), DRN, "other")
    first = shop.buy(200_00)
    number = shop.last
    assert digits(other.buy(200_00, number)) != digits(first)
    failed(other.confirm(str(uuid4())), 404, declined.NOT_FOUND)


# -- reversals -----------------------------------------------------------------------------------


def test_purchase_that_comes_after_its_reversal_is_not_sold(any_shop):
    number = str(uuid4())
    for _ in range(2):
        failed(any_shop.reverse(number), 404, declined.NOT_FOUND)
    failed(any_shop.buy(200_00, number), 400, declined.REFUSED)
    failed(any_shop.retry(200_00, number), 400, declined.REFUSED)
    failed(any_shop.confirm(number), 404, declined.NOT_FOUND)
    assert receipts(any_shop) == 0


def test_token_that_left_is_owed_for_though_the_sale_was_reversed(any_shop):
    any_shop.buy(200_00)
    purchase = any_shop.last
    assert any_shop.reverse(purchase).status_code == 202
    failed(any_shop.retry(200_00, purchase), 400, declined.REFUSED)
    any_shop.buy(100_00)
    assert any_shop.confirm(any_shop.last).status_code == 202
    rows = settlement(any_shop)
    assert [(row["paid"], row["owed"], row["state"]) for row in rows] == [
        ("200.00", "200.00", accounts.LEFT),
        ("100.00", "100.00", "confirmed"),
    ]
    assert accounts.sums(rows) == [{"account": "corner", "currency": "ZAR", "owed": "300.00"}]


def test_sale_that_an_operator_made_void_is_not_owed_for(shop):
    shop.buy(200_00)
    purchase = shop.last
    with station_of(shop).desk() as desk:
        sales.reverse(desk, 1, "nobody saw it", delivered=False)
    assert [(row["owed"], row["state"]) for row in settlement(shop)] == [("0.00", "void")]
    failed(shop.retry(200_00, purchase), 400, declined.REFUSED)


def test_advice_is_taken_once_and_answered_by_its_own_id(shop):
    shop.buy(200_00)
    purchase, number = shop.last, str(uuid4())
    answer = shop.confirm(purchase, number)
    assert answer.json()["id"] == number
    assert answer.json()["requestId"] == purchase
    failed(shop.confirm(purchase, number), 400, declined.DUPLICATE)
    assert shop.reverse(purchase).status_code == 202


# -- money ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cents", [57_74, 100_00, 200_01, 12_345_67])
@pytest.mark.parametrize("debt", [0, 273_00])
def test_parts_of_an_answer_add_up_to_what_was_paid(shop, cents, debt):
    with station_of(shop).desk() as desk:
        meter_list.find_meter(desk.session, DRN).debt_cents = debt
    told = shop.buy(str(cents + debt)).json()
    charges = [*told.get("debtRecoveryCharges", []), *told["serviceCharges"], *told["tokens"]]
    extra = told["amounts"].get("additionalAmounts", {})
    carried = extra.get("carriedOn", {"amount": 0})["amount"]
    parts = sum(each["amount"]["amount"] for each in charges)
    taxes = sum(each["amount"].get("tax", 0) for each in charges)
    assert taxes == told["taxTotal"]["amount"]
    assert parts + taxes + carried == cents + debt == told["amounts"]["approvedAmount"]["amount"]
    if debt:
        charge = told["debtRecoveryCharges"][0]
        assert charge["balance"]["amount"] == debt - charge["amount"]["amount"]
        assert account_debt(shop) == charge["balance"]["amount"]
    assert all(type(each["amount"]["amount"]) is int for each in charges)


def account_debt(shop):
    with station_of(shop).looking() as session:
        return meter_list.find_meter(session, DRN).debt_cents


def test_trial_says_what_a_purchase_comes_to_and_sells_nothing(shop):
    shop.last = str(uuid4())
    tried = shop.post(f"/tokenPurchases/{shop.last}/trial", shop.order(200_00, shop.last))
    assert (tried.status_code, "tokens" in tried.json(), receipts(shop)) == (200, False, 0)
    bought = shop.buy(200_00).json()
    for name in ("purchaseTotal", "taxTotal", "serviceCharges", "amounts"):
        assert tried.json()[name] == bought[name]


def test_free_units_are_bought_for_nothing_once_a_month(station, clock, cheap_passwords):
    shop = Shop(station, DRN)
    clock.advance(days=1)
    set_tariff(shop, free_kwh="50")
    told = shop.look_up().json()
    assert (told["bsstDue"], told["minAmount"]["amount"]) == (True, 0)
    bought = shop.buy(0).json()
    assert [(each["tokenType"], each["units"]) for each in bought["tokens"]] == [("BSST", 50.0)]
    failed(shop.buy(0), 400, declined.NO_FREE)
    assert shop.look_up().json()["bsstDue"] is False


def test_amounts_beyond_what_a_meter_can_be_sold_are_named(shop):
    with station_of(shop).desk() as desk:
        row = supply_groups.find_key(desk.session, SGC, "11")
        desk.module.keys.change_limits(desk.session, row, {"max_token_energy": 5_000}, desk.actor)
    told = shop.look_up().json()
    least, most = told["minAmount"]["amount"], told["maxAmount"]["amount"]
    failed(shop.buy(least - 1), 400, declined.TOO_LOW)
    failed(shop.buy(most + 1), 400, declined.TOO_HIGH)
    assert shop.buy(most).json()["tokens"][0]["units"] == 500.0
    wrong = shop.order(200_00) | {"purchaseAmount": {"amount": 200_00, "currency": "840"}}
    failed(shop.post(f"/tokenPurchases/{shop.last}", wrong), 400, declined.AMOUNT)
    assert receipts(shop) == 1


@pytest.mark.parametrize(("letters", "number"), [("GHS", "936"), ("UGX", "800"), ("ALL", "008")])
def test_amounts_are_hundredths_in_the_currency_of_the_tariff(shop, letters, number):
    """Also where ISO 4217 has no hundredths, as of the shilling of Uganda."""
    set_tariff(shop, currency=letters, fixed_charge="0", steps=[{"price": "2"}], tax_percent="0")
    bought = shop.order(200_00) | {"purchaseAmount": {"amount": 200_00, "currency": number}}
    answer = shop.post(f"/tokenPurchases/{shop.last}", bought).json()
    assert answer["tokens"][0]["units"] == 100.0
    assert answer["amounts"]["approvedAmount"] == {"amount": 200_00, "currency": number}
    failed(shop.buy(200_00), 400, declined.AMOUNT)  # in rand


# -- key changes, reprints, faults, notices ------------------------------------------------------


def test_key_change_set_is_given_alone_and_again(shop):
    with station_of(shop).desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
    first = shop.post(f"/keyChangeTokenRequests/{shop.header()['id']}", shop.header(shop.last))
    request = shop.last
    again = shop.post(f"/keyChangeTokenRequests/{shop.header()['id']}", shop.header(shop.last))
    assert digits(first) == digits(again)
    assert len(digits(first)) == 4
    assert first.json()["meter"]["keyChangeData"]["newKeyRevisionNumber"] == "2"
    number = str(uuid4())
    advice = {"id": number, "requestId": request, "time": "2026-03-10T09:31:00Z",
              "thirdPartyIdentifiers": []}  # fmt: skip
    path = f"/keyChangeTokenRequests/{request}/confirmations/{number}"
    assert shop.post(path, advice).status_code == 202


def test_meter_with_the_newest_key_gets_no_key_change(shop):
    told = shop.post(f"/keyChangeTokenRequests/{shop.header()['id']}", shop.header(shop.last))
    failed(told, 400, declined.REFUSED)


def test_reprint_gives_the_last_token_or_that_of_a_reference(shop):
    first = shop.buy(200_00)
    purchase = shop.last
    second = shop.buy(100_00)
    for reference, wanted in ((None, second), (purchase, first), ("1", first)):
        message = shop.header() | ({"originalRef": reference} if reference else {})
        assert digits(shop.post(f"/tokenReprints/{shop.last}", message)) == digits(wanted)
    message = shop.header() | {"originalRef": "99"}
    failed(shop.post(f"/tokenReprints/{shop.last}", message), 404, declined.NOT_FOUND)


def test_fault_is_kept_and_notice_of_a_sale_is_taken(shop):
    message = shop.header() | {"faultType": "KeepsTripping", "contactNumber": "082134567"}
    assert shop.post(f"/faultReports/{shop.last}", message).json()["reference"] == "F1"
    shop.buy(200_00)
    purchase = shop.last
    noticed = shop.post(f"/events/tokenPurchases?purchaseId={purchase}", shop.header())
    assert noticed.status_code == 202
    unknown = f"/events/tokenPurchases?purchaseId={uuid4()}"
    failed(shop.post(unknown, shop.header()), 404, declined.NOT_FOUND)


def test_unknown_meters_are_called_so(shop):
    shop.meter = "9999"
    failed(shop.look_up(), 400, declined.UNKNOWN_METER)
    failed(shop.buy(200_00), 400, declined.UNKNOWN_METER)
    failed(shop.buy(200_00, shop.last), 400, declined.DUPLICATE)


def test_point_of_sale_is_not_told_of_the_stations_commands(shop):
    shop.meter = "01234567897"
    told = failed(shop.look_up(), 400, declined.UNKNOWN_METER)
    assert "Meter 01234567897 is not registered here." in str(told)
    assert "meter20" not in str(told)


def test_malformed_message_is_named_and_not_repeated(shop):
    wrong = shop.order(200_00)
    wrong["originator"]["terminalId"] = "secret"
    told = failed(shop.post(f"/tokenPurchases/{shop.last}", wrong), 400, declined.FORMAT)
    assert "secret" not in str(told)
    failed(shop.post(f"/tokenPurchases/{uuid4()}", shop.order(200_00)), 400, declined.FORMAT)
    long = shop.web.post(f"{BASE}/tokenPurchases/{uuid4()}", content=b"x" * 70_000,
                         auth=shop.auth)  # fmt: skip
    assert long.status_code == 413


# -- the station cannot --------------------------------------------------------------------------


def test_station_whose_log_is_not_whole_sells_nothing_and_says_so(shop, sqlite):
    shop.buy(200_00)
    with sqlite._engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET mac = 'x'"))
    failed(shop.buy(200_00), 503, declined.MALFUNCTION)


def test_request_for_which_no_connection_is_free_is_answered_in_words(shop, station, monkeypatch):
    def none_free(*_):
        raise Refusal(DATABASE, "All connections are in use.")

    for way in ("looking", "desk"):
        with monkeypatch.context() as busy:
            busy.setattr(station, way, none_free)
            failed(shop.buy(200_00), 503, declined.MALFUNCTION)
