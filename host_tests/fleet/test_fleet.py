"""Fleets: flash, lines and households, and some meters with a real Mosquitto and a worker."""

import multiprocessing
import socket
from contextlib import ExitStack
from queue import SimpleQueue
from random import Random

import pytest
from data import meters
from flash_chip import RamImage
from models import broker as brokers
from parts import Clock
from rigs.mosquitto import Mosquitto
from rigs.stations import PASSPHRASE
from typer.testing import CliRunner

from meter20 import terminal
from meter20.ami import purchases
from meter20.ami.carriers import MQTT
from meter20.ami.mqtt_carrier import Broker, MqttCarrier
from meter20.ami.outbox import Outbox
from meter20.ami.worker import Worker
from meter20.cli.main import app
from meter20.fleet import books, running
from meter20.fleet.flash import SparseImage
from meter20.fleet.household import Household
from meter20.fleet.line import Watch, WatchedNetwork
from meter20.fleet.running import Fleet
from meter20.vending import meter_list, refusal, sealing, supply_groups
from meter20.vending.models import Purchase
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

_WAIT_S = 60


@pytest.fixture
def station(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "SCRYPT_COST", 2)
    storage = Storage(str(tmp_path / "station.sqlite"))
    made = Station.found(storage, Secret.passphrase(PASSPHRASE), "kiosk", "thandi")
    made.storage = storage
    yield made
    storage.close()


def enrolled(station, count, port=1):
    asked = {"do": "mqtt", "host": "127.0.0.1", "port": port, "report_s": 1}
    return [spec for some in books.enrol(station, count, asked) for spec in some]


def test_sparse_flash_holds_what_a_whole_one_holds():
    random, sparse, whole = Random(5), SparseImage(8192), RamImage(8192)
    for _ in range(300):
        offset = random.randrange(8192)
        data = bytes([random.choice((0, 7, 255))]) * random.randint(1, min(900, 8192 - offset))
        for image in (sparse, whole):
            image.write(offset, data)
        offset, size = random.randrange(4096), random.randint(0, 4096)
        assert sparse.read(offset, size) == whole.read(offset, size)
    assert sparse.read(0, 8192) == whole.read(0, 8192)
    sparse.write(0, b"\xff" * 8192)
    assert (sparse._pieces, sparse.size()) == ({}, 8192)


def test_household_draws_only_while_its_switch_is_closed_and_half_a_kilowatt_in_the_mean():
    clock = Clock()
    household = Household("99000000002", clock, 3600)
    drawn = {}
    for closed in (False, True):
        household.load_switch.closed = closed
        drawn[closed] = 0
        for _ in range(24 * 360 * 10):  # ten days
            clock.now_ms += 10_000
            drawn[closed] += household.take()
    assert drawn[False] == 0
    assert 100_000 < drawn[True] < 150_000  # pulses of 1 Wh


@pytest.mark.parametrize(("buy_s", "times"), [(3600, 24), (600, 144), (0, 0)])
def test_household_buys_as_often_as_it_is_told(buy_s, times):
    clock, bought = Clock(), []
    household = Household("99000000002", clock, buy_s)
    for _ in range(24 * 3600):
        clock.now_ms += 1000
        bought += [units for units in [household.wish()] if units]
    assert len(bought) == times


def test_watched_line_rests_until_something_comes_and_tells_whose_it_is():
    watch = Watch()
    network = WatchedNetwork(watch, "the owner")
    listener = network.listen(0)
    ours = network.open("127.0.0.1", listener.port)
    while ours.poll() != "open":
        pass
    while (theirs := listener.accept()) is None:
        pass
    assert (ours.receive(10), watch.wait(0)) == (b"", [])
    assert ours.look_ms > 10_000
    theirs.send(b"twelve octets")
    assert watch.wait(_WAIT_S) == ["the owner"]
    assert ours.look_ms == 1
    assert (ours.receive(10), ours.look_ms) == (b"twelve oct", 1)
    assert (ours.receive(10), ours.receive(10)) == (b"ets", b"")
    assert ours.look_ms > 10_000
    theirs.close()
    assert watch.wait(_WAIT_S) == ["the owner"]
    assert (ours.receive(10), ours.state, watch.wait(0)) == (b"", "closed", [])
    ours.close()
    listener.close()
    watch.close()


def test_fleet_meter_takes_a_token_and_reports_while_it_rests(monkeypatch):
    from meter20.fleet import meter as fleet_meter

    line = brokers.Broker()
    monkeypatch.setattr(fleet_meter, "WatchedNetwork", lambda *_: line)
    meter = fleet_meter.FleetMeter(meters.DRN, Watch(), "", 0)
    meter.ask({"do": "provision", **meters.PROVISION})
    meter.ask({"do": "mqtt", "host": "broker", "report_s": 60})
    now_ms = 0
    while not meter.connected:
        now_ms += meter.live(now_ms, False)
    line.connection.look_ms = 60_000
    for _ in range(20):
        now_ms += meter.live(now_ms, False)
    reported = len(line.told("registers"))
    assert meter.live(now_ms, False) == fleet_meter._REST_MS
    line.send_token(meters.TOKEN_100_WH.encode())
    for _ in range(5):
        now_ms += meter.live(now_ms, True)
    assert (meter.credited_wh, len(line.told("result"))) == (100, 1)
    for _ in range(120):
        now_ms += 1000
        meter.live(now_ms, False)
    assert reported + 2 <= len(line.told("registers")) <= reported + 4


