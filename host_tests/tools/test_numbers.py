"""Options and arguments that are numbers end in words, whatever is typed; never in a traceback."""

import errno
import json

import pytest
from rigs.stations import DRN, PASSPHRASE, SGC, TARIFF
from typer.main import get_command
from typer.testing import CliRunner

from meter20.cli.main import app

ODD = ["nan", "-1", "inf", "1e400", "9" * 30, "", "1.5", "0x10", "١", "1_0", "+1", " 1"]
#: What the other arguments of a command are given, so that the number is reached.
FILLED = {
    "meter": DRN, "number": DRN, "sgc": SGC, "state": "on", "digits": "0" * 20, "typed": "0" * 20,
    "reason": "wrong", "out": "no/such/folder/record", "orders": "no/such/file", "name": "home",
    "index": "1", "value": "1", "watts": "1", "rate": "1", "factor": "1", "krn": "1",
}  # fmt: skip


def numbers():
    """Return (command, parameter) for every number that the command line takes."""
    return list(_numbers(get_command(app), ()))


def _numbers(command, path):
    for name, below in getattr(command, "commands", {}).items():
        yield from _numbers(below, (*path, name))
    for one in command.params:
        words = str(one.type_descriptor)
        if "int" in words or "float" in words or one.name in ("seconds", "every"):
            yield path, one, command


CASES = [pytest.param(*case, id=f"{' '.join(case[0])} {case[1].name}") for case in numbers()]


def no_showcase(*_):
    raise OSError(errno.ENOSPC, "No space left on device", "show")


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    folder = tmp_path_factory.mktemp("station")
    (folder / "tariff.json").write_text(json.dumps(TARIFF))
    patch = pytest.MonkeyPatch()
    patch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    patch.setenv("METER20_DB", str(folder / "station.sqlite"))
    patch.setenv("METER20_PORT", str(folder / "no-port"))
    patch.setattr("meter20.vending.sealing.SCRYPT_COST", 2)
    # A show would go on for as long as it was asked to.
    patch.setattr("meter20.fleet.showcase.Showcase", no_showcase)
    for words in (
        ["init"], ["tariff", "add", "home", str(folder / "tariff.json")],
        ["group", "add", "--sgc", SGC, "--tariff", "home"], ["meter", "add", DRN, "--sgc", SGC],
    ):  # fmt: skip
        assert CliRunner().invoke(app, ["vend", *words]).exit_code == 0
    yield folder
    patch.undo()


def test_there_are_numbers_to_ask():
    assert len(CASES) > 35


@pytest.mark.parametrize(("path", "one", "command"), CASES)
def test_number_of_any_form_ends_in_words(station, path, one, command):
    for odd in ODD:
        words = list(path)
        for other in command.params:
            given = odd if other is one else FILLED.get(other.name)
            if other.param_type_name == "argument" and given is not None:
                words.append(given)
            elif other is one or (other.required and given is not None):
                words.append(f"{other.opts[0]}={given}")
        if any(word.startswith("-1") for word in words):
            words.insert(len(path), "--")
        done = CliRunner().invoke(app, words)
        board = range(10, 20) if path[0] == "board" else ()
        assert done.exit_code in (0, 1, 2, *board), (words, done.output, done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), words
        assert "Traceback" not in done.output
        if odd not in ("-1", "9" * 30):
            allowed = (2, *board) if odd == "1.5" else (2,)
            if path[0] == "dlms":
                allowed = (1, 2)  # the meter, which comes first, is looked at first
            if path == ("fleet", "demo"):
                allowed = (1, 2)  # 1.5 seconds are right; the station cannot be made
            assert done.exit_code in allowed, (words, done.output)
