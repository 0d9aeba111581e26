"""docs/why-once.md shows what its commands print."""

import re
from pathlib import Path

from typer.testing import CliRunner

from meter20.cli.main import app

DOCUMENT = (Path(__file__).parents[2] / "docs/why-once.md").read_text(encoding="utf-8")


def test_each_command_ends_as_the_document_shows():
    (block,) = re.findall(r"^```console\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    steps = re.split(r"^\$ meter20 ", block, flags=re.MULTILINE)[1:]
    assert len(steps) == 2
    for step in steps:
        command, _, shown = step.rstrip("\n").partition("\n...\n")
        done = CliRunner().invoke(app, command.split())
        assert done.exit_code == 0, done.output
        assert done.stdout.rstrip("\n").endswith("\n" + shown)
