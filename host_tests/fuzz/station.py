"""Target: the vending station. What its commands hand on: orders, imports, tariffs, registrations.

A case is what is done at the counter of a small station, all in one transaction that is taken
back at its end.
"""

import atexit
import contextlib
import io
import json
import tempfile
from pathlib import Path

from fuzz import feed as feeds
from fuzz.feed import Feed
from rigs.stations import DRN, SGC, TARIFF, Clock
from sqlalchemy.orm import Session
from sts import amount, decoder, digits, kinds

from meter20 import given_text
from meter20.vending import (
    batch,
    fitting,
    meter_list,
    rekey,
    sales,
    sealing,
    supply_groups,
    tariff_list,
    transport,
)
from meter20.vending.books import Books
from meter20.vending.decimal_text import hundredths, tenths
from meter20.vending.receipt import Receipt
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

_MONEY_DRN, _BARE_DRN, _UNKNOWN_DRN = "01000000008", "02000000006", "03000000004"
_NUMBERS = (DRN, DRN, DRN, _MONEY_DRN, _BARE_DRN, _UNKNOWN_DRN)
_TRANSPORT = Secret("key-file", bytes(32))  # test key
_VK = bytes(range(20)).hex()  # test key
_KINDS = tuple(row[3] for row in kinds.TABLE if row[0] == 2)
_OPERATIONS_MAX = 4
_PAGE_EACH = 4


class _Scratch(Storage):
    """A database that forgets: each writing transaction is a savepoint of one that never ends."""

    def begin(self):
        """Begin what `forget` takes back."""
        self._anchored = self.anchor.read_bytes()
        self._connection = self._engine.connect()
        self._outer = self._connection.begin()

    def check(self, thoroughly=False):
        """The connection is in use; it was made by this version."""

    def asked(self, statement):
        """Return the rows of a statement."""
        return self._connection.exec_driver_sql(statement).all()

    def forget(self):
        self._outer.rollback()
        self._connection.close()
        self.anchor.write_bytes(self._anchored)  # what it noted since is taken back, too

    @contextlib.contextmanager
    def writing(self):
        with self._words(), self._connection.begin_nested() as savepoint:
            with Books(self._connection) as books:
                yield books
                books.flush()
                books.commit()
            if savepoint.is_active:
                savepoint.commit()

    @contextlib.contextmanager
    def reading(self):
        with self._words(), Session(self._connection, autoflush=False) as session:
            yield session
            session.expunge_all()


_FOLDER = tempfile.TemporaryDirectory(prefix="meter20-fuzz-")
_STORAGE = None


def _station():
    """Return a station on a new transaction, with meters that count energy, money and nothing."""
    global _STORAGE  # noqa: PLW0603  made once for all cases, when the first one asks
    if _STORAGE is None:
        _STORAGE = _founded()
        atexit.register(_FOLDER.cleanup)
    _STORAGE.begin()
    return Station(_STORAGE, _SECRET, "thandi", Clock(2026, 3, 10, 9, 30))


_SECRET = Secret("key-file", bytes(range(32)))  # test key


def _founded():
    where = str(Path(_FOLDER.name) / "station.sqlite")
    station = Station.found(Storage(where), _SECRET, "kiosk", "thandi", Clock(2026, 3, 1, 9, 30))
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF)
        supply_groups.add_group(desk, KeyTerms(SGC), "town", "home", _VK)
        supply_groups.add_group(desk, KeyTerms("654321"), "no tariff")
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, customer="Thandi"))
        meter_list.add_meter(desk, meter_list.NewMeter(_MONEY_DRN, SGC, accounting="currency"))
        meter_list.add_meter(desk, meter_list.NewMeter(_BARE_DRN, "654321", debt=5000))
    return _Scratch(where)


