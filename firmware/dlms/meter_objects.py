"""The meter as COSEM objects: registers, clock, account, credit, token gateway, profiles.

`facts`, dlms.facts.Facts, says what the meter knows; nothing here changes a credit, a key or the
load switch: the only method that does anything is `enter` of the token gateway, and it takes 20
digits. Pure: imports `dlms` modules and `const`, nothing else.
Source: IEC 62056-6-2, interface classes; attribute types as public clients read them.
"""

from micropython import const

from dlms import axdr, services
from dlms.axdr import BOOLEAN, ENUM, I8, I16, I32, U8, U16, U32, array, bits, number, structure
from dlms.objects import Object, Objects, octets

ACCOUNT, CREDIT, GATEWAY = "0.0.19.0.0.255", "0.0.19.10.0.255", "0.0.19.40.0.255"
CLOCK, TOTAL, POWER = "0.0.1.0.0.255", "1.0.1.8.0.255", "1.0.1.7.0.255"
_WH, _W = const(30), const(27)  # units
_CLOCK_CLASS, _REGISTER_CLASS = const(8), const(3)
_NEVER = (2000, 1, 1, 0, 0, 0, 6)
_RANGE, _ENTRIES = const(1), const(2)
_PERIOD_S = const(900)
_NO_ZONE, _ANY = const(0x8000), const(0xFF)  # of a time: what is not specified
_ZERO = b"\x05\x00\x00\x00\x00"  # double-long 0


def _refused(count):
    """Return `count` methods, each of which is refused."""
    return {index: lambda _value: services.known(services.DENIED) for index in range(1, count + 1)}


def made(facts, association) -> Objects:
    """Return the objects of a meter. association: the dlms.association.Association they serve."""
    objects = Objects(
        [_data("0.0.42.0.0.255", lambda: axdr.octets(facts.device_name()))]
        + [_data("0.0.96.1.0.255", lambda: axdr.octets(facts.number().encode()))]
        + [_data("0.0.43.1.0.255", lambda: number(U32, facts.counter()))]
        + [_clock(facts)]
        + [_register(TOTAL, U32, facts.total_wh, _WH), _register(POWER, U32, facts.power_w, _W)]
        + [_switch(facts), _account(facts), _credit(facts), _gateway(facts.gateway)]
        + [_profile("1.0.99.1.0.255", facts.load, _LOAD_COLUMNS, _PERIOD_S)]
        + [_profile("0.0.99.15.0.255", facts.tokens, _TOKEN_COLUMNS, 0)]
    )
    objects.add(_association(objects, association))
    return objects


def _data(name, value):
    """An object that holds one value; what these hold is no secret."""
    return Object(1, name, {2: value}, public=True)


def _register(name, tag, value, unit):
    attributes = {
        2: lambda: number(tag, value()),
        3: structure(number(I8, 0), number(ENUM, unit)),
    }
    return Object(_REGISTER_CLASS, name, attributes, _refused(1))


def _clock(facts):
    attributes = {
        2: lambda: _time(facts.now()),
        3: number(I16, 0),
        4: lambda: number(U8, 0 if facts.now() else 1),
        5: _time(None),
        6: _time(None),
        7: number(I8, 0),
        8: number(BOOLEAN, 0),
        9: number(ENUM, 1),
    }
    return Object(_CLOCK_CLASS, CLOCK, attributes, public=True)


def _switch(facts):
    """Disconnect control. Its remote methods are refused: only tokens close the load switch."""
    attributes = {
        2: lambda: number(BOOLEAN, facts.closed()),
        3: lambda: number(ENUM, 1 if facts.closed() else 0),
        4: number(ENUM, 0),
    }
    return Object(70, "0.0.96.3.10.255", attributes, _refused(2))


