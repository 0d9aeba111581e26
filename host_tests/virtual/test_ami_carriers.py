"""The head-end beside real brokers and sockets: TLS, an ACL for each meter, a rogue, DLMS."""

import json
import os
import socket
import subprocess
import time
from queue import SimpleQueue

import paho.mqtt.client as paho
import pytest
from drivers.socket_network import SocketNetwork
from paho.mqtt.enums import CallbackAPIVersion
from rigs import programs
from rigs.stations import PASSPHRASE

from meter20.ami import broker_config, purchases, routes
from meter20.ami.carriers import DLMS, MQTT
from meter20.ami.dlms_carrier import DlmsCarrier
from meter20.ami.mqtt_carrier import Broker, MqttCarrier
from meter20.ami.outbox import Outbox
from meter20.ami.purchases import CLOSED, CREDITED, SENT, Order
from meter20.ami.worker import Worker
from meter20.bodies import EmulatedBody
from meter20.host_crypto import HostCrypto
from meter20.vending import meter_list, rekey, sealing, supply_groups
from meter20.vending.models import Purchase
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

A, B = "12345678903", "03000000004"
_SGC = "123456"
_WAIT_S = 60
_DLMS_KEYS = {  # test keys
    "do": "dlms", "system_title": "4d32300000000007", "encryption_key": "00112233" * 4,
    "authentication_key": "44556677" * 4, "password": "a-long-password",
}  # fmt: skip


@pytest.fixture
def station(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)
    storage = Storage(str(tmp_path / "station.sqlite"))
    made = Station.found(storage, Secret.passphrase(PASSPHRASE), "kiosk", "thandi")
    with made.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(_SGC))
        for drn in (A, B):
            meter_list.add_meter(desk, meter_list.NewMeter(drn, _SGC))
    made.storage = storage
    yield made
    storage.close()


def record(station, drn):
    with station.desk() as desk:
        return rekey.provision(desk, drn, rekey.Factory(), True, False)[0]["request"]


def ordered(station, drn, units=10):
    with station.desk() as desk:
        made = purchases.place(desk.session, Order(drn, units=units), desk.now)
        desk.session.flush()
        purchases.vend(desk, made)
        return made.id


def found(station, number):
    with station.looking() as session:
        one = session.get_one(Purchase, number)
        return one, purchases.tokens(session, one)


def until(is_so, *lives):
    """Let everything live until `is_so()`."""
    until_s = time.monotonic() + _WAIT_S
    while not is_so():
        assert time.monotonic() < until_s
        for live in lives:
            live()
        time.sleep(0.02)


class Meter:
    def __init__(self, station, drn, **outside):
        dlms = outside.pop("dlms", None)
        self.body = EmulatedBody(outside=outside, dlms=dlms)
        assert self.body.request(**record(station, drn))["ok"]
        self._then = time.monotonic()

    def live(self):
        now = time.monotonic()
        self.body.sim.pass_time(int((now - self._then) * 1000))
        self._then = now


class Mosquitto:
    """A broker on the configuration in `folder`. A context manager."""

    def __init__(self, folder):
        config = folder / "mosquitto.conf"
        if os.geteuid() == 0:  # it would become another user, who may not read the folder
            config.write_text(config.read_text() + "user root\n")
        program = programs.found("mosquitto", "mosquitto")
        self._command = [program, "-c", config]

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def rogue(port, password, folder):
    """Return a client that has the login of meter B and asks for everything, and what it hears."""
    heard = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(B, password)
    client.tls_set(str(folder / "ca.pem"))
    client.on_message = lambda _c, _u, message: heard.append((message.topic, message.payload))
    client.on_connect = lambda *_: client.subscribe([("#", 1), (f"meter20/{A}/#", 1)])
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    return client, heard


