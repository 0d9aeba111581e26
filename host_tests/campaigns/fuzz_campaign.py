"""The fuzz campaign: bad input by the hundred thousand, led by which branches it reaches.

atheris drives each target of host_tests/fuzz, one after the other in a process of its own, with
what the target's own encoder makes and with what comes of changing that. An input that breaks a
rule, raises or hangs is kept in build/fuzz/NAME/crashes. `make fuzz-campaign` installs atheris,
which no other target needs, and runs all; without atheris nothing is run, and that is said.

    make fuzz-campaign CAMPAIGN_ARGS='--seed 20 --share 1.0'
    make fuzz-campaign CAMPAIGN_ARGS='--target store --replay build/fuzz/store/crashes/crash-...'
"""

import argparse
import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz import targets

from campaigns.long_run import counted

FOLDER = Path("build/fuzz")
_SEEDS = 300
_HANG_S = 60
_MEMORY_MB = 2048
_FRESH = 0.2  # of the inputs come straight from the encoder
_REPORT_S = 10
_NO_ATHERIS = (
    "atheris is not installed for this Python ({version}): the campaign was NOT run. "
    "It supports CPython 3.11 to 3.13 on Linux and macOS; `make fuzz-campaign` installs it."
)

#: What became of one target. verdict: "good", or why not. coverage: branches seen. corpus: inputs
#: that reached something new. slowest_s: the longest that one case took.
Result = namedtuple(
    "Result",
    (
        "name", "what", "cases", "seconds", "slowest_s", "coverage", "corpus", "verdict",
        "crashes",
    ),
)  # fmt: skip