def case(data: bytes):
    """Do at a counter what `data` says; raise AssertionError if a rule of the books is broken."""
    feed = Feed(data)
    station = _station()
    try:
        for _ in range(_OPERATIONS_MAX):
            if not feed.left:
                break
            _turn(station, feed)
        with station.looking() as session:
            report = station.module.verify_log(session)
            assert report.broken is None, report
    finally:
        _STORAGE.forget()


def almost(chance) -> bytes:
    """Return operations of which most can be done."""
    made = b""
    for _ in range(chance.choice((1, 1, 2, 4))):
        operation = chance.randrange(len(_OPERATIONS))
        made += feeds.number(operation) + _MADE[operation](chance)
    return feeds.spoilt(made, chance) if chance.random() < 0.1 else made


def _turn(station, feed):
    """Do one operation; a refusal leaves the books as they were."""
    before = _books()
    operation = _OPERATIONS[feed.number() % len(_OPERATIONS)]
    try:
        operation(station, feed)
    except Refusal as refused:
        _check_words(str(refused))
        after = _books()
        assert after[:-1] == before[:-1], "a refusal changed the books"
        assert after[-1][0][0] - before[-1][0][0] in (0, 1)  # its own entry in the log
    assert not _STORAGE.asked(_TWICE), "a meter got a minute twice"


def _books():
    """Return what only an accepted order may change, and the length of the log last."""
    return [tuple(_STORAGE.asked(each)) for each in _ASKED]


_ASKED = (
    "SELECT drn, debt_cents, carried_cents, last_tid, period_units, vending_key_id FROM meter",
    "SELECT count(*) FROM slip UNION ALL SELECT count(*) FROM token "
    "UNION ALL SELECT count(*) FROM vending_key UNION ALL SELECT count(*) FROM tariff",
    "SELECT count(*) FROM audit_entry",
)
_TWICE = (
    "SELECT meter_id, base_date, tid FROM token WHERE tid IS NOT NULL "
    "GROUP BY meter_id, base_date, tid HAVING count(*) > 1"
)


def _check_slip(station, slip):
    """A receipt can be shown anywhere, and its tokens say what it says."""
    receipt = Receipt.of(slip, station.name)
    told = json.loads(json.dumps(receipt.data()))
    for line in receipt.text().split("\n"):
        _check_words(line)
    if slip.id % _PAGE_EACH == 0:  # drawing its code takes longer than all the rest
        receipt.page().encode()
    if slip.lines:
        assert sum(cents for _words, cents in slip.lines) == slip.paid_cents
    for token in told["tokens"]:
        read = digits.parse(token["digits"])
        assert read is not None
        if digits.split(read)[0] == 1:
            continue
        assert _understood(station, slip, token), "no meter understands the token"


def _understood(station, slip, token):
    """Whether the meter of `slip`, with the key that it had or has, reads the token's kind."""
    if slip.operation not in (sales.CREDIT, sales.MANAGE):
        return True  # a key change is under the key before
    meter = slip.meter
    key = station.module._decoder_key(meter_list.key_of(meter))
    found = decoder.decode(digits.parse(token["digits"]), decoder.cipher(meter.ea, key), meter.ea)
    if found.kind == kinds.ELECTRICITY and "free" not in token["label"]:
        assert amount.from_field(found.fields["amount_field"]) == slip.units
    return found.crc_ok and found.kind == token["kind"]


def _check_words(words):
    """Words for people: no control character that a terminal would obey."""
    assert all(char.isprintable() or char == "\n" or ord(char) > 0x9F for char in words), (
        "a control character in words: " + ascii(words)
    )
    words.encode()


# -- what is done at the counter -----------------------------------------------------------------


def _batch(station, feed):
    lines = list(given_text.lines(io.BytesIO(feed.take(feed.number(2)))))
    chunk = feed.pick((1, 3, 500))
    answers = list(batch.run(station, lines, chunk))
    assert len(answers) == len(lines), "an order without an answer, or an answer too many"
    for answer in answers:
        json.loads(json.dumps(answer))
        if "error" in answer:
            assert answer["error"] and answer["message"]
            _check_words(answer["message"])
        else:
            assert answer["tokens"]
            _check_words(answer["currency"])