def test_token_travels_over_tls_and_another_meters_login_sees_and_does_nothing(station, tmp_path):
    with station.desk() as desk:
        kept = [routes.keep_mqtt(desk, drn) for drn in (A, B)]
        key = desk.module.carriers_key
    logins = {drn: routes.secrets_of(one, drn, key)["password"]
              for drn, one in zip((A, B), kept, strict=True)}  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "broker"
    broker_config.write(folder, "127.0.0.1", logins, port)
    login = (folder / "head-end.password").read_text().strip()
    heard = SimpleQueue()
    with Mosquitto(folder):
        carrier = MqttCarrier(
            Broker("127.0.0.1", port, "head-end", login, folder / "ca.der"), heard
        )  # fmt: skip
        worker = Worker(station.storage, {MQTT: carrier}, heard, Outbox(first_s=1))
        stranger, seen = rogue(port, logins[B], folder)
        until(lambda: carrier.ready and stranger.is_connected())
        meter = Meter(station, A, network=SocketNetwork(authority_file=str(folder / "ca.der")))
        number = ordered(station, A)
        until(lambda: found(station, number)[0].state == SENT, worker.turn)
        (token,) = found(station, number)[1]
        forged = json.dumps({"token": token["digits"], "result": "Accept"})
        stranger.publish(f"meter20/{A}/result", forged, qos=1).wait_for_publish(_WAIT_S)
        for _ in range(25):
            worker.turn()
            time.sleep(0.02)
        assert found(station, number)[0].state == SENT, "a forged result is none"
        told = json.loads((folder / "meters" / f"{A}.json").read_text())
        assert meter.body.request(**told)["ok"]
        until(lambda: found(station, number)[0].state == CLOSED, meter.live, worker.turn)
        assert found(station, number)[0].outcome == CREDITED
        assert meter.body.request(do="read")["credit_wh"] == 1000
        for guess in range(5):
            stranger.publish(f"meter20/{A}/token", "%020d" % guess, qos=1).wait_for_publish(
                _WAIT_S
            )
        for _ in range(50):
            meter.live()
            time.sleep(0.02)
        state = meter.body.sim.app.meter.state
        assert (state.register.credit, set(state.failures)) == (1000, {0}), "no guess arrived"
        assert [topic for topic, _ in seen if not topic.startswith(f"meter20/{B}/")] == []
        for client in (stranger, carrier):
            client.disconnect() if client is stranger else client.close()
        stranger.loop_stop()
        meter.body.close()


def test_token_travels_by_dlms_and_one_that_was_used_is_asked_about(station):
    outside = {"network": SocketNetwork(address="127.0.0.1"), "crypto": HostCrypto()}
    meter = Meter(station, A, **outside, dlms=0)
    assert meter.body.request(**_DLMS_KEYS)["ok"]
    until(lambda: meter.body.sim.dlms_port, meter.live)
    where = f"127.0.0.1:{meter.body.sim.dlms_port}"
    with station.desk() as desk:
        routes.keep_dlms(desk, A, where, _DLMS_KEYS)
        key = desk.module.carriers_key
    heard = SimpleQueue()
    carrier = DlmsCarrier(heard)
    worker = Worker(station.storage, {DLMS: carrier}, heard, Outbox(key, first_s=1))
    first = ordered(station, A)
    until(lambda: found(station, first)[0].state == CLOSED, meter.live, worker.turn)
    one, _ = found(station, first)
    assert (one.outcome, one.result, one.carrier) == (CREDITED, "Accept", DLMS)
    second = ordered(station, A, 20)
    (token,) = found(station, second)[1]
    meter.body.request(do="keys", keys=token["digits"])
    until(lambda: found(station, second)[0].state == CLOSED, meter.live, worker.turn)
    one, _ = found(station, second)
    assert (one.outcome, one.result) == (purchases.BY_HAND, "UsedError")
    assert meter.body.request(do="read")["credit_wh"] == 3000
    carrier.close()
    meter.body.close()


def test_meter_that_is_not_there_is_asked_again_and_the_reason_is_shown(station):
    with station.desk() as desk:
        routes.keep_dlms(desk, A, "127.0.0.1:1", _DLMS_KEYS)
        key = desk.module.carriers_key
    heard = SimpleQueue()
    carrier = DlmsCarrier(heard)
    worker = Worker(station.storage, {DLMS: carrier}, heard, Outbox(key, first_s=1))
    number = ordered(station, A)
    until(lambda: found(station, number)[0].sends >= 2, worker.turn)
    one, _ = found(station, number)
    assert (one.state, one.outcome) == (SENT, "")
    assert "127.0.0.1:1" in one.reason
    carrier.close()


def test_secrets_of_routes_are_not_in_the_database(station):
    with station.desk() as desk:
        route = routes.keep_dlms(desk, A, "127.0.0.1:1", _DLMS_KEYS)
        key = desk.module.carriers_key
    assert routes.secrets_of(route, A, key)["encryption_key"] == _DLMS_KEYS["encryption_key"]
    station.storage.close()
    stored = b"".join(path.read_bytes() for path in station.storage.path.parent.glob("station*"))
    for name in ("encryption_key", "authentication_key"):
        assert _DLMS_KEYS[name].encode() not in stored
        assert bytes.fromhex(_DLMS_KEYS[name]) not in stored
