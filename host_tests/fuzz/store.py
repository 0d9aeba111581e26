"""Target: the loader of what was stored. Every kind of store, spoilt, and records that are wrong.

A case is a meter that was in use, and what happened to its flash while it had no power: cells
changed, and slots written whose checksum is right whatever they hold.
"""

import struct
from binascii import crc32

from account.meter import NotProvisioned
from account.register import with_credit
from account.state import changed
from data import meters
from flash_chip import PAGE, SECTOR, FlashChip, FlashPart, RamImage
from fuzz import feed as feeds
from fuzz import oracle
from fuzz.feed import Feed
from meter.app import App
from models import carriers, little_files
from panel import short_codes
from parts import Clock, SimDisplay, SimKeypad, SimLoadSwitch, SimPulses
from ports.record_store import StoreFailed
from rigs import whole_meter
from service_port.service import Service
from store import slot_store
from store.slot_store import SlotStore

_OLDER, _NEWEST = 10_000, 40_000  # Wh
_CREDIT_AT = 36  # of a record of the state
_BLOWS_MAX = 12
_RECORD_MAX = 244
_TOKEN = whole_meter.token(tid=meters.MANUFACTURED + 2000)
_TABLES = short_codes.COMMON + short_codes._DIALECTS["landisgyr"]
_CODES = sorted({line.split()[0] for line in _TABLES.split("\n") if line} | {"8", "70", "45607"})
_SECRETS = (meters.KEY.hex(),)


class _Used:
    """A carrier with a meter that was in use: its flash, and the records that lie there."""

    def __init__(self, carrier):
        self.carrier = carrier
        rig = whole_meter.Rig(carrier)
        rig.provision()
        for _ in range(5):
            rig.meter.start(0)
        rig.enter(whole_meter.token())
        register = with_credit(rig.state.register, _NEWEST)
        rig.meter.kept.commit(changed(rig.state, register=register))
        rig.app.step(0)
        rig.use(3)
        self.image = rig.image.read(0, rig.image.size())
        media = carrier.media(FlashChip(rig.image))
        self.records = [SlotStore(medium).load() for medium in media]

    def restored(self):
        """Return a chip and its media, as the meter left them."""
        image = RamImage(len(self.image))
        image.write(0, self.image)
        return image, list(self.carrier.media(FlashChip(image)))


_USED = tuple(_Used(carrier) for carrier in (*carriers.ALL, *little_files.ALL))
_WHICH = (0,) * 20 + (1,) * 4 + (2,) * 20 + (3, 4)  # those with much flash are slow


def case(data: bytes):
    """Spoil a store as `data` says and start the meter; raise if a rule is broken."""
    feed = Feed(data)
    used = _USED[feed.pick(_WHICH)]
    image, media = used.restored()
    credits = {0, _OLDER, _NEWEST}
    for _ in range(_BLOWS_MAX):
        if not feed.left:
            break
        _BLOWS[feed.number() % len(_BLOWS)](feed, used, image, media, credits)
    with oracle.watching(max(credits)) as books:
        app = _booted(used.carrier, image)
        credit = app.meter.state.register.credit
        assert credit in credits, ("credit from nowhere", credit)
        assert app.meter.provisioned or not app.front.relay_closed
        _use(app, crc32(data), used.carrier)
        books.check(app.meter)
        after = _booted(used.carrier, image)
        _check(after)
        books.check(after.meter)


def almost(chance) -> bytes:
    """Return blows of which most make a slot whose checksum is right."""
    made = chance.randbytes(1)
    for _ in range(chance.choice((1, 1, 2, 4))):
        blow = chance.choice((0, 1, 2, 2, 2, 3, 4))
        made += feeds.number(blow) + _MADE[blow](chance)
    return made


def _booted(carrier, image):
    store, cold = (SlotStore(medium) for medium in carrier.media(FlashChip(image)))
    clock = Clock()
    app = App(
        whole_meter.ports(
            store=store, notes=cold, pulses=SimPulses(clock), display=SimDisplay(16, 2),
            keypad=SimKeypad(), load_switch=SimLoadSwitch(),
        ), 0,
    )  # fmt: skip
    assert app.fault is None, app.fault
    app.step(0)
    return app


def _check(app):
    assert app.fault is None, app.fault
    oracle.lines(app.front.lines, 16, 2)


