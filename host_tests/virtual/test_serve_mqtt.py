"""`meter20 serve --mqtt` beside a real Mosquitto, on each body: TLS, and what is said of it."""

import re

import broker_line
import pytest
from carriers import link
from contract.test_network_tls import certificate, der, pem
from ports import network
from rigs.mosquitto import HeadEnd, Mosquitto, made
from rigs.served_meter import ServedMeter

from meter20 import DEVICE_ROOT, bodies

_WORTH_WH = 10_000  # of each token
_WAITING = 8
_FORGOTTEN_WH = 100  # of use, at the most, when the power goes

on_each_body = pytest.mark.parametrize("body", bodies.NAMES)


def on_tls(folder, authority, believed=None, host="127.0.0.1"):
    """Return (Mosquitto with a certificate for `host`, URL of it that names what is believed)."""
    (folder / "ca.der").write_bytes(der(believed or authority))
    (folder / "ca.pem").write_bytes(pem(authority))
    (folder / "broker.pem").write_bytes(pem(certificate(host, authority)))
    broker = Mosquitto(folder, certificate=folder / "broker.pem")
    return broker, f"mqtts://127.0.0.1:{broker.port}?ca={folder / 'ca.der'}&report_s=1"


@on_each_body
def test_broker_that_is_vouched_for_brings_a_token_over_tls(tmp_path, body):
    broker, url = on_tls(tmp_path, certificate("test authority"))
    with (
        broker,
        HeadEnd(broker, "--cafile", tmp_path / "ca.pem") as head_end,
        ServedMeter(tmp_path, body, url) as meter,
    ):
        meter.until(lambda: meter.told()["connected"])
        head_end.send(made(0))
        meter.until(head_end.results)
        assert head_end.results() == {made(0): ["Accept"]}
        assert meter.credit_wh == _WORTH_WH
        assert meter.told()["failed"] == ""
        meter.until(meter.said)
        assert meter.said() == [f"MQTT on 127.0.0.1:{broker.port}"]


@on_each_body
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("untrusted", "the authority to believe does not vouch for the broker"),
        ("other_name", "the certificate of the broker is for another name"),
    ],
)
def test_broker_that_is_not_vouched_for_is_left_alone_and_it_is_said_why(
    tmp_path, body, wrong, words
):
    authority = certificate("test authority")
    believed = certificate("another authority") if wrong == "untrusted" else None
    host = "10.0.0.1" if wrong == "other_name" else "127.0.0.1"
    broker, url = on_tls(tmp_path, authority, believed, host)
    with broker, ServedMeter(tmp_path, body, url) as meter:
        meter.until(lambda: meter.told()["failed"])
        told = meter.told()
        assert (told["failed"], told["connected"]) == (wrong, False)
        meter.until(meter.said)
        assert meter.said() == [f"MQTT not on 127.0.0.1:{broker.port}: {words}"]


@on_each_body
def test_broker_that_speaks_no_tls_and_one_that_refuses_are_told_apart(tmp_path, body):
    with Mosquitto(tmp_path, [("meter", "right")]) as broker:
        where = f"127.0.0.1:{broker.port}"
        (tmp_path / "ca.der").write_bytes(der(certificate("test authority")))
        with ServedMeter(tmp_path, body, f"mqtts://{where}?ca={tmp_path / 'ca.der'}") as meter:
            meter.until(meter.said)
            assert meter.told()["failed"] in ("tls", "unreachable")
        other = tmp_path / "other"
        other.mkdir()
        with ServedMeter(other, body, f"mqtt://meter@{where}", "wrong") as meter:
            meter.until(meter.said)
            assert meter.said() == [f"MQTT not on {where}: the broker refuses, code 5"]


def test_every_word_for_a_way_that_fails_is_said_in_words_and_is_in_the_document():
    of_tls = {network.UNTRUSTED, network.OTHER_NAME, network.TLS}
    words = of_tls | {link.NO_AUTHORITY, link.NO_LINK, link.UNREACHABLE, link.LOST}
    text = (DEVICE_ROOT / "docs" / "ami.md").read_text(encoding="utf-8")
    rows = text.partition("| `failed` | |")[2].partition("\n\n")[0]
    assert words == set(broker_line.WORDS) == set(re.findall("^[|] `(.*?)`", rows, re.MULTILINE))


def test_virtual_meter_outlives_a_broker_that_dies_hangs_and_floods(tmp_path, note):
    with Mosquitto(tmp_path) as broker, HeadEnd(broker) as head_end:
        url = f"mqtt://127.0.0.1:{broker.port}?report_s=1"
        with ServedMeter(tmp_path, "virtual", url) as meter:
            meter.until(lambda: meter.told()["connected"])
            head_end.send(made(0))
            meter.until(head_end.results)

            broker.kill()
            meter.until(lambda: not meter.told()["connected"])
            assert meter.told()["failed"] in ("lost", "unreachable")
            assert meter.request(do="keys", keys=made(1))["last_result"] == "Accept"
            broker.start()
            meter.until(lambda: meter.told()["connected"])

            broker.freeze()
            assert meter.request(do="pulses", count=10, over_s=12)["ok"]  # of the meter's time
            assert meter.credit_wh == 2 * _WORTH_WH - 10
            broker.thaw()

            waiting = [made(number) for number in range(2, 2 + _WAITING)]
            assert meter.request(do="power_cut")["ok"]
            left_wh = meter.credit_wh
            assert 0 <= left_wh - (2 * _WORTH_WH - 10) <= _FORGOTTEN_WH
            head_end.send(*waiting)
            head_end.send("7" * 5000, made(2 + _WAITING))
            wanted = {made(0), *waiting, made(2 + _WAITING)}
            meter.until(lambda: meter.credit_wh and set(head_end.results()) >= wanted)
            note(f"slowest reply meanwhile, virtual: {meter.slowest_s * 1000:.1f} ms")
            assert set(head_end.results()) == wanted
            assert all(told[0] == "Accept" for told in head_end.results().values())
            assert meter.credit_wh == left_wh + (_WAITING + 1) * _WORTH_WH
