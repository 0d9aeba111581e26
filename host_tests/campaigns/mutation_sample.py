"""Plant random changes of one line, one at a time, and list those that no quick test notices.

    make mutation-sample CAMPAIGN_ARGS='[--size 1000] [--seed 20] [--from 0] [--to 300]'
        [--source FOLDER ...] [--tests FOLDER ...] [--only TEXT] [--seconds 8] [--processes N]

A line is drawn, and one of its changes (line_changes.py), with a fixed seed. First each test is
run once and asked which lines it executes; then each change goes into a process forked from one
that has loaded everything, where the tests that execute its line run, the fastest first, until
one fails or they took --seconds; a survivor that is not judged is looked at once more, and for
longer. A change outside of all functions takes a process that loads the changed module. All this
happens in a copy: the checkout may be worked on meanwhile.

What changes nothing that anybody would notice is listed with its reason in judged.txt. Exit
code 1 if there are survivors that are not. mutants.py plants chosen faults, which named
tests must catch.
"""

import argparse
import ast
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple
from contextlib import ExitStack
from pathlib import Path

from rigs import postgresql

from campaigns import line_changes, sample_runner
from campaigns.mutants import CAUGHT, ROOT, SURVIVED, copied

SOURCES = (
    "firmware/sts", "firmware/account", "firmware/journal", "firmware/supply", "firmware/panel",
    "firmware/meter", "firmware/service_port", "firmware/store", "tools/meter20/vending",
)  # fmt: skip
TESTS = (
    "unit", "contract", "scenario", "acceptance", "powercut/test_spoiled_store.py",
    "powercut/test_worn_store.py", "vending",
    "tools/test_amounts.py", "tools/test_derivation.py", "tools/test_encoder.py",
    "tools/test_encryption.py", "tools/test_tid_clock.py",
)  # fmt: skip
JUDGED = Path(__file__).with_name("judged.txt")
_UNREACHED = "no test executes it"

#: What became of a Change. word: CAUGHT or SURVIVED. reason: why, or the tests that ran.
Verdict = namedtuple("Verdict", ("change", "word", "reason"))
_SECOND_LOOK = 8  # times the seconds, for those that survived the first


