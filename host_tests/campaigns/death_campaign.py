"""The death campaign: every command that changes the books fails or dies at each of its calls.

Afterwards what was printed and written is compared with the books: what was said to be done is
there, what was refused is not, no token and no secret is out that the books do not know, the
station still opens, and its log is whole. `make death-campaign` runs all, `make test` a few.

    make death-campaign CAMPAIGN_ARGS='--kills 500 [--only credit] [--on sqlite]'
"""

import argparse
import functools
import hashlib
import importlib
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import keyring
import typer.main
import typer.testing
from argon2 import PasswordHasher
from rigs import dying, postgresql
from rigs.file_keyring import FileKeyring
from rigs.stations import PASSPHRASE
from typer.testing import CliRunner

from campaigns.death_books import Books, books
from campaigns.death_commands import COMMANDS, Command
from campaigns.death_places import NEW_PASSPHRASE, SECRET, TAMPERED, Place
from meter20.cli.main import app
from meter20.pos import clients
from meter20.vending import sealing, transport
from meter20.vending.sealing import Secret

_LOADED = (
    "alembic.command", "alembic.config", "alembic.runtime.migration", "psycopg", "segno",
    "meter20.vending.backup", "meter20.vending.batch", "meter20.vending.receipt",
    "meter20.vending.rekey",
)  # fmt: skip
_TOKEN = re.compile(r"\d{20}|\d{4}(?: \d{4}){4}")
_API_KEY = re.compile(r'"api_key": "([^"]+)"')


# -- one end -----------------------------------------------------------------------------------

#: Commands whose exit code 1 tells of something else than a refusal of all that was asked.
_PARTLY = ("batch", "audit verify")


@dataclass(frozen=True)
class Case:
    """A command in a place."""

    place: Place
    command: Command

    def end(self, at: int = 0, how: str = dying.FAIL, kill_after: float | None = None):
        """Run it once with that end, and check what it left; return how it ended."""
        command, work = self.command, self.place.work
        self.place.restore(command.start)
        where = self.place.where(command.start)
        before = self.place.before.get(command.start)
        here = Path.cwd()
        os.chdir(work)
        try:
            options = ["--db", where, "--anchor", self.place.anchor(command.start)]
            words = [command.tool, *options, *command.arguments.split()]
            ended = dying.run(words, at, how, kill_after)
        finally:
            os.chdir(here)
        try:
            undisturbed = not at and kill_after is None
            assert not undisturbed or ended.code == command.exit_code, "refused, undisturbed"
            self._check(ended, before, where)
        except AssertionError as error:
            where_at = f"{how} at call {at} ({ended.hit})" if at else f"killed at {kill_after} s"
            raise AssertionError(
                f"{command.name}: {where_at}: {error}\nexit {ended.code}\n{ended.out}{ended.err}"
            ) from error
        return ended

    def _check(self, ended: dying.Ended, before: Books | None, where: str) -> None:
        start = self.command.start
        anchor = self.place.work / self.place.anchor(start)
        after = books(where, self._secrets(), anchor, tampered=start == TAMPERED)
        assert ended.code != dying.BUG, "it crashed"
        assert ended.code in (0, 1, 3, 4, -9), "an exit code of its own"
        changed = (after is not None) if before is None else after.changed(before)
        shown = _tokens(ended.out)
        assert shown <= (after.tokens() if after else set()), "a token that the books do not have"
        given = {_digest(key) for key in _API_KEY.findall(ended.out)}
        assert given <= (after.keys if after else set()), "a key that the books do not have"
        made = after.tokens(before) if after and before else set()
        if ended.code == 0:
            assert changed == self.command.changes, "done, and not in the books"
            assert made <= shown, "done, and not shown"
        if ended.code == 1:
            assert made <= shown, "refused, but sold"
            if self.command.name not in _PARTLY:
                assert not changed, "refused, but done"
        if ended.code == 3:
            assert changed or not self.command.changes, "'stands', but it does not"
            assert ", but" in ended.out + ended.err, "no words"
            self._check_named(ended, made - shown, after)
        self._check_files(ended, before, after, changed)

    def _check_named(self, ended, hidden: set[str], after) -> None:
        """Each receipt that was not shown is named on standard error."""
        for number, facts in after.slips.items():
            if hidden & set(facts[-1]):
                assert re.search(rf"\b{number}\b", ended.err), f"receipt {number} is not named"

    def _secrets(self) -> list[Secret]:
        key = self.place.work / "new.key"
        secrets = [SECRET, Secret.passphrase(NEW_PASSPHRASE)]
        if self.command.files.get("new.key") and key.exists() and key.stat().st_size:
            secrets.append(Secret.key_file(key))  # whole, or it raises
        return secrets

    def _check_files(self, ended, before, after, changed: bool) -> None:
        work = self.place.work
        for name, kind in self.command.files.items():
            path = work / name
            text = path.read_text(errors="replace") if path.exists() else ""
            if ended.code == 0:
                assert text, f"no {name}"
            if ended.code == 1 and not ended.hit.startswith("unlink"):
                assert not path.exists(), f"refused, but {name} was left"
            if path.exists():
                assert path.stat().st_mode & 0o777 == 0o600, f"{name} is not private"
            if text:
                _CHECKS[kind](text, changed, after)
        known = {path.name for path in (work.parent / "kept").iterdir()}
        known |= {*self.command.files, self.place.anchor(self.command.start)}
        for path in work.iterdir():
            if path.name in known or ".sqlite" in path.name:
                continue
            left = ended.code == -9 or ended.hit.startswith("unlink")
            left |= ended.hit == f"open {path.name}"  # a folder, to empty it
            assert left, f"{path.name} was left"
            assert path.stat().st_mode & 0o077 == 0, f"{path.name} is not private"
            secret = path.suffix == ".part" and "key" not in self.command.files.values()
            if secret and path.is_file() and path.read_bytes().strip(b"\0"):
                assert changed, f"{path.name} was written before the books"