def _account(facts):
    name, none = axdr.octets(octets(CREDIT)), array([])
    attributes = {
        2: structure(number(ENUM, 2), number(ENUM, 2)),  # prepayment, active
        3: number(U8, 0),
        4: lambda: bits(8, _credit_status(facts.credit(), facts.low_credit())),
        5: lambda: number(I32, max(0, facts.credit())),
        6: lambda: number(I32, max(0, -facts.credit())),
        7: _ZERO,
        8: _ZERO,
        9: array([name]),
        10: none,
        11: none,
        12: array([structure(name, number(U8, 100))]),
        13: _time(None),
        14: _time(None),
        15: lambda: structure(
            axdr.utf8(facts.unit()),
            number(I8, facts.scaler()),
            number(ENUM, 1 if facts.unit() == "Wh" else 2),  # consumption; money
        ),
        16: lambda: number(I32, facts.low_credit()),
        17: _ZERO,
        18: number(U16, 0),
        19: _ZERO,
    }
    return Object(111, ACCOUNT, attributes, _refused(3))


def _credit_status(credit, low):
    """Return the bits in credit (0x80), low credit (0x40) and out of credit (0x02)."""
    return (0x80 if credit > 0 else 0x02) | (0x40 if credit < low else 0)


def _credit(facts):
    attributes = {
        2: lambda: number(I32, facts.credit()),
        3: number(ENUM, 0),  # a credit of tokens
        4: number(U8, 1),
        5: lambda: number(I32, facts.low_credit()),
        6: _ZERO,
        7: bits(5, 0x01),
        8: lambda: number(ENUM, 3 if facts.credit() > 0 else 4),  # in use; exhausted
        9: _ZERO,
        10: _ZERO,
        11: _time(None),
    }
    return Object(112, CREDIT, attributes, _refused(3))


def _gateway(gateway):
    def enter(value):
        """Hand digits over. What becomes of them is in attribute 6, never in this status.

        The status is known once they were judged: it tells that nothing of it can be lost.
        """
        if not isinstance(value, bytes):
            return services.known(services.TYPE)
        judged = gateway.enter(value)
        if judged is None:
            return services.known(services.TEMPORARY)
        return lambda: {None: None, True: services.OK, False: services.TEMPORARY}[judged()]

    def status():
        code, data = gateway.status()
        return structure(number(ENUM, code), bits(8, data))

    attributes = {
        2: lambda: axdr.octets(gateway.digits()),
        3: lambda: _time(gateway.time()),
        4: lambda: array([axdr.octets(text) for text in _descriptions(gateway)]),
        5: lambda: number(ENUM, gateway.delivery()),
        6: status,
    }
    return Object(115, GATEWAY, attributes, {1: enter})


def _descriptions(gateway):
    accepted = gateway.accepted()
    texts = [b"STS token, 20 digits"]
    return texts if accepted is None else texts + [b"accepted, TID %d, %s" % accepted]


def _association(objects, association):
    from dlms.association import CONFORMANCE, PDU_MAX

    attributes = {
        2: lambda: objects.listing(association.client),
        3: lambda: structure(number(I8, association.client), number(U16, 1)),
        4: lambda: _named(1, 3 if association.ciphered else 1),
        5: structure(
            bits(24, CONFORMANCE), number(U16, PDU_MAX), number(U16, PDU_MAX), number(U8, 6),
            number(I8, 0), axdr.octets(b""),
        ),
        6: lambda: _named(2, association.mechanism),
        8: lambda: number(ENUM, association.state),
    }  # fmt: skip
    return Object(15, "0.0.40.0.0.255", attributes, _refused(1), 1, public=True)


def _named(branch, leaf):
    """The name 2.16.756.5.8.`branch`.`leaf`, as a structure."""
    numbers = [number(U8, part) for part in (2, 16)] + [number(U16, 756)]
    return structure(*(numbers + [number(U8, part) for part in (5, 8, branch, leaf)]))


def _time(parts):
    """Return the time `parts`, None when nobody knows it, as an octet-string."""
    return axdr.octets(axdr.date_time(parts or _NEVER))


# -- profiles ----------------------------------------------------------------------------------

