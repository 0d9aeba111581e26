"""Times this tree beside an older commit, in the same run: `make bench-pairs`.

Each piece of work runs in a process of its own, in turns with the same work of the other tree, and
the quickest of ROUNDS counts: what else the machine does then hits both alike. CPU time, of one
core. Prints the table of docs/performance.md.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
BEFORE = "c64ba51"
ROUNDS = 5
KEYS = {"11": "f94b6ed353c3bfdb113e2d3a7ea3c41d", "07": "0abc12def3456789"}
LINES = {"11": 100_000, "07": 50_000}

_METER = """
import json, time
import meter20
from meter20 import samples
from meter20.vending import encoder
from body import SimBody

def ask(body, line):
    reply = body.feed(json.dumps(line).encode() + b"\\n")
    while reply is None:
        reply = body.resume()
    assert json.loads(reply)["ok"], reply

key = bytes.fromhex(samples.PROVISION["decoder_key"])
fields = [{"rnd": 5, "tid": 6000000 + n, "amount_field": 100} for n in range(20)]
tokens = [encoder.encode("TransferCredit.electricity", "11", key, each, None) for each in fields]
body = SimBody()
ask(body, samples.PROVISION | {"do": "provision"})
began = time.process_time()
for hour in range(24):
    ask(body, {"do": "pulses", "count": 416, "over_s": 3600})
    if hour < 20:
        ask(body, {"do": "token", "digits": tokens[hour]})
        ask(body, {"do": "keys", "keys": "#0"})
print(time.process_time() - began)
"""
_SALES = """
import random, sys, tempfile, time
sys.path.insert(0, "host_tests")
try:
    from campaigns import vend_campaign
except ImportError:
    import vend_campaign
from meter20.vending import batch
with tempfile.TemporaryDirectory() as folder:
    station, chance = vend_campaign.found(folder + "/station.sqlite"), random.Random(5)
    list(batch.run(station, vend_campaign.orders(chance, 400), 200))
    count = COUNT
    began = time.process_time()
    if CHUNK == 1:
        for _ in range(count):
            vend_campaign.sell_one(station, chance)
    else:
        list(batch.run(station, vend_campaign.orders(chance, count), CHUNK))
    print((time.process_time() - began) / count)
"""


def unpacked(commit: str, folder: Path) -> Path:
    """Put the tree of `commit` into `folder`; return where it is."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=-1, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def cpu_s(tree: Path, *words: str, given: bytes = b"") -> float:
    """Return the CPU seconds of a `meter20` command of `tree`, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(tree, "-m", "meter20.cli", *words, given=given)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def told_s(tree: Path, program: str) -> float:
    """Return the seconds that a `program` which runs in `tree` prints."""
    return float(_run(tree, "-c", program))


def _run(tree: Path, *words: str, given: bytes = b"") -> bytes:
    environment = {name: value for name, value in os.environ.items() if "METER20" not in name}
    environment |= {"PYTHONPATH": str(tree / "tools"), "PYTHONDONTWRITEBYTECODE": ""}
    environment |= {"PYTHONPYCACHEPREFIX": str(ROOT / "build" / "pycache")}
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, env=environment, input=given,
        capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


def tokens(ea: str, count: int) -> bytes:
    """Return `count` lines for `token decode --batch`."""
    from meter20.vending import encoder

    lines = []
    for number in range(count):
        fields = {"rnd": number % 16, "tid": 6_000_000 + number, "amount_field": number % 5000}
        made = encoder.encode(
            "TransferCredit.electricity", ea, bytes.fromhex(KEYS[ea]), fields, None
        )
        lines.append(json.dumps({"token": made, "ea": ea, "key": KEYS[ea]}))
    return "\n".join(lines).encode()


def works() -> dict[str, tuple[Callable[[Path], float], str, Callable[[float], float]]]:
    """Return what is timed: (seconds of a tree, unit, how seconds become that unit)."""

    def milli(seconds: float) -> float:
        return 1000 * seconds

    decode = ("token", "decode", "--key", KEYS["11"], "--ea", "11", "63638916334124550935")
    found: dict[str, tuple[Callable[[Path], float], str, Callable[[float], float]]] = {
        "`meter20 token decode`, one token": (lambda tree: cpu_s(tree, *decode), "ms", milli),
        "`meter20 --help`": (lambda tree: cpu_s(tree, "--help"), "ms", milli),
    }
    for ea, count in LINES.items():
        lines = tokens(ea, count)
        found[f"`token decode --batch`, EA{ea}"] = (
            lambda tree, lines=lines: cpu_s(tree, "token", "decode", "--batch", given=lines),
            "tokens/s", lambda seconds, count=count: count / seconds,
        )  # fmt: skip
    found["a meter-day in process"] = lambda tree: told_s(tree, _METER), "s", lambda s: s
    for words, chunk, count in (("a durable sale", 1, 200), ("a sale, 200 a commit", 200, 1000)):
        program = _SALES.replace("COUNT", str(count)).replace("CHUNK", str(chunk))
        found[words] = lambda tree, program=program: told_s(tree, program), "ms", milli
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default=BEFORE, help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="the rows whose words have this in them")
    options = parser.parse_args()
    print(f"| CPU of one core | {options.before} | now | times | \n| --- | --- | --- | --- |")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="meter20-bench-") as folder:
        trees = unpacked(options.before, Path(folder)), ROOT
        for words, (taken, unit, shown) in works().items():
            if options.only not in words:
                continue
            rounds = [[taken(tree) for tree in trees] for _ in range(options.rounds)]
            before, now = (min(each) for each in zip(*rounds, strict=True))
            print(
                f"| {words} | {shown(before):.4g} {unit} | {shown(now):.4g} {unit} "
                f"| {before / now:.1f} |",
                flush=True,
            )
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"\nPython {sys.version.split()[0]}; {load}; {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
