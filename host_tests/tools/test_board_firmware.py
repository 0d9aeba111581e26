"""`meter20 board firmware` fetches an image, and keeps it only if it is whole and for the chip."""

import hashlib
import json

import pytest
from models import image_site
from rigs.board_command import meter20

from meter20.board import boards
from meter20.board.trouble import Code

PICO_IMAGE = image_site.file("RPI_PICO")
PICO_HASH = hashlib.sha256(image_site.image("RPI_PICO")).hexdigest()


def firmware(folder, *words, pages=()):
    """Return (exit code, report) of `meter20 board firmware` with our own site."""
    with image_site.served(dict(pages)) as site:
        code, said = meter20(
            "board", "firmware", "--site", site, "--to", str(folder), "--json", *words
        )
    return code, json.loads(said)


def test_image_is_fetched_and_checked_as_far_as_anybody_knows_its_hash(tmp_path):
    code, report = firmware(tmp_path)
    assert (code, report["sha256"], report["checked"]) == (0, PICO_HASH, False)
    assert (tmp_path / PICO_IMAGE).read_bytes() == image_site.image("RPI_PICO")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{PICO_HASH} *{PICO_IMAGE}\n")
    assert firmware(tmp_path, "--checksums", str(sums))[1]["checked"]
    code, report = firmware(tmp_path, "--sha256", "0" * 64)
    assert (code, report["error"]) == (Code.WRONG_HASH, "wrong_hash")
    code, report = firmware(tmp_path, "--version", "1.20.0")
    assert "offers no 1.20.0" in report["message"]


@pytest.mark.parametrize("board", [board.name for board in boards.every() if board.image])
def test_every_board_has_an_image_of_its_chip(board, tmp_path):
    code, report = firmware(tmp_path, "--board", board)
    assert (code, report["ok"]) == (0, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, Code.FAILED),  # the line breaks
        (b"<html>", Code.FAILED),
        (image_site.image("RPI_PICO")[:-512], Code.FAILED),  # a proxy's idea of a whole file
        (image_site.image("RPI_PICO")[:-1], Code.FAILED),
        (image_site.image("RPI_PICO2"), Code.WRONG_BOARD),
    ],
)
def test_image_that_is_not_whole_or_not_for_this_chip_is_not_kept(content, code, tmp_path):
    pages = {f"/resources/firmware/{PICO_IMAGE}": content}
    exit_code, report = firmware(tmp_path, pages=pages)
    assert (exit_code, report["error"]) == (code, code.name.lower())
    assert list(tmp_path.iterdir()) == []


def test_other_chips_image_for_an_esp32_is_not_kept(tmp_path):
    wrong = {
        f"/resources/firmware/{image_site.file('ESP32_GENERIC')}": image_site.image(
            "ESP32_GENERIC_S3"
        )
    }
    assert firmware(tmp_path, "--board", "esp32_devkit", pages=wrong)[0] == Code.WRONG_BOARD


def test_no_network_is_told():
    code, said = meter20("board", "firmware", "--site", "http://127.0.0.1:9", "--json")
    assert (code, json.loads(said)["error"]) == (Code.NO_NETWORK, "no_network")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "/nowhere"), "'--to': dir '/nowhere' does not exist"),
        (("--checksums", "/nowhere"), "'--checksums': file '/nowhere' does not exist"),
        (("--sha256", "ab" * 31), "is not 64 hexadecimal digits"),
        (("--site", "micropython.org"), "is not a URL, such as https://micropython.org"),
    ],
)
def test_wrong_option_is_answered_before_anything_is_fetched(words, said, monkeypatch):
    monkeypatch.setenv("METER20_SITE", "http://127.0.0.1:1")
    code, answer = meter20("board", "firmware", *words)
    assert (code, said in " ".join(answer.split())) == (2, True), answer