def _credit(station, feed):
    amount = feed.text()
    by_money = feed.number() & 1
    order = sales.CreditOrder(
        meter=feed.text(),
        money=hundredths(amount, "--money") if by_money else None,
        units=None if by_money else tenths(amount, "--kwh"),
        ref=feed.pick((None, feed.text())),
    )
    with station.desk() as desk:
        slip = sales.credit(desk, order)
    _check_slip(station, slip)


def _tariff(station, feed):
    terms, name = feed.take(feed.number(2)), feed.text()
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, name, tariff_list.read_terms(terms))
        meter = meter_list.find_meter(desk.session, DRN)
        meter.tariff = name
        desk.session.flush()


def _import(station, feed):
    text = feed.take(feed.number(2)).decode("utf-8", "replace")
    with station.desk() as desk:
        supply_groups.import_groups(desk, text, _TRANSPORT)


def _import_sealed(station, feed):
    """The file is sealed as it must be, by one who knows the secret; what it holds is not."""
    lock = sealing.Lock("key-file", bytes(16), 0)
    header = {"format": transport.FORMAT, "lock": lock.kind, "salt": lock.salt.hex(), "cost": 0}
    plain = feed.take(feed.number(2))
    sealed = sealing.seal(lock.key(_TRANSPORT), plain, transport._about(header))
    with station.desk() as desk:
        text = json.dumps(header | {"sealed": sealed.hex()})
        supply_groups.import_groups(desk, text, _TRANSPORT)


def _meter(station, feed):
    new = meter_list.NewMeter(
        number=feed.text(), sgc=feed.text(), ti=_number(feed), ea=feed.pick(("11", "07", "x")),
        krn=feed.pick((None, _number(feed))), base_date=feed.pick((None, 2014, _number(feed))),
        ken=feed.pick((None, _number(feed))), customer=feed.text(),
        tariff=feed.pick((None, "home", feed.text())),
        accounting=feed.pick((fitting.ENERGY, fitting.MONEY, "x")),
        debt=hundredths(feed.text(), "--debt"),
    )  # fmt: skip
    with station.desk() as desk:
        meter = meter_list.add_meter(desk, new)
    for value in meter_list.meter_facts(meter).values():
        _check_words(str(value))


def _group(station, feed):
    terms = KeyTerms(
        sgc=feed.text(), krn=_number(feed), kt=_number(feed), ken=_number(feed),
        base_date=feed.pick((2014, 1993, 2035, _number(feed))), dkga=feed.pick(("04", "02", "x")),
        ea=feed.pick(("11", "07", "x")), kinds=feed.pick(("credit", feed.text())),
        max_token_energy=feed.pick((None, _number(feed))),
        max_day_currency=feed.pick((None, _number(feed))),
    )  # fmt: skip
    with station.desk() as desk:
        row = supply_groups.add_group(
            desk, terms, feed.text(), feed.pick((None, "home")), feed.text()
        )
    with station.looking() as session:
        supply_groups.key_facts(session, row)


def _limit(station, feed):
    limits = {feed.pick(("ken", "max_token_energy", "max_day_energy")): _number(feed)}
    with station.desk() as desk:
        row = supply_groups.find_key(desk.session, SGC, "11")
        desk.module.change_limits(desk.session, row, limits, desk.actor)


def _manage(station, feed):
    with station.desk() as desk:
        slip = sales.manage(desk, feed.text(), feed.pick(_KINDS), _number(feed), "words")
    _check_slip(station, slip)


def _test(station, feed):
    with station.desk() as desk:
        if feed.number() & 1:
            slip = sales.read_extended(desk, _number(feed))
        else:
            slip = sales.meter_test(desk, _number(feed), feed.text())
    _check_slip(station, slip)


def _reprint(station, feed):
    with station.desk() as desk:
        slip = sales.reprinted(desk, _number(feed))
    _check_slip(station, slip)


