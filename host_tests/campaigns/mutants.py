"""Plant each fault of mutations.py in a copy of the tree, and see that it is caught.

A mutant is caught when each test named for it fails with an assertion. One that passes
*survived*; one that fails for another reason, such as an import that went wrong, proves
nothing and is *broken*. The copy without a fault must pass all those tests. The checkout
itself is never changed.

    make mutants CAMPAIGN_ARGS='[--only TEXT] [--processes 1]'
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

from campaigns.long_run import counted
from campaigns.mutations import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("boards", "firmware", "host_tests", "tools", "pyproject.toml")
_ASSERTIONS = ("AssertionError", "assert ", "Failed: DID NOT RAISE")
_SHOWN = 90  # characters of a reason

CAUGHT, SURVIVED, BROKEN, STALE = "caught", "SURVIVED", "BROKEN", "STALE"

#: What became of a mutant. reason: of the first test that failed, or what went wrong.
Verdict = namedtuple("Verdict", ("mutation", "word", "reason"))


def planted(mutation, text: str) -> "str | None":
    """Return the file's `text` with the fault in it, None if it does not apply exactly once."""
    return text.replace(mutation.old, mutation.new) if text.count(mutation.old) == 1 else None


def judged(mutation) -> Verdict:
    """Plant the fault in a copy of its own and run the tests that must catch it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = copied(Path(folder))
        file = tree / mutation.path
        text = planted(mutation, file.read_text(encoding="utf-8"))
        if text is None:
            return Verdict(mutation, STALE, "the text to replace is not there once")
        file.write_text(text, encoding="utf-8")
        return verdict(mutation, outcomes(tree, mutation.tests))


def verdict(mutation, found) -> Verdict:
    """Return the Verdict on what `outcomes` found."""
    reason = ""
    for test in mutation.tests:
        messages = found.get(_key(test))
        if not messages:
            return Verdict(mutation, BROKEN, "did not run: " + test)
        failed = [message for message in messages if message is not None]
        if not failed:
            return Verdict(mutation, SURVIVED, "passes: " + test)
        wrong = [message for message in failed if not message.startswith(_ASSERTIONS)]
        if wrong:
            return Verdict(mutation, BROKEN, wrong[0])
        reason = reason or failed[0]
    return Verdict(mutation, CAUGHT, reason)


def copied(folder: Path) -> Path:
    """Copy into `folder` what tests and meter need; return it."""
    for name in _COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "build")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def outcomes(tree: Path, tests) -> dict:
    """Run `tests` in `tree`; return {test: list of messages, one a case, None if it passed}."""
    report = tree / "report.xml"
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree / "tools"),  # before the checkout, which is installed
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(
        command + [f"--junitxml={report}", *sorted(set(tests))],
        cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    found = {}
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):
            key = f"{case.get('classname')}.{case.get('name')}"
            for name in {key, key.partition("[")[0]}:
                found.setdefault(name, []).append(_message(case))
    return found


def _message(case):
    """Return why a case did not pass, None if it did."""
    for trouble in case:
        if trouble.tag == "failure":
            return trouble.get("message") or "failure"
        if trouble.tag in ("error", "skipped"):
            return f"{trouble.tag}: {trouble.get('message')}"
    return None


def _key(test):
    """Return how pytest's report calls the test of that name."""
    path, _colons, name = test.partition("::")
    return path.removesuffix(".py").replace("/", ".") + "." + name.replace("::", ".")


def sound(mutations) -> list:
    """Run the tests of `mutations` on a copy without a fault; return what does not pass."""
    tests = sorted({test for mutation in mutations for test in mutation.tests})
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        found = outcomes(copied(Path(folder)), tests)
    return [test for test in tests if found.get(_key(test), ["did not run"])[0] is not None]


def report(verdicts) -> bool:
    """Print the table; return whether every mutant was caught."""
    print("| mutant | what it breaks | caught by | verdict |")
    print("| --- | --- | --- | --- |")
    for each in verdicts:
        tests = ", ".join(test.rpartition("::")[2] for test in each.mutation.tests)
        told = each.word
        if each.word != CAUGHT:
            told += ": " + _short(each.reason)
        print(f"| {each.mutation.name} | {each.mutation.breaks} | {tests} | {told} |", flush=True)
    caught = sum(each.word == CAUGHT for each in verdicts)
    print(f"{caught} of {len(verdicts)} mutants caught")
    return caught == len(verdicts)


def _short(reason):
    return " ".join(reason.split())[:_SHOWN]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="mutants whose name holds this")
    parser.add_argument("--processes", type=counted, default=os.cpu_count())
    asked = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if asked.only in mutation.name]
    began = time.monotonic()

    def progress(text):
        print(f"{time.monotonic() - began:5.0f} s  {text}", file=sys.stderr, flush=True)

    failing = sound(chosen)
    if failing or not chosen:
        sys.exit("without a fault these fail: " + ", ".join(failing) if chosen else "no such one")
    progress("the copy without a fault passes")
    verdicts = []
    with ThreadPoolExecutor(asked.processes) as pool:
        for each in pool.map(judged, chosen):
            progress(
                f"{each.mutation.name}: {each.word}, {' '.join(each.reason.split())[:_SHOWN]}"
            )
            verdicts.append(each)
    sys.exit(0 if report(verdicts) else 1)


if __name__ == "__main__":
    main()
