"""Target: what a broker sends. Any octets, packets that are nearly right, tokens that are good.

A case is what comes on the line, before the meter is connected or after. Whatever it is: no
exception, no credit but of a genuine token, no key in what the meter says, and the keypad served.
"""

from data import meters
from fuzz import feed as feeds
from fuzz import oracle
from fuzz.feed import Feed
from models.broker import Broker, packet, text, word
from rigs.net_meter import BROKER, Meter

_TOPIC = f"meter20/{meters.DRN}/token"
_TOKEN = meters.TOKEN_100_WH.encode()
_SECRETS = (meters.KEY.hex().encode(), meters.KEY, b"a secret")
_TURN_MS = 20
_TURNS_MAX = 200


def case(data: bytes):
    """Let a meter's broker send what `data` says; raise if a rule is broken."""
    feed = Feed(data)
    meter = Meter(Broker(), state=meters.state())
    meter.ask(BROKER)
    how = feed.number()
    if how & 1:
        meter.broker.silent = True  # it is not connected when this comes
    meter.run(3)
    stream = feed.rest()
    with oracle.watching(0) as books:
        for _ in range(how % 3):  # twice, as brokers do that heard no acknowledgement
            meter.broker.connection.sent += stream
            for _ in range(min(len(stream) // 20 + 20, _TURNS_MAX)):
                meter.run(_TURN_MS / 1000)
            books.check(meter.app.meter)
        for key in meters.TEST_TOTAL:
            meter.app.front.press(key, meter.clock.now_ms)
        meter.run(_TURN_MS / 1000)
        assert meter.app.front.lines[0] == "Total used", meter.app.front.lines
        said = repr(meter.broker.published).encode()
        assert not [secret for secret in _SECRETS if secret in said]
        oracle.reply(meter.service.reply(b'{"do":"mqtt"}', 0).encode(), ("a secret",))


def almost(chance) -> bytes:
    """Return packets that are right or nearly, some of them spoilt."""
    stream = b"".join(packet_of(chance) for _ in range(chance.choice((1, 2, 4, 8))))
    if chance.random() < 0.5:
        stream = feeds.spoilt(stream, chance)
    return bytes([chance.choice((1, 2, 4, 8))]) + stream


def packet_of(chance):
    """Return one packet that is right, or nearly."""
    identity = word(chance.choice((1, 2, 2, 3, 0, 65_535)))
    payload = chance.choice(
        (_TOKEN, _TOKEN, chance.randbytes(20), b"%020d" % chance.randrange(10**20), b"5" * 300)
    )
    topic = chance.choice((_TOPIC, _TOPIC, _TOPIC[:-1], "", "meter20/#"))
    head = chance.choice((0x32, 0x32, 0x30, 0x3A, 0x34, 0x36))
    return chance.choice(
        (
            packet(head, text(topic) + (identity if head & 6 else b"") + payload),
            packet(0x40, identity),
            packet(0x90, identity + bytes([chance.choice((0, 1, 0x80))])),
            packet(0x20, bytes([chance.randrange(2), chance.randrange(7)])),
            packet(0xD0, b""),
            packet(0xB0, identity),
            packet(chance.randrange(256), chance.randbytes(chance.randrange(40))),
            bytes([0x32, 0xFF, 0xFF, 0xFF, chance.choice((0x7F, 0xFF))]) + chance.randbytes(30),
        )
    )
