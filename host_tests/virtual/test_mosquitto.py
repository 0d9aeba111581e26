"""A meter and a real broker, Mosquitto: killed, restarted, frozen; tokens that wait; passwords."""

import time

import pytest
from contract.test_network_tls import certificate, der, pem
from data import meters
from drivers.socket_network import SocketNetwork
from rigs.mosquitto import WAIT_S, HeadEnd, Mosquitto, made

from meter20.bodies import EmulatedBody

_DRN = meters.DRN
_FROZEN_S = 12  # longer than an acknowledgement is waited for


class Life:
    """A meter whose time passes as ours does. longest_s: processor time of its longest turn."""

    def __init__(self, broker, authority_file="", **more):
        network = SocketNetwork(authority_file=authority_file)
        self.body = EmulatedBody(outside={"network": network})
        self.longest_s = 0.0
        assert self.body.request(do="provision", **meters.PROVISION)["ok"]
        where = {"host": "127.0.0.1", "port": broker.port, **more}
        assert self.body.request(do="mqtt", **where)["ok"]

    def until(self, is_so, wait_s=WAIT_S):
        """Live until `is_so()`; fail after `wait_s`."""
        until_s = time.monotonic() + wait_s
        while not is_so():
            assert time.monotonic() < until_s, self.told()
            self.live(0.02)

    def live(self, seconds):
        until_s = then = time.monotonic()
        until_s += seconds
        while time.monotonic() < until_s:
            time.sleep(0.01)
            now = time.monotonic()
            began = time.thread_time()
            self.body.sim.pass_time(int((now - then) * 1000))
            self.longest_s = max(self.longest_s, time.thread_time() - began)
            then = now

    def told(self):
        return self.body.request(do="mqtt")

    @property
    def connected(self):
        return self.told()["connected"]

    @property
    def credit_wh(self):
        return self.body.request(do="read")["credit_wh"]


def test_a_broker_that_dies_hangs_and_floods_loses_and_doubles_nothing(tmp_path, note):
    with Mosquitto(tmp_path) as broker, HeadEnd(broker) as head_end:
        meter = Life(broker, report_s=1)
        meter.until(lambda: meter.connected)
        head_end.send(made(0))
        meter.until(head_end.results)
        worth_wh = meter.credit_wh

        broker.kill()
        meter.until(lambda: not meter.connected)
        meter.body.request(do="keys", keys=made(1))
        assert meter.credit_wh == 2 * worth_wh, "the keypad is served without a broker"
        broker.start()
        meter.until(lambda: meter.connected)

        broker.freeze()
        meter.body.request(do="pulses", count=10, over_s=1)
        meter.live(_FROZEN_S)
        assert meter.credit_wh == 2 * worth_wh - 10, "and so are the pulses"
        broker.thaw()
        meter.until(lambda: meter.connected)

        waiting = [made(number) for number in range(2, 42)]
        head_end.send(*waiting)  # the meter does not run meanwhile
        head_end.send("7" * 5000, made(42))
        wanted = {made(0), *waiting, made(42)}
        meter.until(lambda: set(head_end.results()) >= wanted, 2 * WAIT_S)
        results = head_end.results()
        assert all(results[token][0] == "Accept" for token in wanted)
        assert set(results) == wanted
        assert meter.credit_wh == 43 * worth_wh - 10
        note(f"longest step beside Mosquitto, emulated: {meter.longest_s * 1000:.1f} ms")
        meter.body.close()


def test_a_broker_that_refuses_the_password_is_asked_again_until_it_takes_it(tmp_path):
    with Mosquitto(tmp_path, [(_DRN, "right"), ("head", "end")]) as broker:
        meter = Life(broker, user=_DRN, password="wrong")
        meter.until(lambda: meter.told()["refused"] in (4, 5))
        where = {"host": "127.0.0.1", "port": broker.port, "user": _DRN}
        assert meter.body.request(do="mqtt", **where, password="right")["ok"]
        meter.until(lambda: meter.connected)
        with HeadEnd(broker, "-u", "head", "-P", "end") as head_end:
            head_end.send(made(0))
            meter.until(lambda: head_end.results() == {made(0): ["Accept"]})
        meter.body.close()


@pytest.mark.parametrize("clean", [False, True], ids=["persistent", "clean"])
def test_token_sent_while_the_meter_is_away_waits_for_it_or_is_sent_again(tmp_path, clean):
    with Mosquitto(tmp_path) as broker, HeadEnd(broker) as head_end:
        meter = Life(broker, clean_session=clean)
        meter.until(lambda: meter.connected)
        meter.body.request(do="power_cut")
        head_end.send(made(1))
        head_end.send(made(2), retained=True)
        meter.until(lambda: made(2) in head_end.results())
        assert (made(1) in head_end.results()) == (not clean), "the broker forgot it, or kept it"
        head_end.send(made(1))
        meter.until(lambda: made(1) in head_end.results())
        assert head_end.results()[made(1)][0] == "Accept"
        assert head_end.results()[made(2)][0] == "Accept"
        meter.body.close()


@pytest.mark.parametrize("wrong", ["", "authority", "name"])
def test_broker_over_tls_is_talked_to_when_it_is_vouched_for(tmp_path, wrong, note):
    authority = certificate("test authority")
    believed = certificate("another") if wrong == "authority" else authority
    (tmp_path / "ca.der").write_bytes(der(believed))
    host = "10.0.0.1" if wrong == "name" else "127.0.0.1"
    (tmp_path / "broker.pem").write_bytes(pem(certificate(host, authority)))
    with Mosquitto(tmp_path, certificate=tmp_path / "broker.pem") as broker:
        meter = Life(broker, str(tmp_path / "ca.der"), tls=True)
        if wrong:
            meter.live(3)
            assert not meter.connected
        else:
            meter.until(lambda: meter.connected)
            note(f"longest step with a TLS handshake, emulated: {meter.longest_s * 1000:.1f} ms")
        meter.body.close()
