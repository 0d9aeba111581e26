"""Networks on whole boards: who has none reads nothing of them; a line for DLMS is served."""

import sys
from types import SimpleNamespace

import pytest
from dlms import hdlc
from drivers.socket_network import SocketNetwork
from machine import UART
from ports.network import Listener
from rigs.dlms_rig import KEYS

from meter20.host_crypto import HostCrypto
from meter20.samples import PROVISION

from .conftest import METERS, Bench

_CARRIERS = ("carriers", "dlms", "chumicro_mqtt")


pytestmark = pytest.mark.usefixtures("new_chip")


@pytest.fixture
def cryptolib(monkeypatch):
    """MicroPython's, which CPython lacks."""

    def aes(key, mode):
        assert mode == 1, "ECB"
        return SimpleNamespace(encrypt=HostCrypto().aes(key))

    monkeypatch.setitem(sys.modules, "cryptolib", SimpleNamespace(aes=aes))


def _read():
    """Return the modules of carriers that were read."""
    return {name for name in sys.modules if name.partition(".")[0] in _CARRIERS}


@pytest.fixture
def nothing_read(monkeypatch):
    """Forget, for a test, the modules of carriers."""
    for name in _read():
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("name", METERS)
def test_who_was_told_of_no_network_reads_no_carrier(name, play, nothing_read):
    bench, read = Bench(name), []

    def story(script):
        yield PROVISION
        yield {"do": "read"}
        yield 5000
        read.extend(_read())

    script = play(bench, story)
    assert script.replies[1]["ok"]
    office = {"carriers", "carriers.office", "carriers.access"}
    assert set(read) == (office if bench.board.has_wifi else set())


def test_board_with_a_uart_serves_dlms_on_it_once_it_has_keys(play, cryptolib):
    bench, heard = Bench("rp2_pico", dlms_uart=0), []
    body = b"\xa0\x07\x03\x21\x93"  # SNRM of the public client
    snrm = b"\x7e" + body + hdlc.check(body) + b"\x7e"

    def story(script):
        yield PROVISION
        yield KEYS
        line = UART.made[0]
        line.came += snrm
        yield 500
        heard.append(bytes(line.sent))

    script = play(bench, story)
    assert script.replies[1]["ok"], script.replies
    assert script.replies[1]["port"] == 0, "there is no network to listen on"
    assert heard[0][:2] == b"\x7e\xa0"
    assert heard[0][5] == 0x73, "UA"


class _Listener(Listener):
    def __init__(self, port):
        self.port = port

    def accept(self):
        return None

    def close(self):
        pass


def test_board_with_a_radio_takes_dlms_keys_and_has_them_after_a_restart(
    play, cryptolib, monkeypatch
):
    monkeypatch.setattr(SocketNetwork, "listen", lambda _self, port: _Listener(port))

    def story(script):
        yield PROVISION
        yield KEYS

    def again(script):
        yield {"do": "dlms"}
        yield 100

    told = [
        play(Bench("rp2_pico_w"), story).replies[1],
        play(Bench("rp2_pico_w"), again).replies[0],
    ]
    assert [(reply["keys"], reply["port"]) for reply in told] == [(True, 4059)] * 2, told


def test_board_whose_dlms_port_is_taken_meters(play, cryptolib, monkeypatch):
    def taken(_self, _port):
        raise OSError(98)

    def story(script):
        yield PROVISION
        yield KEYS

    def again(script):
        yield {"do": "read"}
        yield {"do": "dlms"}
        yield 100

    monkeypatch.setattr(SocketNetwork, "listen", taken)
    _provisioned, dlms = play(Bench("rp2_pico_w"), story).replies
    assert (dlms["error"], dlms["message"][:19]) == ("port_taken", "the keys are stored")
    read, dlms = play(Bench("rp2_pico_w"), again).replies
    assert read["ok"], read
    assert dlms["error"] == "port_taken"
