"""A new file: private, whole, and never over another."""

import pytest

from meter20.vending.new_file import NewFile
from meter20.vending.refusal import Refusal


def test_new_file_is_private_whole_and_never_over_another(tmp_path):
    with NewFile(tmp_path / "a") as file:
        assert (tmp_path / "a").read_text() == ""
        file.keep()
        file.fill("secret")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(Refusal):
        NewFile(tmp_path / "a")


def test_new_file_whose_name_was_taken_meanwhile_leaves_that_file(tmp_path):
    with NewFile(tmp_path / "a") as file:
        (tmp_path / "other").write_text("other")
        (tmp_path / "other").replace(tmp_path / "a")
        with pytest.raises(OSError, match="another file"):
            file.fill("secret")
    assert (tmp_path / "a").read_text() == "other"


def test_new_file_whose_name_was_taken_meanwhile_is_not_filled_with_a_draft(tmp_path):
    (tmp_path / "draft").write_text("draft")
    with NewFile(tmp_path / "a") as file:
        (tmp_path / "other").write_text("other")
        (tmp_path / "other").replace(tmp_path / "a")
        with pytest.raises(OSError, match="another file"):
            file.fill_with(tmp_path / "draft")
    assert (tmp_path / "a").read_text() == "other"
    assert (tmp_path / "draft").read_text() == "draft"


def test_new_file_for_what_was_not_done_is_gone(tmp_path):
    with NewFile(tmp_path / "a"):
        pass
    with pytest.raises(Refusal), NewFile(tmp_path / "b") as file:
        file.fill("key")
        file.keep()
        raise Refusal("x", "nothing was done")
    assert list(tmp_path.iterdir()) == []
