"""Programs that tests start: one that the machine lacks, and one that goes on for ever."""

import subprocess
import sys

import pytest
from rigs import programs

LACKS = "no ghost here (Debian: apt-get install ghosts)"


def test_program_that_is_there_is_found():
    assert programs.found("sh", "dash").endswith("/sh")


def test_program_that_lacks_fails_a_test_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception) as failed:
        programs.found("ghost", "ghosts")
    assert str(failed.value) == LACKS


def test_program_that_lacks_skips_a_test_elsewhere(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        programs.found("ghost", "ghosts")
    assert str(skipped.value) == LACKS


def test_program_that_lacks_ends_a_campaign_in_words(monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    with pytest.raises(SystemExit, match="no ghost here"):
        programs.found("ghost", "ghosts")


def test_program_that_goes_on_holds_up_no_test_that_failed():
    endless = [sys.executable, "-c", "import time\nwhile True: time.sleep(1)"]
    with pytest.raises(subprocess.TimeoutExpired), programs.started(endless) as process:
        process.wait(0)
    assert process.returncode == -9