def _tokens(text: str) -> set[str]:
    return {found.replace(" ", "") for found in _TOKEN.findall(text)}


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _whole_page(text: str, changed: bool, after) -> None:
    assert text.rstrip().endswith("</html>"), "half a page"
    assert changed, "a page of nothing"
    assert _tokens(text) <= after.tokens(), "a page of another token"


def _whole_record(text: str, changed: bool, after) -> None:
    assert json.loads(text)["request"]["decoder_key"], "half a record"
    assert changed, "a key is out that is not on record"
    assert [entry for entry in after.entries if entry[0] == "provision"], "no entry"


def _whole_export(text: str, changed: bool, after) -> None:
    assert transport.opened_file(text, Secret.passphrase(NEW_PASSPHRASE)), "half an export"
    assert [entry for entry in after.entries if entry[0] == "export key"], "no entry"


def _whole_key(text: str, changed: bool, after) -> None:
    assert len(bytes.fromhex(text.strip())) == sealing.KEY_BYTES, "half a key"


def _whole_carriers_key(text: str, changed: bool, after) -> None:
    _whole_key(text, changed, after)
    assert [entry for entry in after.entries if entry[0] == "carriers key"], "no entry"


def _kept_passphrase(text: str, changed: bool, after) -> None:
    assert changed, "a passphrase is kept that is not on record"
    assert [entry for entry in after.entries if entry[0] == "keyring"], "no entry"


def _whole_backup(text: str, changed: bool, after) -> None:
    assert json.loads(text.split("\n", 1)[0])["station"] == "kiosk", "half a backup"
    assert not changed, "a backup that changed the books"


_CHECKS: dict[str, Callable] = {
    "page": _whole_page, "record": _whole_record, "export": _whole_export, "key": _whole_key,
    "backup": _whole_backup, "keyring": _kept_passphrase, "carriers key": _whole_carriers_key,
}  # fmt: skip


