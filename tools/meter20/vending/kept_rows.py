"""The meters that a writing transaction works on, with their vending keys.

They are read and written past the unit of work, whose keeping track of them cost more than a
sale. What was changed of them is written at the next flush, and nothing else of them.
"""

import functools
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from meter20.vending.books import Books, untracked
from meter20.vending.models import Base, Meter, VendingKey, table
from meter20.vending.plain_sql import Plain

_METERS, _KEYS = table(Meter), table(VendingKey)
_METER_FACTS = tuple(column.name for column in _METERS.columns)
_KEY_FACTS = tuple(column.name for column in _KEYS.columns)
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
        self._read: list[tuple[str, dict, dict]] = []  # table, facts, facts as they were read

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
        for found in self._books.connection().execute(_AMONG, {"numbers": new}):
            self._keep(found)

    def _keep(self, found: Any) -> None:
        facts = dict(zip(_METER_FACTS, found, strict=False))
        its_key = dict(zip(_KEY_FACTS, found[len(_METER_FACTS) :], strict=True))
        if its_key["id"] not in self._keys:
            key = self._keys[its_key["id"]] = untracked(VendingKey, its_key)
            self._read.append((_KEYS.name, vars(key), its_key))
        key = self._keys[its_key["id"]]
        meter = self._meters[facts["drn"]] = untracked(Meter, facts | {"vending_key": key})
        self._read.append((_METERS.name, vars(meter), facts))

    def write(self, to: Connection) -> None:
        """Write what was changed since the last time."""
        changed: dict[tuple[str, tuple[str, ...]], list[dict]] = {}
        for name, facts, before in self._read:
            if "vending_key" in facts:
                facts["vending_key_id"] = facts["vending_key"].id
            others = tuple([one for one, was in before.items() if facts[one] != was])
            if others:
                new = {one: facts[one] for one in others}
                changed.setdefault((name, others), []).append({"number": facts["id"]} | new)
                before.update(new)
        for (name, columns), rows in changed.items():
            _update(name, columns).run(to, rows)


@functools.cache
def _update(name: str, columns: tuple[str, ...]) -> Plain:
    rows = Base.metadata.tables[name]
    return Plain(update(rows).where(rows.c.id == bindparam("number")), columns)
