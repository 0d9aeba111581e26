"""A store that takes nothing more: no token, no supply for long, and no free try for a guesser."""

import json

import pytest
from account.kept_state import CHECKPOINT_MAX_WH
from body import SimBody
from data import meters
from flash_chip import FlashChip
from journal import events
from models import carriers, little_files
from rigs.used_meter import NEWEST, codes, used
from rigs.whole_meter import token
from sts import results
from supply import decision


@pytest.fixture(params=carriers.ALL + little_files.ALL, ids=lambda carrier: carrier.name)
def carrier(request):
    return request.param


def refuse(*_arguments):
    raise OSError(5)


def worn(rig):
    """From now on the flash takes nothing more."""
    rig.chip.program = rig.chip.erase = refuse
    return rig


def test_worn_store_takes_no_token_says_so_and_goes_on_metering(carrier):
    rig = worn(used(carrier))
    rig.app.step(1)
    assert rig.switch.closed
    with pytest.raises(OSError):
        rig.enter(token(tid=meters.MANUFACTURED + 2000))
    rig.app.step(2)
    assert rig.app.front.lines[:2] == ["NOT TAKEN", "Memory failed"]
    assert rig.state.register.credit == NEWEST
    rig.use(CHECKPOINT_MAX_WH - 1)
    rig.app.step(3)
    assert rig.switch.closed
    rig.use(1)
    rig.app.step(4)
    assert not rig.switch.closed
    assert rig.app.front.view(4).relay_reason == decision.STORE_FAULT
    assert rig.state.register.credit == NEWEST - CHECKPOINT_MAX_WH
    assert codes(rig)[0] == events.STORE_FAULT


@pytest.mark.parametrize("carrier", carriers.BARE, ids=lambda carrier: carrier.name)
def test_store_that_works_again_gives_the_supply_back(carrier):
    rig = worn(used(carrier))
    rig.use(150)
    rig.app.step(1)
    assert not rig.switch.closed
    del rig.chip.program, rig.chip.erase
    rig.app.step(60_001)
    rig.app.step(60_002)
    assert rig.switch.closed
    assert rig.boot().state.register.credit == NEWEST - 150


def test_worn_store_gives_no_supply_after_a_restart(carrier, monkeypatch):
    """Else each restart would give a tenth of a kWh away."""
    rig = used(carrier)
    monkeypatch.setattr(FlashChip, "program", refuse)
    monkeypatch.setattr(FlashChip, "erase", refuse)
    rig.boot()
    assert rig.meter.provisioned
    assert not rig.switch.closed


def test_no_free_try_for_a_guesser_on_a_worn_store(carrier):
    rig = worn(used(carrier))
    decoded = []
    rig.meter.reader.decode = decoded.append
    with pytest.raises(OSError):
        rig.enter(token(tid=meters.MANUFACTURED + 2000))
    assert not decoded


def test_service_port_tells_store_failed_and_store_lost():
    body = SimBody()

    def ask(**request):
        return json.loads(body.feed(json.dumps(request).encode() + b"\n"))

    wanted = {
        "do": "provision", "drn": meters.DRN, "iin": "600727", "sgc": "123457", "ti": "01",
        "krn": 1, "kt": 2, "ken": 255, "ea": "11", "decoder_key": meters.KEY.hex(),
        "manufactured": meters.MANUFACTURED, "imp_per_kwh": 1000,
    }  # fmt: skip
    assert ask(**wanted)["ok"]
    kept = body._chip.program
    body._chip.program = refuse
    assert ask(do="token", digits=token())["error"] == "store_failed"
    body._chip.program = kept
    assert ask(do="read")["credit_wh"] == 0
    assert ask(do="token", digits=token())["result"] == results.ACCEPT
    body._chip.image.write(0, bytes(body._chip.size))
    ask(do="power_cut")
    read = ask(do="read")
    assert (read["drn"], read["relay"], read["relay_reason"]) == ("", "open", "store_fault")
    assert ask(do="token", digits=token())["error"] == "store_lost"
    assert ask(**wanted)["error"] == "store_lost"
    assert ask(**wanted, lost=True)["ok"]
    assert ask(do="read")["relay_reason"] == "no_credit"
