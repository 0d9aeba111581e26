"""One interface for every body, and the file that keeps a meter's flash."""

import errno
import os

import board
import pytest

from meter20 import bodies
from meter20.bodies import FileImage, open_body
from meter20.failure import NoMeter
from meter20.samples import PROVISION

TOKEN_100_WH = "59386323472137426967"  # 531-1-0-04/CTSA01/step1


@pytest.mark.parametrize("name", bodies.NAMES)
def test_credit_in_a_store_is_there_for_any_body(name, tmp_path):
    with open_body(name, tmp_path / "made" / "here") as first:
        assert first.request(**PROVISION)["ok"]
        assert first.request(do="token", digits=TOKEN_100_WH)["result"] == "Accept"
    for other in bodies.NAMES:
        with open_body(other, tmp_path / "made" / "here") as second:
            assert second.request(do="read", id=5)["credit_wh"] == 100
            assert second.request(do="token", digits=TOKEN_100_WH)["result"] == "UsedError"


def test_without_a_store_each_meter_is_new():
    for _ in range(2):
        with open_body("emulated") as body:
            assert body.request(**PROVISION)["ok"]


def test_new_image_is_erased_and_keeps_what_is_written(tmp_path):
    image = FileImage(tmp_path, size=16)
    image.write(14, b"ab")
    assert (tmp_path / "flash.bin").read_bytes() == b"\xff" * 14 + b"ab"
    assert (image.size(), image.read(13, 3)) == (16, b"\xffab")
    image.close()
    image.close()
    again = FileImage(tmp_path, size=16)
    assert again.read(14, 2) == b"ab"
    again.close()


def test_image_is_for_its_owner_alone(tmp_path):
    FileImage(tmp_path).close()
    assert (tmp_path / "flash.bin").stat().st_mode & 0o077 == 0  # it holds a key


def test_image_in_use_is_refused(tmp_path):
    first = FileImage(tmp_path)
    with pytest.raises(NoMeter, match="in use"):
        FileImage(tmp_path)
    first.close()
    FileImage(tmp_path).close()


def test_image_of_another_size_is_refused_and_left_alone(tmp_path):
    (tmp_path / "flash.bin").write_bytes(b"precious")
    for name in bodies.NAMES:
        with pytest.raises(NoMeter, match="holds 8 bytes"):
            open_body(name, tmp_path)
    assert (tmp_path / "flash.bin").read_bytes() == b"precious"


def test_store_of_a_meter_before_there_were_networks_gets_the_sectors_it_lacks(tmp_path):
    for name in bodies.NAMES:
        folder = tmp_path / name
        with open_body(name, folder) as meter:
            assert meter.request(**PROVISION)["ok"]
        file = folder / "flash.bin"
        earlier = file.read_bytes()[: board.EARLIER_FLASH_SIZES[0]]
        file.write_bytes(earlier)
        with open_body(name, folder) as meter:
            assert meter.request(do="read")["drn"] == PROVISION["drn"]
        grown = file.read_bytes()
        assert len(grown) == board.FLASH_SIZE
        assert grown[len(earlier) :] == b"\xff" * (board.FLASH_SIZE - len(earlier))


def test_image_that_is_no_file_is_refused(tmp_path):
    (tmp_path / "flash.bin").mkdir()
    with pytest.raises(NoMeter, match=r"flash\.bin cannot be opened"):
        FileImage(tmp_path)


def test_image_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    def denied(*_arguments):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(bodies.os, "open", denied)  # a mode of 0 would not stop root
    with pytest.raises(NoMeter, match="cannot be opened: Permission denied"):
        FileImage(tmp_path)


def test_store_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NoMeter, match="cannot be opened"):
        FileImage(tmp_path / "file" / "store")
