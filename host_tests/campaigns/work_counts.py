"""Counts the work that stays the same from run to run: lines of Python, statements of SQL.

Times say as much of the machine as of the program; these numbers do not. `measured` counts what
host_tests/tools/test_work_counts.py compares with host_tests/data/work_counts.json, file by file.
`make work-counts` writes that file again, after a change that was meant.
"""

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import board
from account.state import Identity
from body import SimBody
from data import meters
from flash_chip import RamImage
from sts import decoder, digits, kinds
from sts.decoder_key import DecoderKey

from campaigns import vend_campaign
from meter20.vending import batch, encoder
from meter20.vending.engines import SqliteFile

ROOT = Path(__file__).parents[2]
BUDGETS = ROOT / "host_tests" / "data" / "work_counts.json"
_COUNTED = ("firmware", "tools")
_KEYS = {"07": bytes(range(8)), "11": bytes(range(16))}
_SALES = 50

Counts = dict[str, int]


def lines_of(work: Callable[[], object]) -> Counts:
    """Return how many lines of each file of the product `work` runs."""
    counted = Counter()
    places: dict[str, str | None] = {}

    def line(frame, event, _argument):
        if event == "line":
            counted[places[frame.f_code.co_filename]] += 1
        return line

    def call(frame, _event, _argument):
        name = frame.f_code.co_filename
        if name not in places:
            places[name] = _place(name)
        return line if places[name] else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        work()
    finally:
        sys.settrace(before)
    return dict(sorted(counted.items()))


def _place(name: str) -> str | None:
    path = Path(name)
    if not path.is_relative_to(ROOT):
        return None
    place = path.relative_to(ROOT)
    return place.as_posix() if place.parts[0] in _COUNTED else None


def statements_of(work: Callable[[], object], said: list[str]) -> Counts:
    """Return how many statements of each kind `work` lets SQLite run; `said` collects them."""
    said.clear()
    work()
    return dict(sorted(Counter(" ".join(one.split()[:3]) for one in said).items()))


def measured() -> dict[str, Counts]:
    """Return the counts of each piece of work, by file or kind of statement."""
    return {**_of_meters(), **_of_sales()}


def _of_meters() -> dict[str, Counts]:
    counts = {}
    for ea, key in _KEYS.items():
        first, token = [
            encoder.encode(kinds.ELECTRICITY, ea, key, {"rnd": 5, "tid": tid, "amount_field": 1})
            for tid in (meters.MANUFACTURED + 1, meters.MANUFACTURED + 2)
        ]
        number = digits.parse(token)
        assert number is not None
        decoder.cipher(ea, key)  # compiles the tables of EA07, once
        counts[f"decode EA{ea}"] = lines_of(
            lambda: decoder.decode(number, decoder.cipher(ea, key), ea)  # noqa: B023
        )
        body = _meter(ea, key)
        body.app.front.enter(first, 0)  # reads what later tokens find read
        request = b'{"do":"token","digits":"%s"}\n' % token.encode()
        counts[f"accept EA{ea}"] = lines_of(lambda: _asked(body, request))  # noqa: B023
    counts["read"] = lines_of(lambda: _asked(body, b'{"do":"read"}\n'))
    counts["20 keys"] = lines_of(
        lambda: _asked(body, b'{"do":"keys","keys":"%s"}\n' % (b"7" * 20))
    )
    counts["an hour at rest"] = lines_of(
        lambda: _asked(body, b'{"do":"advance","seconds":3600}\n')
    )
    counts["100 pulses in an hour"] = lines_of(
        lambda: _asked(body, b'{"do":"pulses","count":100,"over_s":3600}\n')
    )
    counts["boot"] = lines_of(lambda: _asked(body, b'{"do":"power_cut"}\n'))
    return counts


def _meter(ea: str, key: bytes) -> SimBody:
    body = SimBody(RamImage(board.FLASH_SIZE))
    held = meters.key(ea=ea, decoder_key=DecoderKey(key))
    body.app.meter.provision(Identity(meters.DRN, 1000), held, meters.MANUFACTURED, 0)
    return body


def _asked(body: SimBody, line: bytes) -> dict:
    reply = body.feed(line)
    while reply is None:
        reply = body.resume()
    answer = json.loads(reply)
    assert answer["ok"] and answer.get("result", "Accept") == "Accept", answer
    return answer


def _of_sales() -> dict[str, Counts]:
    said: list[str] = []
    connect = SqliteFile._connect

    def listened_to(file):
        connection = connect(file)
        connection.set_trace_callback(said.append)
        return connection

    SqliteFile._connect = listened_to
    try:
        with tempfile.TemporaryDirectory(prefix="meter20-counts-") as folder:
            station = vend_campaign.found(f"{folder}/station.sqlite")
            orders = list(vend_campaign.orders(random.Random(7), 2 * _SALES))
            list(batch.run(station, orders[:_SALES], _SALES))
            some = orders[_SALES:]
            return {
                "statements of a sale": statements_of(
                    lambda: list(batch.run(station, some[:1], 1)), said
                ),
                f"statements of {_SALES - 1} sales in a batch": statements_of(
                    lambda: list(batch.run(station, some[1:], _SALES)), said
                ),
                "a sale": lines_of(lambda: list(batch.run(station, orders[:1], 1))),
            }
    finally:
        SqliteFile._connect = connect


def main() -> None:
    """Write the counts of now into the file of the budgets."""
    counts = measured()
    BUDGETS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    for work, by in counts.items():
        print(f"{work:36}{sum(by.values()):8}")


if __name__ == "__main__":
    main()
