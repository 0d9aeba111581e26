"""Folders that hold secrets are made for their owner only, whatever the umask."""

import os
import stat

import pytest

from meter20 import bodies, private_folder
from meter20.vending.storage import Storage
from meter20.virtual.pty_board import PtyBoard


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_new_folder_and_those_above_it_are_private(tmp_path, umask):
    private_folder.make(tmp_path / "a" / "b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)


def test_folder_that_is_there_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    private_folder.make(tmp_path)
    assert mode(tmp_path) == 0o755


def test_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        private_folder.make(tmp_path / "file")
    with pytest.raises(OSError, match="Not a directory"):
        private_folder.make(tmp_path / "file" / "below")


def test_store_of_an_emulated_meter_is_private(tmp_path, umask):
    store = tmp_path / "meters" / "one"
    bodies.open_store(store).close()
    assert [mode(store.parent), mode(store)] == [0o700, 0o700]
    assert mode(store / "flash.bin") == 0o600


def test_store_of_a_virtual_board_is_private(tmp_path, umask):
    store = tmp_path / "board"
    with PtyBoard(store):
        assert mode(store) == 0o700
        assert {mode(path) & 0o077 for path in store.rglob("*")} <= {0}


def test_folder_of_a_station_is_private(tmp_path, umask):
    path = tmp_path / "stations" / "one" / "station.sqlite"
    Storage(str(path)).upgrade()
    assert [mode(path.parent.parent), mode(path.parent), mode(path)] == [0o700, 0o700, 0o600]
    assert {mode(each) & 0o077 for each in path.parent.iterdir()} == {0}
