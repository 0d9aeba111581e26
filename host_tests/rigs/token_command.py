"""`meter20 token` and `meter20 key`, and what to give them."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from meter20.cli.main import app

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]
GENERATED = [vector for vector in VECTORS if vector["type"] == "generate"]
KEYED = [vector for vector in VECTORS if vector.get("key")]
KEY = "f94b6ed353c3bfdb113e2d3a7ea3c41d"
TOKEN = "59386323472137426967"
FIELDS = {"rnd": 5, "tid": 5871660, "amount_field": 1}
DECODED = {
    "class": 0,
    "subclass": 0,
    "kind": "TransferCredit.electricity",
    "fields": FIELDS,
    "crc_ok": True,
}
SHOWN = DECODED | {"date": "2025-03-01 13:00"}  # counted from 2014
VK = "abababababababab949494949494949401234567"
ATTRIBUTES = {
    "dkga": "04",
    "ea": "11",
    "vk": VK,
    "sgc": "123457",
    "ti": "01",
    "krn": 1,
    "kt": 2,
    "base_date": 1993,
    "pan": "600727000000000009",
}
ODD = {
    "s1": [(7 * i + 3) % 16 for i in range(16)],
    "s2": [(5 * i + 11) % 16 for i in range(16)],
    "p": [(27 * i + 13) % 64 for i in range(64)],
}


def run(*arguments, lines=None, **options):
    """Run the command in this process. lines: text, or objects of which each is a line of JSON."""
    text = lines if isinstance(lines, str | bytes | None) else "\n".join(map(json.dumps, lines))
    return CliRunner().invoke(app, [str(part) for part in arguments], input=text, **options)


def answers(result):
    """Return the answers in what was printed, a JSON object a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def batch(*command, lines):
    """Run `command` --batch as a process of its own; return (exit code, answers)."""
    done = subprocess.run(
        [sys.executable, "-c", "from meter20.cli.main import app; app()", *command, "--batch"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]
