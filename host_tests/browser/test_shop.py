"""Buy on a page, see it in the meter: a phone, the shop, a head-end, a network, MicroPython."""

import json
import math
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from browser import chromium
from playwright.sync_api import expect
from rigs import open_shop
from rigs.mosquitto import Mosquitto
from rigs.served_meter import ServedMeter
from rigs.stations import DRN, PASSPHRASE, SGC

from meter20.ami import reports, routes
from meter20.pos import clients
from meter20.shop import accounts
from meter20.vending import sealing, supply_groups
from meter20.vending.models import Purchase
from meter20.vending.sealing import Secret
from meter20.vending.vending_key import KeyTerms

_DLMS_KEYS = {  # test keys
    "do": "dlms", "system_title": "4d32300000000007", "encryption_key": "00112233" * 4,
    "authentication_key": "44556677" * 4, "password": "a-long-password",
}  # fmt: skip
OPERATOR, PASSWORD = "sipho", "a password of the operator"
#: A folder for pictures of the pages, for docs/.
PICTURES = os.environ.get("METER20_PICTURES")


@pytest.fixture
def station(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)
    monkeypatch.setattr(clients, "HASHER", PasswordHasher(1, 8, 1))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = open_shop.station_in(tmp_path, Secret.passphrase(PASSPHRASE))
    yield made
    made._storage.close()


@pytest.fixture
def shop(station):
    with open_shop.served(station) as address:
        yield address


def looked_at(page, name):
    """Look at a page as people do who cannot see it well, or have a narrow screen."""
    assert chromium.axe(page) == [], name
    assert chromium.wider_than_screen(page) == 0, name
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", scale="css")


def buy(page, shop, amount="200", look=False):
    """Buy as a customer does, from the first page on."""
    page.goto(shop)
    if look:
        looked_at(page, "shop-home")
    page.get_by_label("Meter number").fill("1234 5678 903")
    page.get_by_role("button", name="Next").tap()
    page.wait_for_url(re.compile("/meter"))
    if look:
        looked_at(page, "shop-amount")
    page.get_by_label(re.compile("How much")).fill(amount)
    page.get_by_role("button", name="See what it buys").tap()
    page.wait_for_url(re.compile("/quote"))
    if look:
        looked_at(page, "shop-quote")
    page.get_by_role("button", name=re.compile(r"Pay .* \(test\)")).tap()
    page.wait_for_url(re.compile("/orders/"))


def log_in(page, shop):
    page.goto(f"{shop}/operators/meters")
    page.get_by_label("Name").fill(OPERATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile("/operators/meters"))


def test_bought_on_a_phone_it_travels_by_mqtt_and_the_page_says_accepted(
    tmp_path, station, shop, phone, desktop
):
    with station.desk() as desk:
        routes.keep_mqtt(desk, DRN)
        accounts.add(desk, OPERATOR, PASSWORD)
    requests = [open_shop.provisioning(station)]
    with Mosquitto(tmp_path) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}"
        with (
            ServedMeter(tmp_path, "virtual", url, requests=requests) as meter,
            open_shop.HeadEnd(station, "--mqtt", url) as head_end,
        ):
            head_end.kill()
            buy(phone, shop, look=True)
            state = phone.locator("#state")
            expect(state).to_contain_text("The token goes to the meter soon")
            looked_at(phone, "shop-order")
            phone.reload()
            head_end.start()
            expect(state).to_contain_text("Accepted by the meter")
            looked_at(phone, "shop-accepted")
            phone.reload()
            expect(state).to_contain_text("Accepted by the meter")
            assert meter.credit_wh == 58_000
            log_in(desktop, shop)
            open_shop.until(lambda: desktop.reload() and "58.000" in desktop.content())
    phone.get_by_role("link", name="Your purchases").tap()
    expect(phone.get_by_role("listitem")).to_contain_text("Accepted by the meter")
    looked_at(phone, "shop-history")
    phone.get_by_role("link", name="FR").tap()
    expect(phone.get_by_role("listitem")).to_contain_text("Accepté par le compteur")
    phone.goto("about:blank")