def _reverse(station, feed):
    with station.desk() as desk:
        slip = sales.reverse(desk, _number(feed), feed.text(), bool(feed.number() & 1))
    _check_slip(station, slip)


def _key_change(station, feed):
    new = rekey.NewKey(
        feed.pick((None, None, feed.text())), feed.pick((None, _number(feed))),
        feed.pick((None, _number(feed))), feed.pick((None, _number(feed))),
        feed.pick((None, None, _number(feed))),
    )  # fmt: skip
    with station.desk() as desk:
        slip = rekey.change_key(desk, feed.text(), new)
    _check_slip(station, slip)


def _provision(station, feed):
    factory = rekey.Factory(1 + abs(_number(feed)), abs(_number(feed)))
    with station.desk() as desk:
        record, slip = rekey.provision(
            desk, feed.text(), factory, bool(feed.number() & 1), bool(feed.number() & 1)
        )
    json.dumps(record)
    if slip is not None:
        _check_slip(station, slip)


def _history(station, feed):
    with station.looking() as session:
        meter_list.meters(session, 1 + abs(_number(feed)))
        sales.history(session, None, 1 + abs(_number(feed)))


def _number(feed):
    """Return a number: small as a rule, or as large as a command line takes."""
    size = feed.pick((1, 1, 1, 1, 4, 8, 9, 20))
    value = feed.number(size)
    return -value if feed.number() >= 0xF0 else value


_OPERATIONS = (
    _batch, _batch, _credit, _credit, _tariff, _import, _import_sealed, _meter, _group, _limit,
    _manage, _test, _reprint, _reverse, _key_change, _provision, _history,
)  # fmt: skip


# -- made for `almost` ---------------------------------------------------------------------------


def _long(data: bytes) -> bytes:
    return feeds.number(len(data), 2) + data


def _amount(chance):
    return chance.choice((
        "100", "10.5", "0.1", "0", "-1", "1e3", "1e-999999999", "1e999999999", "999999999999.99",
        "NaN", "sNaN", "0.00999999999999999999999999999999", "1638.4", "१०", "1_0", "",
        str(chance.randrange(10**6) / 100), feeds.awkward_text(chance),
    ))  # fmt: skip


def _drn(chance):
    return chance.choice((*_NUMBERS, *_NUMBERS, feeds.awkward_text(chance), DRN[:-1] + "4"))


def _json(chance, value):
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _order(chance):
    order = {"meter": _drn(chance), chance.choice(("money", "money", "kwh")): _amount(chance)}
    if chance.random() < 0.3:
        order["ref"] = chance.choice(("a", "b", feeds.awkward_text(chance), 7, None, []))
    if chance.random() < 0.1:
        order[chance.choice(("meter", "money", "kwh", "x"))] = chance.choice(
            (None, 1 << 70, 1e400, [], {}, True, feeds.awkward_text(chance))
        )
    line = _json(chance, order)
    return chance.choice((line, line, line, line, b"[" * 100_000, feeds.spoilt(line, chance)))[
        :60_000
    ]


def _terms(chance):
    terms = json.loads(json.dumps(TARIFF))
    for _ in range(chance.choice((0, 0, 1, 2))):
        name = chance.choice([*terms, "free_kwh", "fixed_per", "x"])
        terms[name] = chance.choice((
            _amount(chance), 1e400, None, [], {}, -1, "purchase", 100,
            [{"price": _amount(chance)}],
            [{"up_to_kwh": _amount(chance), "price": "1"}, {"price": "2"}],
        ))  # fmt: skip
    return _json(chance, terms)


def _file(chance):
    """Return a transport file, of this station's secret or nearly."""
    entries = [(KeyTerms("777777", krn=chance.randint(1, 9)), bytes(range(20)))]
    file = json.loads(transport.sealed_file(entries, _TRANSPORT))
    for _ in range(chance.choice((0, 1, 1, 2))):
        name = chance.choice([*file, "x"])
        file[name] = chance.choice((
            None, 5, 1e400, [], {}, "passphrase", "key-file", "zz", "00", -1,
            feeds.awkward_text(chance),
        ))  # fmt: skip
    return _json(chance, file)


