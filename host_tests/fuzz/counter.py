"""What is done at the counter of the station, as bytes say."""

import io
import json

from rigs.stations import DRN, SGC
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
from meter20.vending.decimal_text import hundredths, tenths
from meter20.vending.receipt import Receipt
from meter20.vending.sealing import Secret
from meter20.vending.vending_key import KeyTerms

MONEY_DRN, BARE_DRN, _UNKNOWN_DRN = "01000000008", "02000000006", "03000000004"
NUMBERS = (DRN, DRN, DRN, MONEY_DRN, BARE_DRN, _UNKNOWN_DRN)
TRANSPORT = Secret("key-file", bytes(32))  # test key
VK = bytes(range(20)).hex()  # test key
_KINDS = tuple(row[3] for row in kinds.TABLE if row[0] == 2)
_PAGE_EACH = 4


def _check_slip(station, slip):
    """A receipt can be shown anywhere, and its tokens say what it says."""
    receipt = Receipt.of(slip, station.name)
    told = json.loads(json.dumps(receipt.data()))
    for line in receipt.text().split("\n"):
        check_words(line)
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


def check_words(words):
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
            check_words(answer["message"])
        else:
            assert answer["tokens"]
            check_words(answer["currency"])


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
        supply_groups.import_groups(desk, text, TRANSPORT)


def _import_sealed(station, feed):
    """The file is sealed as it must be, by one who knows the secret; what it holds is not."""
    lock = sealing.Lock("key-file", bytes(16), 0)
    header = {"format": transport.FORMAT, "lock": lock.kind, "salt": lock.salt.hex(), "cost": 0}
    plain = feed.take(feed.number(2))
    sealed = sealing.seal(lock.key(TRANSPORT), plain, transport._about(header))
    with station.desk() as desk:
        text = json.dumps(header | {"sealed": sealed.hex()})
        supply_groups.import_groups(desk, text, TRANSPORT)


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
        check_words(str(value))


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
        desk.module.keys.change_limits(desk.session, row, limits, desk.actor)


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


#: {name: what is done with (station, feed)}
OPERATIONS = {
    "batch": _batch,
    "credit": _credit,
    "tariff": _tariff,
    "import": _import,
    "import_sealed": _import_sealed,
    "meter": _meter,
    "group": _group,
    "limit": _limit,
    "manage": _manage,
    "test": _test,
    "reprint": _reprint,
    "reverse": _reverse,
    "key_change": _key_change,
    "provision": _provision,
    "history": _history,
}