def judged(text: str) -> dict:
    """Return {key of a change: why nobody would notice}, as judged.txt lists them.

    An entry is four lines: `file: function`, `- before`, `+ after`, `= reason`; between
    entries is an empty line, and `#` begins a remark. Raises ValueError for another shape.
    """
    found = {}
    for entry in text.split("\n\n"):
        lines = [line for line in entry.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        if [line[:2] for line in lines[1:]] != ["- ", "+ ", "= "] or ": " not in lines[0] + " ":
            raise ValueError("judged.txt: not an entry: " + " / ".join(lines))
        file, _colon, function = lines[0].partition(":")
        found[file, function.strip(), lines[1][2:], lines[2][2:]] = lines[3][2:]
    return found


def sample(sources, size: int, seed: int, only: str = "") -> tuple:
    """Return (the changes drawn, of how many): one each on random lines of `sources`."""
    lines = {}
    for file in sorted(file for source in sources for file in (ROOT / source).rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if only in path and "migrations" not in path:
            text = file.read_text(encoding="utf-8")
            for change in line_changes.changes(path, text):
                lines.setdefault((path, change.line), []).append((change, text))
    chance = random.Random(seed)
    drawn = []
    for line in chance.sample(list(lines), len(lines)):
        change, text = chance.choice(lines[line])
        if len(drawn) < size and _is_other(change, text):
            drawn.append(change)
    return drawn, sum(map(len, lines.values()))


def _is_other(change, text):
    """Whether the change is Python, and other code than before."""
    try:
        other = ast.dump(ast.parse(line_changes.changed(text, change)))
    except SyntaxError:
        return False
    return other != _dumped(text)


@functools.cache
def _dumped(text):
    return ast.dump(ast.parse(text))


class Reached:
    """Which tests execute what. lines: {(path, line): names of tests}. cost_s: {name: seconds}."""

    def __init__(self, lines: dict, cost_s: dict):
        self._lines, self.cost_s = lines, cost_s
        self._files = {}
        for (path, _line), tests in lines.items():
            self._files.setdefault(path, set()).update(tests)

    def by(self, change) -> list:
        """Return the tests that may notice `change`.

        Those named for its module come first, then those that are known to execute its line,
        then all that call its function; of each the fastest first.
        """
        text = (ROOT / change.path).read_text(encoding="utf-8")
        at_line = set()
        if sample_runner.is_inside(change, text):
            tree = ast.parse(text)
            first, last = _statement(tree, change.line)
            at_line = self._at(change.path, range(first, last + 1))
            tests = at_line | self._at(change.path, [_function(tree, change.line)])
        else:
            tests = self._of_module(change.path)
        named = "test_" + Path(change.path).stem

        def rank(name):
            return named not in name, name not in at_line, self.cost_s[name], name

        return sorted(tests, key=rank)

    def _at(self, path, lines):
        return set().union(*(self._lines.get((path, line), ()) for line in lines))

    def within(self, change, most_s: int) -> tuple:
        """Return (the fastest of `by` that take `most_s` together, the seconds they take)."""
        names, cost_s = [], 0
        for name in self.by(change):
            if names and cost_s + self.cost_s[name] > most_s:
                break
            names.append(name)
            cost_s += self.cost_s[name]
        return names, cost_s

    def _of_module(self, path):
        """Return the tests that use a module, directly or through one that imports it."""
        name = Path(path).stem
        tests = set(self._files.get(path, ()))
        for other in self._files:
            if name in _imported(other):
                tests |= self._files[other]
        return tests | {
            test for test in self.cost_s if name in _imported(test.partition("::")[0])
        }  # fmt: skip


@functools.cache
def _imported(path):
    """Return the last names of the modules and things that the file at `path` imports."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.name.rpartition(".")[2] for alias in node.names}
            names.add((getattr(node, "module", None) or "").rpartition(".")[2])
    return names


def _statement(tree, line):
    """Return the first and the last line of the statement at `line`; of a block, of its head."""
    spans = [(line, line)]
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= node.end_lineno:
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno
            if line <= last:
                spans.append((node.lineno, last))
    return max(spans[1:], default=spans[0])


def _function(tree, line):
    """Return the first line of the innermost function around `line`, its decorators included."""
    firsts = [
        min([node.lineno, *(each.lineno for each in node.decorator_list)])
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= node.end_lineno
    ]
    return max(firsts, default=line)


def judge(chosen, tests, processes: int, most_s: int, reasons: dict, progress) -> list:
    """Return the Verdict on each of `chosen`, in order; most_s: see --seconds.

    reasons: see `judged`.
    """
    with sample_runner.Runner([f"host_tests/{name}" for name in tests], processes) as runner:
        *found, failing = runner.reached()
        reached = Reached(*found)
        progress(f"{len(reached.cost_s)} tests pass without a change")
        for name in failing:
            progress(f"left out, for it fails without a change: {name}")
        verdicts = {}
        left = chosen
        for look_s in (most_s, _SECOND_LOOK * most_s):
            jobs = [(change, *reached.within(change, look_s)) for change in left]
            for number, failed in runner.failures(jobs):
                change, names, _cost_s = jobs[number]
                reason = failed or (f"{len(names)} tests pass" if names else _UNREACHED)
                verdicts[change] = Verdict(change, CAUGHT if failed else SURVIVED, reason)
                told = f"{change.path}:{change.line} {verdicts[change].word}, {reason}"
                progress(f"{len(verdicts)} of {len(chosen)}: {told}")
            survivors = [each for each in chosen if verdicts[each].word == SURVIVED]
            left = [each for each in survivors if line_changes.key(each) not in reasons]
    return [verdicts[change] for change in chosen]


def report(verdicts, reasons: dict, drawn_from: int) -> bool:
    """Print the survivors and the figures; return whether each survivor was judged."""
    survivors = [each.change for each in verdicts if each.word == SURVIVED]
    why = {each.change: each.reason for each in verdicts}
    open_ = [change for change in survivors if line_changes.key(change) not in reasons]
    for change in open_:
        print(f"{Path(change.path).name}: {change.function}")
        print(f"- {change.before}\n+ {change.after}")
        print(f"= {why[change]}, {change.path}:{change.line}\n")
    for path, count in sorted(Counter(change.path for change in open_).items()):
        print(f"{count:4} {path}")
    print(
        f"{len(verdicts)} changes of {drawn_from}: {len(verdicts) - len(survivors)} caught, "
        f"{len(survivors)} survived, of which {len(survivors) - len(open_)} are judged to change "
        f"nothing and {len(open_)} are not judged"
    )
    return not open_


def in_a_copy(arguments) -> int:
    """Do all that `arguments` ask in a copy of the checkout; return the exit code.

    One PostgreSQL server serves all tests: one of a forked process would outlive it.
    """
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="sample-"))
        tree = copied(Path(folder))
        environment = {
            **os.environ, "PYTHONPATH": f"{tree}/tools:{tree}/host_tests", "CI": "1",
            "TMPDIR": folder,
        }  # fmt: skip
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if elsewhere := environment.get("PYTHONPYCACHEPREFIX"):
            held.callback(shutil.rmtree, elsewhere + folder, ignore_errors=True)
        if postgresql.SHARED not in environment and postgresql.programs():
            environment[postgresql.SHARED] = str(held.enter_context(postgresql.server()))
        command = [sys.executable, "-m", "campaigns.mutation_sample", "--here", *arguments]
        return subprocess.run(command, cwd=tree, env=environment, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=1000, help="changes to draw")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--from", type=int, default=0, dest="first", help="first of those drawn")
    parser.add_argument("--to", type=int, default=None, help="end of those drawn")
    parser.add_argument("--source", action="append", help="folder of modules to change")
    parser.add_argument("--tests", action="append", help="below host_tests: what must notice")
    parser.add_argument("--only", default="", help="modules whose path holds this")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=int, default=8, help="of tests, for each change")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not asked.here:
        sys.exit(in_a_copy(sys.argv[1:]))
    began = time.monotonic()

    def progress(text):
        print(f"{time.monotonic() - began:5.0f} s  {text}", file=sys.stderr, flush=True)

    drawn, of = sample(asked.source or SOURCES, asked.size, asked.seed, asked.only)
    chosen = drawn[asked.first : asked.to]
    if not chosen:
        parser.error("no change to draw: see --source, --only, --from and --to")
    reasons = judged(JUDGED.read_text(encoding="utf-8"))
    tests = asked.tests or TESTS
    verdicts = judge(chosen, tests, asked.processes, asked.seconds, reasons, progress)
    sys.exit(0 if report(verdicts, reasons, of) else 1)


if __name__ == "__main__":
    main()
