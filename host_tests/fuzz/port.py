"""Target: the service port of an emulated meter. Bytes come in any pieces.

A case is a meter, in factory state or with credit, and what arrives at its port.
"""

import json
from binascii import crc32

import board
import flash_chip
from body import SimBody
from data import meters
from fuzz import feed as feeds
from fuzz import oracle, tokens
from fuzz.feed import Feed
from journal import settings
from service_port import lines
from sts import kinds, tid

_CREDIT_WH = 100
_LONGEST_S = 10  # that one request may ask for: more is work, not a hang
_RESTART_EACH = 4  # cases
_PIECES = (4096, 4096, 1, 7, 100)


class _Meter(SimBody):
    """An emulated meter of whose bench nobody asks long work, nor to break a part."""

    def _advance(self, request, now_ms):
        _check_short(request, "seconds")
        return super()._advance(request, now_ms)

    def _pulses(self, request, now_ms):
        _check_short(request, "over_s")
        return super()._pulses(request, now_ms)

    def _break(self, request, now_ms):
        raise lines.Refused("bad_request", "scenario/test_faults.py breaks parts")


def _check_short(request, name):
    lines.integer(request, name, 0, _LONGEST_S, default=0)


def _image(steps=None):
    """Return the flash of a meter in factory state; with `steps`, a tariff or (), one in use."""
    image = flash_chip.RamImage(board.FLASH_SIZE)
    app = _Meter(image).app
    if steps is not None:
        configured = settings.changed(settings.default(), steps=steps, emergency_wh=500)
        app.front.provision(tokens.IDENTITY, tokens.key("11"), meters.MANUFACTURED, 0, configured)
    if steps == ():
        fields = {"rnd": 5, "tid": meters.MANUFACTURED + 100, "amount_field": 1}
        app.front.enter(tokens.encode(kinds.ELECTRICITY, "11", tokens.KEYS["11"], fields), 0)
    return image.read(0, image.size())


_STEPS = ((100, 4_000_000_000), (0, 200_000))
_IMAGES = ((_image(()), _CREDIT_WH), (_image(_STEPS), 0), (_image(), 0))


def case(data: bytes):
    """Let a meter's port take what `data` says; raise AssertionError if a rule is broken."""
    feed = Feed(data)
    content, credit_wh = feed.pick(_IMAGES)
    size = feed.pick(_PIECES)
    image = flash_chip.RamImage(len(content))
    image.write(0, content)
    meter = _Meter(image)
    stream = feed.rest()
    with oracle.watching(credit_wh) as books:
        replies = b"".join(
            _exchange(meter, stream[at : at + size]) for at in range(0, len(stream), size)
        )
        told = replies.splitlines()
        assert replies.endswith(b"\n") or not told
        asked = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]
        assert len(told) == len(asked), "a line without a reply, or a reply too many"
        for line, request in zip(told, asked):
            _check_reply(line, request)
        books.check(meter.app.meter)
        _exchange(meter, b"\n")  # what was left of a line
        if crc32(data) % _RESTART_EACH == 0:
            _check_reply(_exchange(meter, b'{"do":"power_cut"}\n')[:-1], b"")
        last = _check_reply(_exchange(meter, b'{"do":"read"}\n')[:-1], b"")
        assert last["ok"]
        books.check(meter.app.meter)


def almost(chance) -> bytes:
    """Return lines of requests that are good, or nearly."""
    lines = [_line(chance) for _ in range(chance.choice((1, 1, 2, 3, 8)))]
    stream = b"\n".join(lines) + chance.choice((b"\n", b"\n", b"\n", b""))
    if chance.random() < 0.3:
        stream = feeds.spoilt(stream, chance)
    return chance.randbytes(2) + stream


def request(chance) -> dict:
    """Return a good request, of any that a bench knows."""
    return chance.choice(_REQUESTS)(chance)


