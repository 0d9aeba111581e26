"""The README names what there is: folders, commands, and tokens that do what it says."""

import re
from pathlib import Path

import typer

from meter20 import samples
from meter20.cli.main import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_folders_of_the_layout_exist():
    folders = re.findall(r"`([a-z_0-9/]+/)`", README.partition("## Layout")[2])
    assert len(folders) >= 7
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def test_every_command_is_listed_and_every_listed_command_exists():
    listed = set(re.findall(r"^\| `meter20 (\w+)", README, flags=re.MULTILINE))
    assert listed == set(COMMANDS)


def test_meter_and_token_are_the_samples():
    assert samples.PROVISION["decoder_key"] in README
    assert samples.CREDIT.digits in README.replace(" ", "")