def test_fleets_get_numbers_that_no_fleet_had_before(station):
    first, second = enrolled(station, 3), enrolled(station, 2)
    assert [spec.drn[2:10] for spec in first + second] == [f"{n:08}" for n in range(5)]
    assert len({spec.mqtt["password"] for spec in first + second}) == 5
    assert first[0].mqtt["password"] not in repr(first[0])
    assert first[0].provision["decoder_key"] not in repr(first[0])


def test_meter_that_differs_from_the_books_is_told(station):
    drn = enrolled(station, 1)[0].drn
    books.order(station.storage, [(drn, 10), (drn, 3), (drn, 50)])
    for number in (1, 2):  # the third is not sold yet
        with station.desk() as desk:
            purchases.vend(desk, desk.session.get_one(Purchase, number))
    with station.storage.sharing() as session:
        first = session.get_one(Purchase, 1)
        purchases.close(first, purchases.CREDITED, "", station._now())
    for credited_wh, differ in ((999, 1), (1000, 0), (1300, 0), (1301, 1)):
        assert len(books.differences(station.storage, {drn: credited_wh})) == differ
    assert books.states(station.storage, drn, drn) == {
        "credited": 1, "vended": 1, "ordered": 1
    }  # fmt: skip


def test_fleet_buys_reports_agrees_with_the_books_and_leaves_no_process(
    station, tmp_path, monkeypatch
):
    heard = SimpleQueue()
    monkeypatch.setattr(running, "_TURN_S", 0.2)  # the worker has a turn after each
    with ExitStack() as held:
        mosquitto = held.enter_context(Mosquitto(tmp_path))
        specs = enrolled(station, 4, mosquitto.port)
        carrier = MqttCarrier(Broker("127.0.0.1", mosquitto.port), heard)
        held.callback(carrier.close)
        worker = Worker(station.storage, {MQTT: carrier}, heard, Outbox(first_s=1), station)
        listener = Broker("127.0.0.1", mosquitto.port)
        with Fleet(station.storage, specs, 2, listener, 1.0) as fleet:
            told, reports = {}, 0
            for told in fleet.facts(_WAIT_S):
                worker.turn()
                reports += told["reports_a_minute"]
                credited = told["purchases"].get("credited", 0)
                if credited >= 4 and told["online"] == 4 and reports:
                    break
            ended = fleet.end()
    assert (told["meters"], told["online"]) == (4, 4)
    assert reports > 0  # how many depends on the machine
    assert (ended["differ"], ended["stopped"], ended["compared"]) == ([], {}, 4)
    assert ended["credited_wh"] >= 100 * 4
    assert multiprocessing.active_children() == []


def test_fleet_orders_later_what_the_database_refused_and_ends_when_its_first_process_died(
    station, monkeypatch
):
    refusals, ordered = [Refusal(refusal.DATABASE, "away")], []

    def order(_storage, wishes):
        if refusals:
            raise refusals.pop()
        ordered.extend(wishes)

    monkeypatch.setattr(books, "order", order)
    specs = enrolled(station, 1)
    with Fleet(station.storage, specs, 1, Broker("127.0.0.1", 1), 0) as fleet:
        for units in (1, 2):
            fleet._wishes.append(("99000000002", units))
            fleet.turn(0.01)
        assert ordered == [("99000000002", 1), ("99000000002", 2)]
        (process,) = fleet._processes._processes
        fleet._processes._pipes[0].close()  # as when its process is killed
        process.join(_WAIT_S)
        assert process.exitcode == 0


@pytest.fixture
def run_fleet(station, monkeypatch):
    """A fleet of 2 on the command line, up to its first process; gives (exit code, output)."""
    monkeypatch.setattr(running, "Fleet", lambda *_: ExitStack())
    environment = {"METER20_PASSPHRASE": PASSPHRASE, "METER20_DB": str(station.storage.path)}

    def run(port, *words, typed=None):
        arguments = ["fleet", "run", "2", "--mqtt", f"mqtt://127.0.0.1:{port}", *words]
        done = CliRunner().invoke(app, arguments, env=environment, input=typed)
        return done.exit_code, done.output

    return run


def known(station):
    with station.looking() as session:
        return [meter.drn for meter in meter_list.meters(session, 100)]


def test_fleet_without_a_broker_registers_nothing(station, run_fleet):
    code, said = run_fleet(1)
    assert (code, "No broker at 127.0.0.1:1" in said) == (1, True)
    assert known(station) == []


def test_fleet_asks_before_its_meters_come_among_those_of_somebody(
    station, run_fleet, monkeypatch
):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("123457"))
        meter_list.add_meter(desk, meter_list.NewMeter(meters.DRN, "123457"))
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        code, said = run_fleet(port)
        assert (code, "'kiosk' has another meter" in said, "or say --yes" in said) == (
            1,
            True,
            True,
        )
        monkeypatch.setattr(terminal, "is_typed_at", lambda: True)
        code, said = run_fleet(port, typed="n\n")
        assert (code, "Register them here? [y/N]" in said) == (1, True)
        assert known(station) == [meters.DRN]
        assert "are registered at 'kiosk'" in run_fleet(port, typed="y\n")[1]
        assert "Register them" not in run_fleet(port, "--yes")[1]
    assert len(known(station)) == 5


def test_fleet_of_a_station_of_its_own_asks_nothing(station, run_fleet):
    enrolled(station, 1)
    with socket.create_server(("127.0.0.1", 0)) as broker:
        assert "are registered at 'kiosk'" in run_fleet(broker.getsockname()[1])[1]