def _exchange(meter, data):
    replies = meter.feed(data)
    while replies is None:
        replies = meter.resume()
    return replies


def _check_reply(line, request):
    told = oracle.reply(line, _SECRETS)
    if "display" in told:
        oracle.lines(told["display"], 20, 4)
    assert told.get("error") != "fault", told
    try:
        parsed = json.loads(request.decode())
    except (ValueError, RecursionError):
        parsed = None
    identity = parsed.get("id") if isinstance(parsed, dict) else None
    if told.get("error") not in ("bad_json", "line_too_long") and _is_id(identity):
        assert told["id"] == identity
    return told


def _is_id(value):
    return type(value) is int or (isinstance(value, str) and len(value) <= 200)


def _line(chance):
    made = request(chance)
    if chance.random() < 0.3:
        made["id"] = chance.choice((7, -1, "a-7", feeds.awkward_text(chance), None, [], 10**300))
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        name = chance.choice([*made, "do", "digits", "id", "x"])
        made[name] = chance.choice(_VALUES)(chance)
    return json.dumps(made, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _provision(chance):
    made = {**meters.PROVISION, "do": "provision", "decoder_key": tokens.KEYS["11"].hex()}
    if chance.random() < 0.5:
        made.update(
            low_credit_wh=chance.randrange(999_001), alarm_min=chance.randrange(1000),
            emergency_wh=chance.randrange(100_001), friendly_from=chance.randrange(24),
            friendly_to=chance.randrange(24), profile=chance.choice(("meter20", "pln", "conlog")),
        )  # fmt: skip
    if chance.random() < 0.3:
        made["tariff"] = chance.choice(
            ([[0, 200_000]], [[1000, 1], [0, 0xFFFFFFFF]], [[0, 0]], [[5, 5]], [], [[0, 1]] * 5)
        )
    if chance.random() < 0.2:
        made.update(lost=True, manufactured=tid.CAPACITY, imp_per_kwh=chance.choice((1, 100_000)))
    return made


def _token(chance):
    digits = tokens.token(Feed(tokens.described(chance)), "11")
    return {"do": chance.choice(("token", "token", "explain")), "digits": digits}


_VALUES = (
    lambda chance: None,
    lambda chance: chance.choice((True, False, 0, -1, 1.5, 1e400, [], {}, "", [[]], "read")),
    lambda chance: chance.choice((1 << 31, 1 << 32, 1 << 63, 1 << 64, 10**400)),
    feeds.awkward_text,
)

_TIMES = (
    "2000-01-01T00:00:00Z", "2026-11-29T18:00:00Z", "2099-12-31T23:59:59Z", "2026-02-29T00:00:00Z",
)  # fmt: skip
_REQUESTS = (
    lambda chance: {"do": "read"},
    _token,
    _token,
    _token,
    lambda chance: {
        "do": "keys",
        "keys": "".join(chance.choice(lines.KEYS) for _ in range(chance.randrange(24))),
    },
    lambda chance: {"do": "keys", "keys": "#%d#" % chance.randrange(100_000)},
    _provision,
    lambda chance: {
        "do": "pulses",
        "count": chance.choice((0, 1, 90, 5000, 10**9, 10**9)),
        "over_s": chance.randrange(_LONGEST_S),
    },
    lambda chance: {"do": "advance", "seconds": chance.randrange(_LONGEST_S)},
    lambda chance: {"do": "power_cut"},
    lambda chance: {
        "do": "arm_cut", "after_ops": chance.randrange(6), "torn": chance.random() < 0.5
    },
    lambda chance: {"do": "brown_out", "failing": chance.random() < 0.5},
    lambda chance: {"do": "tamper", "open": chance.random() < 0.5},
    lambda chance: {"do": "clock"},
    lambda chance: {"do": "clock", "utc": chance.choice(_TIMES)},
)  # fmt: skip

_SECRETS = (tokens.KEYS["11"].hex(),)
