"""The terminal: what is typed before a passphrase is asked for is not shown."""

import os
import pty
import termios

import pytest
import typer

from meter20 import terminal
from meter20.cli import station_options
from meter20.cli.main import app


@pytest.fixture
def stdin(monkeypatch):
    """A terminal as standard input."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as opened:
        monkeypatch.setattr("sys.stdin", opened)
        yield opened
    os.close(ours)


def echoes(stdin):
    return bool(termios.tcgetattr(stdin.fileno())[3] & termios.ECHO)


def test_what_is_typed_early_is_not_shown_and_later_it_is_again(stdin):
    with terminal.unseen():
        assert not echoes(stdin)
    assert echoes(stdin)
    with pytest.raises(KeyboardInterrupt), terminal.unseen():
        raise KeyboardInterrupt
    assert echoes(stdin)


def test_nothing_happens_where_nobody_is_asked_or_there_is_no_terminal(stdin, monkeypatch):
    with terminal.unseen(awaited=False):
        assert echoes(stdin)
    monkeypatch.setattr("sys.stdin", None)
    with terminal.unseen():
        assert echoes(stdin)


class Stopped(Exception):
    """The station is not opened further."""


@pytest.mark.parametrize("given", [False, True])
def test_station_is_opened_unseen_unless_the_passphrase_is_given(stdin, monkeypatch, given):
    seen = []

    def look():
        seen.append(echoes(stdin))
        raise Stopped

    monkeypatch.setattr(station_options, "check_output", look)
    monkeypatch.delenv("METER20_KEY_FILE", raising=False)
    monkeypatch.delenv("METER20_PASSPHRASE", raising=False)
    if given:
        monkeypatch.setenv("METER20_PASSPHRASE", "open sesame")
    command = typer.main.get_command(app)
    with pytest.raises(Stopped):
        station_options.opened(typer.Context(command))
    assert seen == [given]
    assert echoes(stdin)