# -- many ends ---------------------------------------------------------------------------------


def every_end(case: Case, step: int = 1) -> Iterator[dict]:
    """Yield ends of `case` in every way: at each `step`-th call, and at all from its commit."""
    calls = case.end().calls
    commit = max((at for at, call in enumerate(calls, 1) if call == "sql commit"), default=1)
    for at, call in enumerate(calls, 1):
        if at < commit and at % step:
            continue
        for how in dying.HOWS:
            if how != dying.LOST or not call.startswith("open"):  # it opens or it fails
                yield {"at": at, "how": how}


def random_kills(case: Case, count: int, chance: random.Random) -> Iterator[dict]:
    """Yield `count` ends of `case` by a kill, each at a moment of its own."""
    started = time.perf_counter()
    case.end()
    longest = time.perf_counter() - started
    yield from ({"kill_after": chance.uniform(0, longest)} for _ in range(count))


#: What the commands are told by the environment.
ENVIRONMENT = {
    "METER20_PASSPHRASE": PASSPHRASE, "METER20_OPERATOR": "thandi",
    "METER20_NEW_PASSPHRASE": NEW_PASSPHRASE, "METER20_TRANSPORT_PASSPHRASE": NEW_PASSPHRASE,
}  # fmt: skip


def environment() -> None:
    """Set what the commands and this process need; for a process of its own."""
    sealing.SCRYPT_COST = 2
    clients.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for name in ("DB", "KEY_FILE", "EA07_TABLES", "VENDING_KEY"):
        os.environ.pop(f"METER20_{name}", None)
    os.environ |= ENVIRONMENT
    keyring.set_keyring(FileKeyring())
    for name in _LOADED:  # once, not in each child
        importlib.import_module(name)
    # The runner loads the commands, and each child, a fork, has them.
    typer.main.get_command = functools.cache(typer.main.get_command)
    typer.testing._get_command = typer.main.get_command
    CliRunner().invoke(app, ["vend", "--db", "/nowhere/station.sqlite", "history", "1"])


def _ends(case: Case, options: argparse.Namespace, chance: random.Random) -> Iterator[dict]:
    yield from every_end(case, options.step)
    yield from random_kills(case, options.kills, chance)


def run(place: Place, options: argparse.Namespace) -> tuple[Counter, int]:
    """End every command everywhere; return how often each exit code came, and the faults."""
    codes: Counter = Counter()
    faults, chance = 0, random.Random(options.seed)
    for command in COMMANDS:
        if options.only not in command.name:
            continue
        case, before = Case(place, command), codes.total()
        for end in _ends(case, options, chance):
            try:
                codes[case.end(**end).code] += 1
            except AssertionError as fault:
                faults += 1
                print(f"DISAGREEMENT: {fault}", flush=True)
        print(f"  {command.name}: {codes.total() - before} ends", flush=True)
    return codes, faults


def report(kind: str, codes: Counter, faults: int) -> None:
    """Print how the ends on one kind of database came out."""
    said = ", ".join(f"{count} with exit {code}" for code, count in sorted(codes.items()))
    print(
        f"death campaign, {kind}: {codes.total() + faults} ends, {faults} in disagreement ({said})"
    )


def main() -> None:
    """Run by `make death-campaign`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="random ones for each command")
    parser.add_argument("--step", type=int, default=1, help="before the commit, each STEPth call")
    parser.add_argument("--only", default="", help="commands whose name holds this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    environment()
    failed = 0
    for kind in ("sqlite", "postgresql") if options.on == "both" else (options.on,):
        print(f"death campaign, {kind}:", flush=True)
        with ExitStack() as held:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="meter20-death-"))
            server = None
            if kind == "postgresql":
                socket = held.enter_context(postgresql.server())
                server = f"postgresql:///postgres?host={socket}&user=meter20"
            codes, faults = run(Place(Path(folder), server), options)
        report(kind, codes, faults)
        failed += faults
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
