"""The meters that a writing transaction works on, with their vending keys.

They are read and written past the unit of work, whose keeping track of them cost more than a
sale. What was changed of them is written at the next flush, and nothing else of them.
"""

import functools
from collections.abc import Iterable
from itertools import compress
from operator import itemgetter, ne
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from meter20.vending.books import Books, untracked
from meter20.vending.models import Base, Meter, VendingKey, table
from meter20.vending.plain_sql import Plain

_METERS, _KEYS = table(Meter), table(VendingKey)
_METER_FACTS = tuple(column.name for column in _METERS.columns)
_KEY_FACTS = tuple(column.name for column in _KEYS.columns)
_COLUMNS = {
    rows.name: (names, itemgetter(*names))
    for rows, names in ((_METERS, _METER_FACTS), (_KEYS, _KEY_FACTS))
}
_WITH_KEYS = select(*_METERS.columns, *_KEYS.columns).join_from(_METERS, _KEYS)
_AMONG = _WITH_KEYS.where(_METERS.c.drn.in_(bindparam("numbers", expanding=True)))
_METER_OF = Plain(_WITH_KEYS.where(_METERS.c.drn == bindparam("number")))


class KeptRows:
    """Meters and vending keys of one transaction; one object for each."""

    last = False

    def __init__(self, books: Books):
        self._books = books
        self._meters: dict[str, Meter] = {}
        self._keys: dict[int, VendingKey] = {}
        self._read: list[list] = []  # of each row: its table, its facts, those that are written

    def meter(self, drn: str) -> Meter | None:
        """Return the meter with that number, None if there is none."""
        if drn not in self._meters:
            found = _METER_OF.row(self._books.connection(), {"number": drn})
            if found is None:
                return None
            self._keep(found)
        return self._meters[drn]

    def fetch(self, numbers: Iterable[str]) -> None:
        """Read many meters by one statement, for `meter`."""
        new = list(set(numbers) - set(self._meters))
        for found in self._books.connection().execute(_AMONG, {"numbers": new}).all():
            self._keep(found)

    def _keep(self, found: Any) -> None:
        of_meter, of_key = found[: len(_METER_FACTS)], found[len(_METER_FACTS) :]
        number = of_key[_KEY_FACTS.index("id")]
        key = self._keys.get(number)
        if key is None:
            key = untracked(VendingKey, dict(zip(_KEY_FACTS, of_key, strict=True)))
            self._keys[number] = key
            self._read.append([_KEYS.name, vars(key), of_key])
        facts = dict(zip(_METER_FACTS, of_meter, strict=True), vending_key=key)
        self._meters[facts["drn"]] = untracked(Meter, facts)
        self._read.append([_METERS.name, facts, of_meter])

    def write(self, to: Connection) -> None:
        """Write what was changed since the last time."""
        changed: dict[tuple[str, tuple[str, ...]], list[dict]] = {}
        for row in self._read:
            name, facts, written = row
            if "vending_key" in facts:
                facts["vending_key_id"] = facts["vending_key"].id
            names, picked = _COLUMNS[name]
            now = picked(facts)
            if others := tuple(compress(names, map(ne, now, written))):
                new = {one: facts[one] for one in others}
                changed.setdefault((name, others), []).append({"number": facts["id"]} | new)
                row[2] = now
        for (name, columns), rows in changed.items():
            _update(name, columns).run(to, rows)


@functools.cache
def _update(name: str, columns: tuple[str, ...]) -> Plain:
    rows = Base.metadata.tables[name]
    return Plain(update(rows).where(rows.c.id == bindparam("number")), columns)