_LOAD_COLUMNS = ((_CLOCK_CLASS, CLOCK, 2), (_REGISTER_CLASS, TOTAL, 2))
_TOKEN_COLUMNS = ((_CLOCK_CLASS, CLOCK, 2), (115, GATEWAY, 6), (115, GATEWAY, 5), (112, CREDIT, 2))


def _profile(name, rows, columns, period_s):
    """A table whose first column is the clock. rows: dlms.facts.Rows."""

    def buffer(selection):
        first, end = _selected(rows, selection)
        return _rows(rows, first, end, _chosen(columns, selection))

    attributes = {
        2: buffer,
        3: lambda: array([_column(*column) for column in columns]),
        4: number(U32, period_s),
        5: number(ENUM, 1),  # first in, first out
        6: _column(_CLOCK_CLASS, CLOCK, 2),
        7: lambda: number(U32, rows.count()),
        8: number(U32, rows.capacity),
    }
    return Object(7, name, attributes, _refused(2), 1, ranged=2)


def _column(cls, name, index):
    return structure(
        number(U16, cls), axdr.octets(octets(name)), number(I8, index), number(U16, 0)
    )


def _rows(rows, first, end, chosen):
    """Yield the array of the rows from `first` to before `end`, one at a time.

    chosen: the numbers of the columns that are asked for.
    """
    yield axdr.array_head(end - first)
    for place in range(first, end):
        parts, values = rows.row(place)
        cells = [_time(parts)] + values
        yield structure(*[cells[number] for number in chosen])


def _chosen(columns, selection):
    """Return the numbers of the columns that `selection` names, all if none. Raises TypeError."""
    everything = list(range(len(columns)))
    if selection is None:
        return everything
    how, (_, _, first, last) = selection
    if how == _ENTRIES:
        chosen = everything[max(first - 1, 0) : last or None]  # to column 0: to the last
    else:
        names = [[cls, octets(name), index] for cls, name, index in columns]
        chosen_names = [column[:3] for column in last or names]
        chosen = [names.index(column) for column in chosen_names if column in names]
        if len(chosen) < len(chosen_names):
            raise TypeError
    if not chosen:
        raise TypeError
    return chosen


def _selected(rows, selection):
    """Return (first, end) of the rows that `selection` names. Raises TypeError."""
    count = rows.count()
    if selection is None:
        return 0, count
    how, value = selection
    if not isinstance(value, list) or len(value) != 4:
        raise TypeError
    if how == _RANGE:
        first, end = _place(rows, count, value[1], False), _place(rows, count, value[2], True)
    elif how == _ENTRIES:
        first, end = value[0] - 1, value[1] or count  # to entry 0: to the last
    else:
        raise TypeError
    first = min(max(first, 0), count)
    return first, min(max(end, first), count)


def _place(rows, count, moment, after):
    """Return how many rows lie before `moment`, 12 octets; with `after`, those of it as well."""
    if not isinstance(moment, bytes) or len(moment) != 12:
        raise TypeError
    sought = _comparable(moment)
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        found = _comparable(axdr.date_time(rows.row(middle)[0] or _NEVER))
        if found < sought or (after and found == sought):
            low = middle + 1
        else:
            high = middle
    return low


def _comparable(moment):
    """Return `moment` in seconds of UTC, from any first one; hundredths count for nothing.

    A client tells times in any zone, by the minutes that lead to UTC; without them a time is the
    meter's own, which is UTC. An hour, minute or second that is not specified is 0.
    """
    month, hour, minute, second = moment[2], moment[5], moment[6], moment[7]
    year = (moment[0] << 8 | moment[1]) - (month < 3)  # begins in March: a leap day ends it
    days = year * 365 + year // 4 - year // 100 + year // 400 + moment[3]
    days += (153 * ((month + 9) % 12) + 2) // 5
    to_utc = moment[9] << 8 | moment[10]
    if to_utc & 0x8000:
        to_utc = to_utc - 0x10000 if to_utc != _NO_ZONE else 0
    return ((days * 24 + hour % _ANY) * 60 + minute % _ANY + to_utc) * 60 + second % _ANY