def _content(chance):
    """Return what a transport file holds, sealed by one who knows the secret: good, or nearly."""
    entry = json.loads(KeyTerms("888888", krn=chance.randint(1, 9)).sealed_text())
    entry["key"] = bytes(range(20)).hex()
    for _ in range(chance.choice((0, 1, 1, 2))):
        name = chance.choice([*entry, "x"])
        entry[name] = chance.choice((None, 5, 1 << 70, 1.5, [], {}, "zz", "", True, "07", -1))
    if chance.random() < 0.1:
        del entry[chance.choice(list(entry))]
    return _json(chance, chance.choice(([entry], [entry], [entry, entry], entry, [[]], 5)))


def _small(chance):
    return bytes([0, chance.randrange(60), 0])


def _any_number(chance):
    size = chance.choice((1, 4, 8, 9, 20))
    choice = {1: 0, 4: 4, 8: 5, 9: 6, 20: 7}[size]
    return (
        bytes([choice]) + chance.choice((b"\xff", b"\x7f", b"\x00")) * size + chance.randbytes(1)
    )


def _num(chance):
    return _small(chance) if chance.random() < 0.8 else _any_number(chance)


def _opt(chance):
    """Return a number that may be left out, and mostly is."""
    return _num(chance) + bytes([0 if chance.random() < 0.7 else chance.randrange(256)])


def _word(chance):
    return feeds.text(chance.choice(("town", "home", SGC, feeds.awkward_text(chance))))


_MADE_NAMED = {
    _batch: lambda c: _long(b"\n".join(_order(c) for _ in range(c.choice((1, 2, 5)))))
    + c.randbytes(1),
    _credit: lambda c: feeds.text(_amount(c)) + c.randbytes(1) + feeds.text(_drn(c))
    + c.randbytes(1) + _word(c),
    _tariff: lambda c: _long(_terms(c)) + _word(c),
    _import: lambda c: _long(_file(c)),
    _import_sealed: lambda c: _long(_content(c)),
    _meter: lambda c: feeds.text(_drn(c)) + _word(c) + _num(c) + b"\x00" + _opt(c) + _opt(c)
    + _opt(c) + _word(c) + _word(c) + c.choice((b"\x00", b"\x01", b"\x02")) + b"\x00"
    + feeds.text(_amount(c)),
    _group: lambda c: feeds.text(c.choice(("222222", "22222", feeds.awkward_text(c)))) + _num(c)
    + c.choice((b"\x00\x02\x00", _num(c))) + _num(c) + _opt(c) + b"\x00\x00" + _word(c) + b"\x00"
    + _opt(c) + _opt(c) + _word(c) + b"\x00" + feeds.text(c.choice(("", _VK, "zz"))),
    _limit: lambda c: c.randbytes(1) + _num(c),
    _manage: lambda c: feeds.text(_drn(c)) + c.randbytes(1) + _num(c),
    _test: lambda c: c.randbytes(1) + _num(c) + feeds.text(c.choice(("00", "0000", "12", "²²"))),
    _reprint: lambda c: bytes([0, c.randrange(4), 0]) if c.random() < 0.7 else _num(c),
    _reverse: lambda c: (bytes([0, c.randrange(4), 0]) if c.random() < 0.7 else _num(c)) + _word(c)
    + c.randbytes(1),
    _key_change: lambda c: _word(c) + b"\x00" + b"".join(_opt(c) for _ in range(4))
    + feeds.text(_drn(c)),
    _provision: lambda c: _num(c) + _num(c) + feeds.text(_drn(c)) + c.randbytes(2),
    _history: lambda c: _num(c) + _num(c),
}  # fmt: skip
_MADE = tuple(_MADE_NAMED[operation] for operation in _OPERATIONS)
