"""Real processes that are killed between commit and answer: what was sold is found again, once."""

import os
import signal
from contextlib import contextmanager
from queue import SimpleQueue

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from rigs import fresh_processes, killed_program
from rigs.customers import Customer
from rigs.mosquitto import Mosquitto
from rigs.open_shop import station_in, until
from rigs.points_of_sale import BASE, Shop, digits
from rigs.stations import DRN, PASSPHRASE
from sqlalchemy import select

from meter20.ami import purchases
from meter20.ami.carriers import MQTT
from meter20.ami.mqtt_carrier import Broker, MqttCarrier
from meter20.ami.outbox import Outbox
from meter20.ami.purchases import SENT, VENDED, Order
from meter20.ami.routes import keep_mqtt
from meter20.ami.worker import Worker
from meter20.vending.models import Purchase, Slip

_SOLD, _NOTED = "INSERT INTO slip", "UPDATE purchase"
_WAIT_S = 60


@pytest.fixture
def station(tmp_path, secret):
    made = station_in(tmp_path, secret)
    yield made
    made._storage.close()


@pytest.fixture
def program(station, tmp_path, monkeypatch):
    """Return what runs `meter20` until it is killed after a commit; it gives the first line."""
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    said, errors = tmp_path / "said", tmp_path / "errors"
    os.mkfifo(said)

    @contextmanager
    def run(after, tool, *rest):
        words = [tool, "--db", str(station._storage.path), *rest]
        process = fresh_processes.started(killed_program.run, after, words, said, errors)
        try:
            with said.open() as lines:
                yield lines.readline()
                process.join(_WAIT_S)
            assert process.exitcode == -signal.SIGKILL, errors.read_text()
        finally:
            process.kill()
            process.join()

    return run


def tokens(station):
    """Return the digits of all tokens of the only receipt."""
    with station.looking() as session:
        (slip,) = session.scalars(select(Slip))
        return [token.digits for token in slip.tokens]


def test_shop_killed_after_the_commit_has_sold_once_and_the_same_form_finds_it(station, program):
    customer = Customer(station)
    assert customer.quote(DRN, "200").status_code == 200
    form, cookies = customer.form(), dict(customer.web.cookies)
    with program(_SOLD, "shop", "serve", "--port", "0") as said:
        place = said.split()[-1]
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{place}/orders", data=form, cookies=cookies, timeout=_WAIT_S)
    done = customer.send("/orders", form)
    assert done.status_code == 303
    assert customer.tokens(done.headers["location"]) == tokens(station)


def test_point_of_sale_killed_after_the_commit_has_sold_once_and_a_retry_finds_it(
    station, program
):
    shop = Shop(station, DRN)
    message = shop.order(200_00)
    with program(_SOLD, "pos", "serve", "--port", "0") as said:
        place = said.split()[-1] + BASE + f"/tokenPurchases/{shop.last}"
        with pytest.raises(httpx.TransportError):
            httpx.post(place, json=message, auth=shop.auth, timeout=_WAIT_S)
    again = shop.retry(200_00, message["id"])
    assert (again.status_code, digits(again)) == (201, tokens(station))


def test_head_end_killed_after_the_commit_of_a_sale_and_of_a_sending_loses_nothing(
    station, tmp_path, program
):
    with station.desk() as desk:
        keep_mqtt(desk, DRN)
        purchases.place(desk.session, Order(DRN, units=5), desk.now)
    with program(_SOLD, "ami", "run"):
        pass
    assert state_of(station) == (VENDED, 0)
    arrived, heard = SimpleQueue(), SimpleQueue()
    with Mosquitto(tmp_path) as broker, meter(broker.port, arrived):
        options = ("--send-only", "--retry-s", "1", "--mqtt", f"mqtt://127.0.0.1:{broker.port}")
        with program(_NOTED, "ami", "run", *options):
            pass
        assert (state_of(station), arrived.empty()) == ((SENT, 1), True)
        carrier = MqttCarrier(Broker("127.0.0.1", broker.port), heard)
        worker = Worker(station._storage, {MQTT: carrier}, heard, Outbox(first_s=1), station)
        until(lambda: worker.turn() or not arrived.empty())
        until(lambda: not arrived.empty())
        carrier.close()
    assert [arrived.get_nowait()] == tokens(station)
    assert state_of(station) == (SENT, 2)


def state_of(station):
    with station.looking() as session:
        (purchase,) = session.scalars(select(Purchase))
        return purchase.state, purchase.sends


@contextmanager
def meter(port, arrived):
    """Put the tokens that the broker has for the meter into `arrived`."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _userdata, message: arrived.put(message.payload.decode())
    client.on_connect = lambda *_: client.subscribe(f"meter20/{DRN}/token", 1)
    subscribed = SimpleQueue()
    client.on_subscribe = lambda *_: subscribed.put(True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    subscribed.get(timeout=_WAIT_S)
    yield
    client.disconnect()
    client.loop_stop()
