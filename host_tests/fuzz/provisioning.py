"""Target: the provisioning record, from the station's file over the serial line into the meter.

A case is a meter, new, lost or in use, and the content of a record's file.
"""

import itertools
import json
import tempfile
from pathlib import Path

import typer
from account import state as meter_state
from data import meters
from fuzz import feed as feeds
from fuzz import oracle, tokens
from fuzz.feed import Feed
from journal import settings
from meter.app import App
from parts import Clock, SimDisplay, SimLoadSwitch, SimPulses
from rigs.whole_meter import ports
from service_port import lines
from service_port.lines import Lines
from service_port.service import Service
from sts import tid

from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.cli import own_meter

_LOST = b"\x63" + bytes(200)  # of a firmware that this one does not know
_IN_USE = meter_state.to_bytes(meters.state())
_STATES = (None, None, None, _LOST, _IN_USE)
_FOLDER = tempfile.TemporaryDirectory(prefix="meter20-fuzz-")
_FILE = Path(_FOLDER.name) / "record.json"
_OF_SETTINGS = {
    "low_credit_wh": 999_000, "alarm_min": 999, "emergency_wh": 100_000, "friendly_from": 23,
    "friendly_to": 23,
}  # fmt: skip


class _Wire:
    """A serial line with the meter `app` at its other end."""

    def __init__(self, app):
        self._service, self._lines, self._replies = Service(app), Lines(), []
        self.lines = []

    def write(self, data):
        for line in self._lines.feed(data):
            told = self._service.reply(line, 0).encode()
            self.lines.append(told)
            self._replies.append(told + b"\n")

    def readline(self):
        return self._replies.pop(0)


class _Meter:
    """A meter whose store holds `record`, and the port by which the tool reaches it."""

    def __init__(self, record):
        self.store, self.cold = meters.RamStore(), meters.RamStore()
        self.store.record = record
        self.boot()

    def boot(self):
        self.app = App(
            ports(
                store=self.store, notes=self.cold, pulses=SimPulses(Clock()),
                display=SimDisplay(16, 2), load_switch=SimLoadSwitch(),
            ), 0,
        )  # fmt: skip
        self.app.step(0)
        self.wire = _Wire(self.app)
        self.port = ServicePort.__new__(ServicePort)
        self.port.port, self.port._line, self.port._timeout_s = "wire", self.wire, 2
        self.port._numbers = itertools.count(1)
        self.port.piece_s = 0  # nothing here waits to be read


def case(data: bytes):
    """Provision a meter by the file that `data` holds; raise AssertionError on a broken rule."""
    feed = Feed(data)
    before = feed.pick(_STATES)
    _FILE.write_bytes(feed.rest())
    try:
        request = own_meter.recorded(_FILE)
    except typer.BadParameter:
        return  # documented
    with oracle.watching(0) as books:
        meter = _Meter(before)
        stored = meter.store.record
        try:
            told = meter.port.request(**{**request, "do": "provision"})
        except Trouble as trouble:
            assert trouble.exit_code == Code.REFUSED, trouble
            told = {"ok": False, "error": "", "message": str(trouble)}
        assert meter.app.fault is None, meter.app.fault
        oracle.lines(meter.app.front.lines, 16, 2)
        key = request.get("decoder_key")
        secrets = (key.lower(),) if isinstance(key, str) and len(key) >= 16 else ()
        if meter.wire.lines and not _said_elsewhere(request):
            oracle.reply(meter.wire.lines[-1], secrets)
        assert told["ok"] == _acceptable(request, before), told
        assert told["ok"] or told["message"].isprintable()
        if told["ok"]:
            _check_taken(meter, request, told)
        else:
            cold = meter.cold.record
            assert meter.store.record == stored, "a refusal changed the store"
            assert cold is None or before == _IN_USE, "a refusal changed the settings"
        meter.boot()
        assert meter.port.request(do="read")["drn"] == (told["drn"] if told["ok"] else (
            meters.DRN if before == _IN_USE else ""
        ))  # fmt: skip
        books.check(meter.app.meter)


def almost(chance) -> bytes:
    """Return a record as the station writes it, with up to some fields wrong."""
    ea = chance.choice(("11", "11", "07"))
    request = {
        **meters.PROVISION,
        "do": "provision",
        "ea": ea,
        "decoder_key": tokens.KEYS[ea].hex(),
    }
    if chance.random() < 0.4:
        request.update((name, chance.randrange(high + 1)) for name, high in _OF_SETTINGS.items())
        request["profile"] = chance.choice(settings.PROFILES)
    if chance.random() < 0.3:
        request["tariff"] = chance.choice(
            ([[0, 200_000]], [[1000, 1], [0, 0xFFFFFFFF]], [[0, 0]], [[5, 5]], [], [[0, 1]] * 5)
        )
    if chance.random() < 0.3:
        request["lost"] = chance.choice((True, True, False, 1))
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        name = chance.choice(
            [*request, *request, "self", "id", "do", "request", feeds.awkward_text(chance)]
        )
        request[name] = chance.choice(_WRONG)(chance, request.get(name))
    record = {"format": "meter20 provisioning record 1", "warning": "TEST", "request": request}
    content = json.dumps(record, indent=chance.choice((2, None))).encode()
    if chance.random() < 0.2:
        content = feeds.spoilt(content, chance)
    return chance.randbytes(1) + content


