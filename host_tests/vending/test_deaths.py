"""Commands that fail or die at chosen calls: what they say is what the books hold.

`make death-campaign` lets them end at each of their calls.
"""

import contextlib
import os

import keyring
import pytest
import typer.main
import typer.testing
from campaigns import death_campaign, death_places
from rigs import dying

from meter20.pos import clients
from meter20.vending import sealing
from meter20.vending.new_file import NewFile

_WRITES = ("output", "write", "replace")


@contextlib.contextmanager
def _prepared():
    """Give what the campaign sets for a process of its own, and put it back afterwards."""
    changed = dict.fromkeys(("XDG_DATA_HOME", *death_campaign.ENVIRONMENT), "")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**changed, **os.environ}.items():
            patch.setenv(name, value)
        patch.setattr(sealing, "SCRYPT_COST", 2)
        patch.setattr(clients, "HASHER", clients.HASHER)
        patch.setattr(typer.main, "get_command", typer.main.get_command)
        patch.setattr(typer.testing, "_get_command", typer.testing._get_command)
        before = keyring.get_keyring()
        death_campaign.environment()
        yield patch
        keyring.set_keyring(before)


@pytest.fixture
def environment():
    with _prepared() as patch:
        yield patch


@pytest.fixture(scope="module")
def made_place(tmp_path_factory):
    """A place for all ends: each of them begins with a copy of what it keeps."""
    with _prepared():
        return death_places.Place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def place(made_place, environment):
    environment.setenv("XDG_DATA_HOME", str(made_place.folder / "data"))
    return made_place


def command(name):
    return next(each for each in death_campaign.COMMANDS if each.name == name)


@pytest.mark.parametrize("name", ["new key file", "init with a key file"])
def test_key_file_is_on_the_disk_before_anything_is_locked_with_it(place, name):
    calls = death_campaign.Case(place, command(name)).end().calls
    named = next(at for at, call in enumerate(calls) if call.startswith("replace"))
    written = [at for at, call in enumerate(calls) if call.startswith("fsync .meter20-")]
    folder = calls.index("fsync work")
    locked = max(at for at, call in enumerate(calls) if call == "sql commit")
    assert max(written) < named < folder < locked


@pytest.mark.parametrize("name", ["provision direct", "group export", "provision", "credit"])
def test_nothing_is_written_before_it_is_on_record(place, name):
    calls = death_campaign.Case(place, command(name)).end().calls
    done = max(at for at, call in enumerate(calls) if call == "sql commit")
    assert min(at for at, call in enumerate(calls) if call.startswith("write")) > done
    assert calls.index("output") > done


@pytest.mark.parametrize(
    "name",
    ["credit in JSON", "provision direct", "group export", "new key file", "batch", "group retire",
     "audit accept", "audit verify", "upgrade", "setup with a keyring", "keyring keep"],
)  # fmt: skip
def test_command_that_fails_or_dies_around_its_commit_agrees_with_the_books(place, name):
    case = death_campaign.Case(place, command(name))
    calls = case.end().calls
    commits = [at for at, call in enumerate(calls, 1) if call == "sql commit"]
    others = [at for at, call in enumerate(calls, 1) if call.split()[0] in _WRITES]
    for at in [*commits[-2:], *others[:: max(1, len(others) // 4)]]:
        for how in dying.HOWS:
            case.end(at, how)


def test_the_same_on_postgresql(tmp_path, postgresql_server, environment):
    server = f"postgresql:///postgres?host={postgresql_server}&user=meter20"
    case = death_campaign.Case(death_places.Place(tmp_path, server), command("provision direct"))
    for how in dying.HOWS:
        case.end(case.end().calls.index("sql commit") + 1, how)


def test_disagreement_is_found(place, monkeypatch):
    """Here: the record is written before the commit."""
    keep = NewFile.keep

    def too_early(file):
        keep(file)
        file.fill('{"request": {"decoder_key": 1}}')

    monkeypatch.setattr(NewFile, "keep", too_early)
    case = death_campaign.Case(place, command("provision direct"))
    calls = case.end().calls
    commit = max(at for at, call in enumerate(calls, 1) if call == "sql commit")
    with pytest.raises(AssertionError, match="not on record"):
        case.end(commit, dying.DIE)
