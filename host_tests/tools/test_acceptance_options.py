"""The acceptance suite's options: one that cannot be ends the suite with words and exit code 2."""

import json
import subprocess
import sys

import pytest
from acceptance.bodies import check_usage


class Options(dict):
    """The options of a run, as pytest's config gives them."""

    def getoption(self, name):
        return self.get(name)


def check(**given):
    check_usage(Options({"body": "emulated", **given}))


def tokens(folder, *found, **changes):
    file = folder / "own.json"
    meter = {"name": "mine", "provision": {}, "tokens": list(found)} | changes
    file.write_text(json.dumps({"meters": [meter]}))
    return str(file)


def test_options_that_can_be_are_taken(tmp_path):
    own = tokens(tmp_path, {"digits": "1", "expect": "FormatError"})
    check(body="virtual", report=str(tmp_path), tokens=own)
    check(body="serial:/dev/ttyACM0", fixture="/dev/ttyACM1")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"body": "fly"},
            "--body fly: the bodies are emulated, virtual, page, rp2040 and serial:P",
        ),
        ({"body": "serial:"}, "--body serial:PORT needs the name of a port"),
        ({"fixture": "/dev/ttyACM1"}, "--fixture needs --body serial:PORT"),
        ({"report": __file__}, "that is a file, not a folder"),
        ({"tokens": "no-such-file"}, "no-such-file cannot be read: No such file or directory"),
        ({"tokens": __file__}, "is no JSON"),
    ],
)
def test_option_that_cannot_be_is_told_in_words(given, words):
    with pytest.raises(ValueError, match=words):
        check(**given)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (
            {"digits": "1", "expect": "accept"},
            "no meter answers 'accept'; Accept[?] The results are",
        ),
        ({"digits": "1"}, "meter 1, token 1: expect is needed, a text"),
        ({"digits": 1, "expect": "Accept"}, "token 1: digits is needed, a text"),
        ({"digits": "1", "expect": "Accept", "amount_wh": "1"}, "amount_wh is not a whole number"),
        ("1", "token 1: digits is needed, a text"),
    ],
)
def test_token_of_ones_own_file_that_cannot_be_is_told_with_its_place(token, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        check(tokens=tokens(tmp_path, token))


def test_file_of_another_shape_is_told_in_words_that_hold_no_key(tmp_path):
    key = "8d3b51e2c06f9a47b81d7ef02495ac63"  # test key
    with pytest.raises(ValueError, match="meter 1: provision is needed, an object") as told:
        check(tokens=tokens(tmp_path, provision=key))
    assert key not in str(told.value)


def test_suite_ends_with_exit_code_2():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider",
         "host_tests/acceptance", "--body", "fly"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--body fly: the bodies are" in done.stderr
