"""No object of the meter tells its key, whoever prints it: repr, str, vars, an exception."""

import asyncio
import json

import pytest
from body import SimBody
from data import meters
from data.tokens import key_change
from journal import settings
from models import carriers, little_files
from panel import about, meter_tests, screens, short_codes
from rigs import whole_meter
from rigs.leaks import leaks, told_by, told_of
from sts import decoder, decoder_key
from sts import digits as sts_digits
from sts.decoder_key import DecoderKey

from meter20.board import packages
from meter20.bodies import EmulatedBody
from meter20.sim.app import Sim
from meter20.sim.world import World

#: What the walk looks into. What is left out holds the flash, which is where a key has to be.
ROOMS = (*packages.rooms(), "parts", "body", "board", "breakage", "flash_chip", "loop", "meter20")

NEXT_KEY = bytes.fromhex("8d3b51e2c06f9a47b81d7ef02495ac63")  # test key
KEY_07, NEXT_07 = (
    bytes.fromhex(key) for key in ("3b9ad1547f20c86e", "e71c5d02b4963af8")
)  # test keys
SET = key_change(key=NEXT_KEY)


def tells(root, *keys):
    """Return (names of objects of which something was printed, what told a key)."""
    told = list(told_by(root, *ROOMS))
    return {name for name, _ in told}, [
        (name, found) for name, text in told if (found := leaks(text, *keys))
    ]


def test_no_object_of_a_meter_tells_its_key():
    body = SimBody()
    assert '"ok": true' in body.feed(provision(meters.KEY)).decode()
    for section in SET[:3]:
        body.app.front.enter(section, 0)
    names, telling = tells(body, meters.KEY, NEXT_KEY)
    assert telling == []
    assert {"sts.decoder_key.DecoderKey", "sts.ea11_misty1.Misty1", "account.meter.Meter",
            "store.slot_store.SlotStore", "sts.decoder_key.KeySection", "meter.app.App",
            "flash_chip.RamImage", "account.state.MeterState"} <= names  # fmt: skip


def provision(key):
    fields = {**meters.PROVISION, "decoder_key": key.hex(), "ea": "11" if len(key) == 16 else "07"}
    return json.dumps({"do": "provision", **fields}).encode() + b"\n"


def test_no_object_of_a_meter_of_ea07_tells_its_key():
    body = SimBody()
    assert '"ok": true' in body.feed(provision(KEY_07)).decode()
    body.app.front.enter("0" * 20, 0)  # the first token has the cipher made
    names, telling = tells(body, KEY_07)
    assert telling == []
    assert "sts.ea07_sta.Sta" in names


@pytest.mark.parametrize(
    ("carrier", "medium"),
    [(carriers.SMALL, "store.nor_slots.NorSlots"),
     (little_files.ON_RP2, "store.file_slots.FileSlots")],
)  # fmt: skip
def test_no_store_of_a_board_tells_a_key(carrier, medium):
    names, telling = tells(whole_meter.provisioned(carrier), meters.KEY)
    assert (telling, medium in names) == ([], True)


@pytest.mark.parametrize("profile", short_codes._DIALECTS)
def test_no_screen_of_any_dialect_tells_the_key(profile):
    body = SimBody()
    body.feed(provision(meters.KEY))
    body.app.front.enter(SET[0], 0)
    body.app.notes.settings = settings.changed(settings.default(), profile=profile)
    view = body.app.front.view(0)
    tables = short_codes.COMMON + short_codes._DIALECTS[profile]
    codes = {line.split(" ")[0] for line in tables.split("\n") if line}
    assert len(codes) > 10
    shown = [short_codes.screen(code, view) for code in sorted(codes)]
    shown += [screens.idle(view), *(about.shown(view, page, 4) for page in range(9))]
    shown += [meter_tests.screen(number, view) for number in meter_tests._TESTS]
    assert None not in shown[: len(codes)]
    assert leaks(repr(shown), meters.KEY, NEXT_KEY) == []


def test_what_is_read_from_a_token_does_not_tell_the_next_key():
    for section in SET:
        token = decoder.decode(sts_digits.parse(section), decoder.cipher("11", meters.KEY), "11")
        assert leaks(f"{token} {token!r} {token.fields} {token._asdict()}", NEXT_KEY) == []
        assert any(name.startswith("nk") for name in token.fields)


def test_the_walk_would_see_a_key():
    class Careless:
        def __init__(self, octets):
            self.octets = octets

    Careless.__module__ = "meter.careless"
    body = SimBody()
    body.app.meter.careless = Careless(meters.KEY)
    _names, telling = tells(body, meters.KEY)
    assert {name for name, _ in telling} == {f"meter.careless.{Careless.__qualname__}"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: decoder.cipher("11", meters.KEY[:15]),
        lambda: decoder.cipher("07", meters.KEY),
        lambda: decoder.cipher("12", meters.KEY),
        lambda: decoder.cipher("07", KEY_07, ((), (), ())),
        lambda: decoder_key.from_bytes(b"\x63" + bytes(7) + meters.KEY),
        lambda: decoder_key.from_bytes(meters.KEY),
        lambda: decoder_key.to_bytes(
            meters.key(decoder_key=DecoderKey(meters.KEY + b"x"), krn=99)
        ),
        lambda: whole_meter.Rig(carriers.SMALL).meter.provision(
            meters.state().identity, meters.key(ea="07"), 0, 0
        ),
        lambda: whole_meter.Rig(carriers.SMALL).meter.provision(
            meters.state().identity, meters.key(kt=9), 0, 0
        ),
    ],
)
def test_exceptions_tell_no_key(wrong):
    with pytest.raises(Exception) as caught:
        wrong()
    assert leaks(told_of(caught.value), meters.KEY, KEY_07) == []


def test_what_a_chain_of_exceptions_holds_would_be_seen():
    def fail():
        try:
            raise KeyError(meters.KEY)
        except KeyError:
            raise ValueError("no") from None

    with pytest.raises(ValueError, match="no") as caught:
        fail()
    assert leaks(told_of(caught.value), meters.KEY)


def test_a_fault_in_the_cipher_tells_its_kind_and_no_more(monkeypatch):
    """Even a fault whose words hold the key: they are not shown, sent, or stored."""
    body = SimBody()
    body.feed(provision(meters.KEY))

    def fail(_block):
        raise ValueError("bad key " + meters.KEY.hex())

    cipher = type(body.app.meter.reader.cipher)
    monkeypatch.setattr(cipher, "decrypt", lambda _self, block: fail(block))
    reply = body.feed(b'{"do":"token","digits":"%s"}\n' % meters.TOKEN_100_WH.encode())
    assert b'"message": "token: ValueError; the meter restarts"' in reply
    assert body.app.front.lines == ["FAULT", "token", "ValueError", "Meter restarts"]
    assert tells(body, meters.KEY)[1] == []


def test_the_simulator_that_crashes_shows_no_local_variable(monkeypatch, capfd):
    def run(_duration_ms):
        key = KEY_07
        raise RuntimeError("crash", len(key))

    async def play(sim):
        async with sim.run_test():
            await asyncio.wait_for(sim._exception_event.wait(), 30)

    with EmulatedBody() as body:
        world = World(body)
        monkeypatch.setattr(world, "run", run)
        sim = Sim(world)
        with pytest.raises(RuntimeError, match="crash"):
            asyncio.run(play(sim))
    # Textual prints it while it still holds sys.stderr, or after: either ends in the descriptor.
    said = capfd.readouterr().err
    assert "RuntimeError" in said and "raise RuntimeError" in said
    assert leaks(said, KEY_07) == [] and "key = b" not in said
