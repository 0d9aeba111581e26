"""What others take for the same work, measured in the same run as `growth`.

OpenPAYGO's own decoder (a development dependency), a C version of ours that is compiled on the
spot, and sqlite3 without a station: the same rows into the same file.
"""

import json
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openpaygo
from sts import decoder, digits
from sts.ea11_misty1 import S7, S9_HIGH, S9_LOW

from meter20 import quick_ciphers

_SOURCE = Path(__file__).with_name("peer_ea11.c")
_PAYGO_TOKENS, _C_TOKENS = 900, 1_000_000
#: What a sale writes: a table, and how many of its latest rows are one sale's.
_ROWS = {"slip": 1, "token": 1, "audit_entry": 2}


def decoders(tokens: list[str], key: bytes) -> dict[str, float]:
    """Return tokens a CPU second of each decoder of EA11 `tokens` under `key`, and of OpenPAYGO.

    "c" is None where there is no C compiler.
    """
    plain = decoder.cipher("11", key)
    quick = quick_ciphers.by_tables("11", key)
    return {
        "firmware": len(tokens) / _cpu_s(lambda: _decoded(tokens, plain)),
        "tables": len(tokens) / _cpu_s(lambda: _decoded(tokens, quick)),
        "c": _compiled(tokens, key),
        "openpaygo": _openpaygo(key, 0),
        "openpaygo_1000": _openpaygo(key, 1000),
    }


def _decoded(tokens, cipher):
    for typed in tokens:
        assert decoder.decode(digits.parse(typed), cipher, "11").crc_ok


def _openpaygo(key: bytes, before: int) -> float:
    """Return the rate for a device that had `before` tokens; it goes along all of them again."""
    made = [
        openpaygo.generate_token(secret_key=key.hex(), value=value, count=before)[1]
        for value in range(1, 1 + (_PAYGO_TOKENS if before == 0 else _PAYGO_TOKENS // 20))
    ]

    def decode():
        for token in made:
            found = openpaygo.decode_token(token=token, secret_key=key.hex(), count=before)
            assert found[0] is not None

    return len(made) / _cpu_s(decode)


def _compiled(tokens: list[str], key: bytes) -> float | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="meter20-bench-") as name:
        folder = Path(name)
        nine = [high << 8 | low for high, low in zip(S9_HIGH, S9_LOW, strict=True)]
        tables = [_array("S7", S7), _array("S9", nine)]
        (folder / "tables.h").write_text("\n".join(tables) + "\n")
        program = str(folder / "peer")
        subprocess.run([compiler, "-O2", f"-I{name}", "-o", program, str(_SOURCE)], check=True)
        given = "".join(f"{token}\n" for token in tokens) * (_C_TOKENS // len(tokens))
        done = subprocess.run(
            [program, key.hex()], input=given, capture_output=True, text=True, check=True
        )
    right, seconds = done.stdout.split()
    assert int(right) == given.count("\n"), "the C version found another checksum"
    return int(right) / float(seconds)


def _array(name: str, values) -> str:
    return f"static const uint16_t {name}[] = {{{', '.join(map(str, values))}}};"


def _cpu_s(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def bare_sale_ms(path: Path, sales: int) -> float:
    """Return the CPU time of a durable transaction that writes a sale's rows with bare sqlite3.

    They go into the station's file itself, which no station can read afterwards.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.row_factory = sqlite3.Row
    rows = {
        table: connection.execute(
            f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {count}"
        ).fetchall()
        for table, count in _ROWS.items()
    }

    def sell():
        for _ in range(sales):
            connection.execute("BEGIN IMMEDIATE")
            for table, some in rows.items():
                for row in some:
                    _insert(connection, table, dict(row))
            connection.execute("UPDATE meter SET last_tid = last_tid + 1 WHERE id = 1")
            connection.execute("UPDATE key_usage SET tokens = tokens + 1")
            connection.execute("UPDATE audit_head SET seq = seq + 2, mac = ?", ("0" * 64,))
            connection.execute("COMMIT")

    taken = _cpu_s(sell)
    connection.close()
    return 1000 * taken / sales


def _insert(connection: sqlite3.Connection, table: str, row: dict) -> None:
    """Insert `row` once more, with the next number; a reference or a TID is of one row only."""
    row |= {name: None for name in ("id", "seq", "ref", "tid") if name in row}
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def main() -> None:
    """Print the rates of the decoders, as JSON."""
    from campaigns import growth

    print(json.dumps(decoders(growth.tokens(), growth.KEY)))


if __name__ == "__main__":
    main()
