"""What is made for the counter of the station: operations of which most can be done."""

import json

from fuzz import feed as feeds
from fuzz.counter import NUMBERS, TRANSPORT, VK
from rigs.stations import DRN, SGC, TARIFF

from meter20.vending import transport
from meter20.vending.vending_key import KeyTerms


def _long(data: bytes) -> bytes:
    return feeds.number(len(data), 2) + data


def _amount(chance):
    return chance.choice((
        "100", "10.5", "0.1", "0", "-1", "1e3", "1e-999999999", "1e999999999", "999999999999.99",
        "NaN", "sNaN", "0.00999999999999999999999999999999", "1638.4", "१०", "1_0", "",
        str(chance.randrange(10**6) / 100), feeds.awkward_text(chance),
    ))  # fmt: skip


def _drn(chance):
    return chance.choice((*NUMBERS, *NUMBERS, feeds.awkward_text(chance), DRN[:-1] + "4"))


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
    file = json.loads(transport.sealed_file(entries, TRANSPORT))
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


#: {name in counter.OPERATIONS: what makes the bytes of one}
MADE = {
    "batch": lambda c: _long(b"\n".join(_order(c) for _ in range(c.choice((1, 2, 5)))))
    + c.randbytes(1),
    "credit": lambda c: feeds.text(_amount(c)) + c.randbytes(1) + feeds.text(_drn(c))
    + c.randbytes(1) + _word(c),
    "tariff": lambda c: _long(_terms(c)) + _word(c),
    "import": lambda c: _long(_file(c)),
    "import_sealed": lambda c: _long(_content(c)),
    "meter": lambda c: feeds.text(_drn(c)) + _word(c) + _num(c) + b"\x00" + _opt(c) + _opt(c)
    + _opt(c) + _word(c) + _word(c) + c.choice((b"\x00", b"\x01", b"\x02")) + b"\x00"
    + feeds.text(_amount(c)),
    "group": lambda c: feeds.text(c.choice(("222222", "22222", feeds.awkward_text(c)))) + _num(c)
    + c.choice((b"\x00\x02\x00", _num(c))) + _num(c) + _opt(c) + b"\x00\x00" + _word(c) + b"\x00"
    + _opt(c) + _opt(c) + _word(c) + b"\x00" + feeds.text(c.choice(("", VK, "zz"))),
    "limit": lambda c: c.randbytes(1) + _num(c),
    "manage": lambda c: feeds.text(_drn(c)) + c.randbytes(1) + _num(c),
    "test": lambda c: c.randbytes(1) + _num(c) + feeds.text(c.choice(("00", "0000", "12", "²²"))),
    "reprint": lambda c: bytes([0, c.randrange(4), 0]) if c.random() < 0.7 else _num(c),
    "reverse": lambda c: (bytes([0, c.randrange(4), 0]) if c.random() < 0.7 else _num(c))
    + _word(c) + c.randbytes(1),
    "key_change": lambda c: _word(c) + b"\x00" + b"".join(_opt(c) for _ in range(4))
    + feeds.text(_drn(c)),
    "provision": lambda c: _num(c) + _num(c) + feeds.text(_drn(c)) + c.randbytes(2),
    "history": lambda c: _num(c) + _num(c),
}  # fmt: skip