_WRONG = (
    lambda chance, value: None,
    lambda chance, value: chance.choice(
        (0, -1, 10, 255, 256, 1 << 24, 1 << 32, 1 << 64, 1.5, True)
    ),
    lambda chance, value: [value],
    lambda chance, value: feeds.awkward_text(chance),
    lambda chance, value: str(value),
    lambda chance, value: "".join(chr(ord(char) + 0x630) for char in str(value)),  # other digits
    lambda chance, value: str(value) + chance.choice(("0", " ", "x")),
    lambda chance, value: str(value)[:-1],
    lambda chance, value: "x" * 5000,
)


def _said_elsewhere(request):
    """Whether the key in `request` is part of what a reply says anyway: a fuzzer's joke."""
    key = str(request.get("decoder_key")).lower()
    return any(
        key in str(value).lower() for name, value in request.items() if name != "decoder_key"
    )


def _check_taken(meter, request, told):
    """A record that was taken holds in the meter as it is written, also after a restart."""
    names = ("drn", "ea", "sgc", "ti", "krn", "kt", "ken")
    assert {name: told[name] for name in names} == {name: request[name] for name in names}
    assert (told["credit_wh"], told["total_wh"], told["tids"]) == (0, 0, tid.CAPACITY)
    assert told["power_limit_w"] == request.get("power_limit_w", 0)
    state = meter_state.from_bytes(meter.store.record)
    assert state.key.decoder_key.octets == bytes.fromhex(request["decoder_key"])
    assert set(state.tids) == {request["manufactured"]}
    assert state.identity.imp_per_kwh == request["imp_per_kwh"]


# -- what a record must be, written down a second time -------------------------------------------


def _acceptable(request, before) -> bool:
    """Whether a meter that holds `before` must take `request`."""
    if len(json.dumps({**request, "do": "provision", "id": 1})) > lines.LINE_MAX:
        return False
    if json.dumps(request).count("[") + json.dumps(request).count("{") > 99:
        return False
    if before == _IN_USE or (before == _LOST and request.get("lost", False) is not True):
        return False
    return all(rule(request) for rule in _RULES)


def _digits(value, *lengths):
    return isinstance(value, str) and len(value) in lengths and set(value) <= set("0123456789")


def _within(name, low, high):
    def rule(request):
        value = request.get(name)
        return type(value) is int and low <= value <= high

    return rule


def _optional(name, rule):
    return lambda request: name not in request or rule(request)


def _luhn(number):
    doubled = [int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _number(request):
    drn, iin = request.get("drn"), request.get("iin")
    length = {"600727": 11, "0000": 13}.get(iin) if isinstance(iin, str) else None
    return length is not None and _digits(drn, length) and _luhn(drn)


def _key(request):
    sizes = {"07": 8, "11": 16}
    ea, key = request.get("ea"), request.get("decoder_key")
    if not isinstance(ea, str) or ea not in sizes or not isinstance(key, str):
        return False
    try:
        return len(bytes.fromhex(key)) == sizes[ea]
    except ValueError:
        return False


def _tariff(request):
    steps = request["tariff"]
    if not isinstance(steps, list) or len(steps) > 4:
        return False
    for step in steps:
        if not isinstance(step, list) or [type(part) for part in step] != [int, int]:
            return False
    ends = [end for end, _price in steps]
    if not steps:
        return True  # none: the meter counts energy
    return (
        all(1 <= price <= 0xFFFFFFFF for _end, price in steps)
        and ends[-1] == 0
        and ends[:-1] == sorted({*ends[:-1]})
        and all(0 < end <= 0xFFFFFFFF for end in ends[:-1])
    )


_RULES = (
    _number,
    _key,
    lambda request: _digits(request.get("sgc"), 6),
    lambda request: _digits(request.get("ti"), 2),
    _within("krn", 1, 9),
    _within("kt", 0, 3),
    _within("ken", 0, 255),
    _within("manufactured", 0, 0xFFFFFF),
    _within("imp_per_kwh", 1, 100_000),
    _optional("power_limit_w", _within("power_limit_w", 0, 18_201_624)),
    *(_optional(name, _within(name, 0, high)) for name, high in _OF_SETTINGS.items()),
    _optional(
        "profile", lambda request: request["profile"] in ("meter20", "conlog", "landisgyr", "pln")
    ),
    _optional("tariff", _tariff),
    lambda request: (
        request.get("lost", False) in (True, False) and type(request.get("lost", False)) is bool
    ),
)