def _use(app, chosen, carrier):
    """Look at some of what the meter shows, use energy and enter a token. chosen: a number."""
    now_ms = 1000
    service = Service(app)
    keys = ["C#%s#" % _CODES[(chosen + step) % len(_CODES)] for step in range(2)] + ["A"] * (
        chosen % 8
    )
    for pressed in keys:
        for key in pressed:
            app.front.press(key, now_ms)
        for _ in range(2):
            app.step(now_ms)
            _check(app)
            now_ms += 4000
    for pulses in (100, 1000):
        now_ms += 6000
        app._ports.pulses.train(pulses, 0)
        app.step(now_ms)
        _check(app)
    for digits in (_TOKEN, _TOKEN, meters.TEST_ALL if chosen % 8 == 0 else meters.TEST_TOTAL):
        try:
            app.front.enter(digits, now_ms)
        except NotProvisioned:
            pass  # documented
        except StoreFailed:
            assert carrier is carriers.NVS  # the others take what they are given
        for _ in range(3 if digits != meters.TEST_ALL else 36):
            app.step(now_ms)
            _check(app)
            now_ms += 4000
    oracle.reply(service.reply(b'{"do":"read"}', now_ms).encode(), _SECRETS)


def _write(used, image, medium, slot, content):
    """Put `content` into a slot, whatever was there."""
    if medium.whole:
        try:
            medium.write(slot, content)
        except OSError:
            assert used.carrier is carriers.NVS  # so spoilt that there is no room
    else:
        at = medium._offset(slot)
        if isinstance(medium._flash, FlashPart):
            at += medium._flash.start
        image.write(at, content[:PAGE])


def _cells(feed, used, image, media, _credits):
    """Cells change."""
    at = feed.number(3) % image.size()
    _overwrite(used, image, media, at, feed.block()[: image.size() - at])


def _sector(feed, used, image, media, _credits):
    """A sector is lost."""
    at = feed.number() * SECTOR % image.size()
    _overwrite(used, image, media, at, feed.pick((b"\x00", b"\xff")) * SECTOR)


def _overwrite(used, image, media, at, cells):
    """Change cells while the power is off; what knows them in RAM starts anew."""
    if used.carrier not in little_files.ALL:  # whose C is not ours; powercut/ flips its bits
        image.write(at, cells)
        media[:] = used.carrier.media(FlashChip(image))


def _good_slot(feed, used, image, media, credits):
    """A slot is written whose checksum is right: the record is ours, with some bytes changed."""
    cold = feed.pick((0, 0, 1))
    medium, record = media[cold], bytearray(used.records[cold])
    for _ in range(feed.number() % 4):
        at, with_ = feed.number() % (len(record) + 1), feed.block()
        record[at : at + len(with_)] = with_
    cut = feed.pick((0, 0, 0, 0, 1, 3, 100))
    record = bytes(record[: min(_RECORD_MAX, max(0, len(record) - cut))])
    seq, back = feed.number(2), feed.number()
    content = slot_store._encoded(seq << 16 | seq if seq & 1 else seq, back, record)
    if not medium.whole:
        content = content.ljust(medium.size - 1, b"\xff") + b"\x00"
    _write(used, image, medium, feed.number() % medium.slots, content)
    if cold == 0 and len(record) >= _CREDIT_AT + 8:
        credits.add(struct.unpack_from("<q", record, _CREDIT_AT)[0])


def _any_slot(feed, used, image, media, _credits):
    """A slot is written with anything."""
    medium = feed.pick(media)
    _write(used, image, medium, feed.number() % medium.slots, feed.block())


def _bit(feed, used, image, media, _credits):
    """A bit of a slot flips."""
    medium = feed.pick(media)
    slot = feed.number() % medium.slots
    content = bytearray(medium.read(slot))
    if content:
        at = feed.number() % len(content)
        content[at] ^= 1 << feed.number() % 8
        _write(used, image, medium, slot, bytes(content))


_BLOWS = (_cells, _sector, _good_slot, _any_slot, _bit)


def _good_slot_made(chance):
    changes = chance.choice((0, 1, 1, 1, 2))
    made = chance.randbytes(1) + feeds.number(changes)
    for _ in range(changes):
        value = chance.choice((b"\x00", b"\xff", b"\x7f", b"\x80", chance.randbytes(1)))
        size = chance.choice((1, 1, 2, 4, 8))
        made += chance.randbytes(1) + feeds.block(
            chance.choice((value, chance.randbytes(1))) * size
        )
    made += chance.choice((b"\x00", b"\x00", b"\x00", chance.randbytes(1)))  # cut
    return made + feeds.number(chance.randrange(40), 2) + chance.randbytes(2)


_MADE = {
    0: lambda chance: chance.randbytes(3) + feeds.block(chance.randbytes(chance.randrange(9))),
    1: lambda chance: chance.randbytes(2),
    2: _good_slot_made,
    3: lambda chance: chance.randbytes(2) + feeds.block(chance.randbytes(chance.randrange(256))),
    4: lambda chance: chance.randbytes(4),
}