def test_it_travels_by_dlms_too(tmp_path, station, shop, phone):
    requests = [open_shop.provisioning(station)]
    key = tmp_path / "carriers.key"
    key.write_text(station.module.carriers_key.octets.hex() + "\n")
    with ServedMeter(tmp_path, "virtual", None, requests=requests, more=("--dlms", "0")) as meter:
        assert meter.request(**_DLMS_KEYS)["ok"]
        meter.until(meter.said)
        where = re.search(r"127\.0\.0\.1:\d+", meter.said()[0])[0]
        with station.desk() as desk:
            routes.keep_dlms(desk, DRN, where, _DLMS_KEYS)
        buy(phone, shop)
        with open_shop.HeadEnd(station, "--key", str(key)):
            expect(phone.locator("#state")).to_contain_text("Accepted by the meter")
        assert meter.credit_wh == 58_000
    with station.looking() as session:
        assert session.get_one(Purchase, 1).carrier == "dlms"
    phone.goto("about:blank")


def sooner(route):
    """Give a page that loads itself again after a second instead of five."""
    page = route.fetch()
    assert 'http-equiv="refresh" content="5"' in page.text()
    route.fulfill(response=page, body=page.text().replace('content="5"', 'content="1"'))


def test_without_scripts_the_page_loads_itself_again(station, shop, visit):
    with station.desk() as desk:
        routes.keep_mqtt(desk, DRN)
    page = visit(chromium.PHONE, java_script_enabled=False).page
    buy(page, shop)
    page.route(re.compile("/orders/"), sooner, times=1)
    page.reload()
    expect(page.locator("#state")).to_contain_text("soon")
    with station.desk() as desk:
        purchase = desk.session.get_one(Purchase, 1)
        purchase.state, purchase.outcome, purchase.due_at = "closed", "credited", None
    expect(page.locator("#state")).to_contain_text("Accepted by the meter")


def test_wrong_number_and_wrong_amount_are_told_where_they_are_typed(shop, visit):
    for size, name in ((chromium.PHONE, "shop-wrong"), (chromium.DESKTOP, "shop-wrong-wide")):
        page = visit(size, expected=("status of 400",)).page
        page.goto(f"{shop}/meter?number=12345678904&lang=fr")
        expect(page.get_by_label("Numéro du compteur")).to_have_attribute("aria-invalid", "true")
        looked_at(page, name)
        page.goto(f"{shop}/quote?number={DRN}&amount=1&lang=en")
        expect(page.get_by_role("alert")).to_contain_text("cannot be sold")
        looked_at(page, f"{name}-amount")


def test_operators_see_meters_tokens_keys_and_the_day(station, shop, visit):
    now = station.time()
    with station.desk() as desk:
        accounts.add(desk, OPERATOR, PASSWORD)
        routes.keep_mqtt(desk, DRN)
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
    with station.sharing() as session:
        for ago in range(95, -1, -1):
            power = int(900 + 800 * math.sin(ago / 9) + (1500 if ago % 31 == 0 else 0))
            told = {"credit_wh": 58_000, "total_wh": 7_000_000, "power_w": power, "krn": 1,
                    "relay": "closed", "relay_reason": "credit"}  # fmt: skip
            report = reports.report_of(DRN, "registers", json.dumps(told).encode())
            reports.keep(session, [report], now - timedelta(minutes=15 * ago))
    for size, name in ((chromium.DESKTOP, "operators"), (chromium.PHONE, "operators-narrow")):
        page = visit(size).page
        page.goto(f"{shop}/operators/login")
        looked_at(page, f"{name}-login")
        log_in(page, shop)
        looked_at(page, f"{name}-meters")
        page.get_by_role("link", name=DRN).click()
        expect(page.get_by_role("img", name=re.compile("highest bar"))).to_be_visible()
        looked_at(page, f"{name}-meter")
        for place in ("Rejected tokens", "Key changes", "Report of the day"):
            page.get_by_role("link", name=place).click()
            expect(page.get_by_role("heading", name=place)).to_be_visible()
            looked_at(page, f"{name}-{place.split()[0].lower()}")
    page.get_by_role("link", name="Key changes").click()
    page.get_by_role("button", name="Issue the tokens of the next meters (1)").click()
    expect(page.get_by_label("Tokens issued: 1 of 1")).to_be_visible()
    looked_at(page, "operators-issued")
    page.get_by_role("button", name="Log sipho out").click()
    page.wait_for_url(re.compile("/operators/login"))
    page.goto(f"{shop}/operators/meters")
    expect(page.get_by_label("Password")).to_be_visible()