def share(text: str) -> float:
    """Return a share above 0, up to 1, for argparse."""
    if not re.fullmatch(r"[0-9]{0,3}(\.[0-9]{1,9})?", text, re.ASCII) or not 0 < float(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share such as 0.1")
    return float(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", action="append", choices=targets.NAMES, help="default: all")
    parser.add_argument("--share", type=share, default=1.0, help="of the full size, up to 1")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--processes", type=counted, default=1, help="targets at a time")
    parser.add_argument("--replay", type=Path, help="run one kept input, without atheris")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked, libfuzzer = parser.parse_known_args()
    if asked.child:
        child(asked.child, libfuzzer)
    if libfuzzer:
        parser.error(f"unknown: {' '.join(libfuzzer)}")
    if asked.replay:
        if len(asked.target or ()) != 1:
            parser.error("--replay needs the one --target that the input is for")
        sys.exit(replay(asked.target[0], asked.replay))
    if importlib.util.find_spec("atheris") is None:
        sys.exit(_NO_ATHERIS.format(version=sys.version.partition(" ")[0]))
    chosen = [one for one in targets.ALL if one.name in (asked.target or targets.NAMES)]
    with ThreadPoolExecutor(asked.processes) as pool:
        jobs = [
            pool.submit(run, one, max(1, round(one.cases * asked.share)), asked.seed)
            for one in chosen
        ]
        results = [job.result() for job in jobs]
    table = report(results, f"seed {asked.seed}, {asked.processes} processes")
    print(table)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "report.txt").write_text(table + "\n", encoding="utf-8")
    (FOLDER / "report.json").write_text(
        json.dumps([result._asdict() for result in results], indent=2) + "\n", encoding="utf-8"
    )
    sys.exit(0 if all(result.verdict == "good" for result in results) else 1)


def run(target, cases: int, seed: int, say=print) -> Result:
    """Drive `target` through `cases` inputs; return the Result. say: told now and then."""
    folder = FOLDER / target.name
    corpus, crashes = folder / "corpus", folder / "crashes"
    shutil.rmtree(corpus, ignore_errors=True)  # the same seed then finds the same
    corpus.mkdir(parents=True)
    crashes.mkdir(exist_ok=True)
    for number in range(_SEEDS):
        content = targets.module(target.name).almost(random.Random(f"{seed}/{number}"))
        (corpus / f"seed-{number:03}").write_bytes(content[: target.max_len])
    command = [
        sys.executable, "-m", "campaigns.fuzz_campaign", "--child", target.name,
        f"-runs={cases}", f"-seed={seed}", f"-max_len={target.max_len}",
        f"-timeout={_HANG_S}", f"-rss_limit_mb={_MEMORY_MB}",
        f"-artifact_prefix={crashes}/", "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    began, clock = time.monotonic(), time.time()
    with subprocess.Popen(
        command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as process:  # fmt: skip
        seen = Output()
        for line in process.stdout:
            if seen.take(line):
                say(
                    f"{target.name:13}{seen.cases:10,} of {cases:,} cases, "
                    f"{time.monotonic() - began:6.0f} s, coverage {seen.coverage}",
                    flush=True,
                )
    found = sorted(str(path) for path in crashes.iterdir() if path.stat().st_mtime >= clock - 1)
    verdict = seen.verdict(process.returncode, cases)
    if verdict != "good":
        (folder / "output.txt").write_text("".join(seen.lines), encoding="utf-8")
    return Result(
        target.name, target.what, seen.cases, round(time.monotonic() - began, 1), seen.slowest_s,
        seen.coverage, seen.corpus, verdict, found,
    )  # fmt: skip


class Output:
    """What a child says, as libFuzzer does. All is the latest; lines: the last ones."""

    _STATUS = re.compile(r"^#(\d+)\s.*?cov: (\d+).*?corp: (\d+)/")
    _PROGRESS = re.compile(r"^progress (\d+)$")
    _SLOWEST = re.compile(r"^stat::slowest_unit_time_sec:\s*(\d+)")
    _FINAL = re.compile(r"^stat::number_of_executed_units:\s*(\d+)")

    def __init__(self):
        self.cases = self.coverage = self.corpus = self.slowest_s = 0
        self.done = False
        self.lines = []

    def take(self, line: str) -> bool:
        """Take a line; return whether it is time to tell how far the child is."""
        if line.startswith("INFO: Instrumenting"):
            return False
        self.lines = [*self.lines[-199:], line]
        if status := self._STATUS.match(line):
            number, self.coverage, self.corpus = (int(part) for part in status.groups())
            self.cases = max(self.cases, number)
        elif final := self._FINAL.match(line):
            self.cases = int(final[1])
        elif slowest := self._SLOWEST.match(line):
            self.slowest_s = int(slowest[1])
        elif progress := self._PROGRESS.match(line):
            self.cases = max(self.cases, int(progress[1]))
            return True
        self.done = self.done or line.startswith("Done ")
        return False

    def verdict(self, code: int, cases: int) -> str:
        """Return "good" if all `cases` ran to the end of the child, else why not."""
        if code == 0 and self.done and self.cases >= cases:
            return "good"
        for line in self.lines:
            if "libFuzzer: timeout" in line:
                return f"HANG, over {_HANG_S} s"
            if "libFuzzer: out-of-memory" in line:
                return f"MEMORY, over {_MEMORY_MB} MB"
            if re.match(r"^(\w+\.)*\w*(Error|Exception|Interrupt|Cut|Exit)\b", line):
                return "FAILED: " + line.strip()[:100]
        return f"FAILED: ended with {code} after {self.cases} cases"


def report(results, how: str) -> str:
    """Return the table of `results`, got in the way that `how` says, and how to play crashes."""
    head = ("target", "cases", "seconds", "cases/s", "slowest", "coverage", "corpus", "verdict")
    form = "{:13}{:>10}{:>9}{:>9}{:>9}{:>10}{:>8}  {}"
    rows = [form.format(*head)]
    for each in results:
        rate = each.cases / each.seconds if each.seconds else 0
        rows.append(
            form.format(
                each.name, f"{each.cases:,}", f"{each.seconds:.0f}", f"{rate:.0f}",
                f"{each.slowest_s} s", each.coverage, each.corpus, each.verdict,
            )
        )  # fmt: skip
    cases, seconds = sum(r.cases for r in results), sum(r.seconds for r in results)
    rate = cases / seconds if seconds else 0
    good = sum(each.verdict == "good" for each in results)
    total = f"{good} of {len(results)} good"
    rows.append(
        form.format("all", f"{cases:,}", f"{seconds:.0f}", f"{rate:.0f}", "", "", "", total)
    )
    cores, load = os.cpu_count(), os.getloadavg()[0]
    rows.append(f"fuzz campaign, atheris, {how}, {cores} cores, load {load:.1f}")
    for each in results:
        rows += [
            f"again: make fuzz-campaign CAMPAIGN_ARGS='--target {each.name} --replay {crash}'"
            for crash in each.crashes
        ]
    return "\n".join(rows)


def replay(name: str, file: Path) -> int:
    """Run one input of target `name`; return the exit code. What is wrong is raised."""
    targets.module(name).case(file.read_bytes())
    print(f"{name}: {file} breaks no rule")
    return 0


def child(name: str, arguments):
    """Become libFuzzer on target `name`. Does not return."""
    import atheris

    for package in list(sys.modules):
        if package.partition(".")[0] in (*targets.WATCHED, "fuzz") and package != "fuzz.targets":
            del sys.modules[package]  # to be imported again, watched
    unwatched = targets.UNWATCHED + targets.STARTS_FROM.get(name, ())
    with atheris.instrument_imports(include=list(targets.WATCHED), exclude=list(unwatched)):
        target = targets.module(name)
    cases, told = 0, time.monotonic()

    def case(data):
        nonlocal cases, told
        cases += 1
        if time.monotonic() - told >= _REPORT_S:
            told = time.monotonic()
            print(f"progress {cases}", file=sys.__stderr__, flush=True)
        target.case(data)

    def changed(data, max_size, seed):
        chance = random.Random(seed)
        if chance.random() < _FRESH:
            return target.almost(chance)[:max_size]
        return atheris.Mutate(data, max_size)

    atheris.Setup([sys.argv[0], *arguments], case, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
