"""The files of docs/deployment name what there is: commands, options, variables and each other."""

import shlex
from pathlib import Path

import pytest
import typer
import yaml

from meter20.cli.main import app
from meter20.cli.networks import PASSWORD

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "deployment"
_VARIABLES = {"METER20_DB", "METER20_KEY_FILE", "METER20_ANCHOR", "METER20_OPERATOR", PASSWORD,
              "PGPASSFILE"}  # fmt: skip


def compose():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))


def of_meter20():
    return {name: service for name, service in compose()["services"].items()
            if service["image"] == "meter20"}  # fmt: skip


def arguments_in_the_document():
    """Return the arguments of each unit, as docs/deployment.md has them."""
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `/etc/meter20/")]
    return [shlex.split(row[2].split("`")[1]) for row in rows]


def check(arguments):
    """Fail unless the command takes these arguments; it is not run."""
    command = typer.main.get_command(app)
    group, name, *rest = arguments
    found = command.commands[group].commands[name]
    options = {option for parameter in found.params for option in parameter.opts}
    assert [word for word in rest if word.startswith("--") and word not in options] == []


def test_containers_run_commands_that_there_are():
    assert set(of_meter20()) == {"head-end", "shop", "pos"}
    for service in of_meter20().values():
        check(service["command"])


def test_units_run_commands_that_there_are():
    found = arguments_in_the_document()
    assert [words[0] for words in found] == ["ami", "shop", "pos"]
    for words in found:
        check(words)


def test_containers_get_variables_that_the_commands_read_and_no_secret_in_clear():
    for service in of_meter20().values():
        assert set(service["environment"]) <= _VARIABLES
        assert set(service["secrets"]) <= set(compose()["secrets"])
        given = service["environment"].get(PASSWORD, "${}")
        assert given.startswith("${")


def test_pages_and_points_of_sale_are_reached_through_a_proxy_only():
    for name in ("shop", "pos"):
        assert all(port.startswith("127.0.0.1:") for port in of_meter20()[name]["ports"])


@pytest.mark.parametrize("unit", ["meter20@.service", "meter20-broker.service"])
def test_units_have_no_root_and_cannot_write_but_where_they_say(unit):
    text = (FOLDER / "systemd" / unit).read_text(encoding="utf-8")
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in text
    assert "\nUser=" in text and "\nUser=root" not in text
