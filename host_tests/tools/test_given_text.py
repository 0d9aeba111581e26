"""Text that people hand over, from an input or a file: read alike, bounded, whoever saved it."""

import io

import pytest

from meter20 import given_text
from meter20.given_text import FILE_MAX, LINE_MAX, Unreadable

LINES = ['{"a": 1}', "Zoë", '{"b": 2}']


class Dribble(io.RawIOBase):
    """A stream that gives few octets at a time, as a slow pipe does."""

    def __init__(self, data, few):
        self._data, self._few = io.BytesIO(data), few

    def read1(self, _count):
        return self._data.read(self._few)


def read(data, few=1):
    """Return the lines of `data`, which are the same when `few` octets come at a time."""
    whole = list(given_text.lines(io.BytesIO(data)))
    slow = list(given_text.lines(Dribble(data, few)))
    assert [str(line) for line in whole] == [str(line) for line in slow]
    return whole


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end", "\x1a", "end\x1a"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-mark"])
def test_files_of_common_editors_hold_the_same_lines(tmp_path, end, last, encoding):
    text = end.join(LINES) + last.replace("end", end)
    if encoding == "utf-16-be-mark":
        data = b"\xfe\xff" + text.encode("utf-16-be")
    else:
        data = text.encode(encoding)
    assert read(data) == LINES
    file = tmp_path / "orders"
    file.write_bytes(data)
    assert given_text.file_text(file) == text.removesuffix("\x1a")


def test_blank_line_is_an_error_of_its_own_but_at_the_end():
    assert [str(line) for line in read(b"a\n\n  \nb\n\n \n")] == [
        "a", "the line is blank", "the line is blank", "b",
    ]  # fmt: skip


def test_line_without_end_is_one_error_and_the_next_line_follows():
    found = read(b"first\n" + b"x" * (3 * LINE_MAX) + b"\nlast\n", few=61)
    assert [type(each) for each in found] == [str, Unreadable, str]
    assert "too long: 64 kB" in str(found[1])


def test_longest_line_is_taken_and_one_octet_more_is_not():
    for few in (61, 64):  # the end comes with others, or alone
        assert read(b"x" * LINE_MAX + b"\n", few) == ["x" * LINE_MAX]
        assert isinstance(read(b"x" * (LINE_MAX + 1) + b"\n", few)[0], Unreadable)


def test_endless_line_is_not_kept_in_memory():
    class Endless:
        """64 MB without an end of line."""

        left = 1024

        def read1(self, count):
            self.left -= 1
            return b"x" * count if self.left else b""

    splitter_holds = []
    for line in given_text.lines(Endless()):
        splitter_holds.append(line)
    assert [str(line) for line in splitter_holds] == ["the line is too long: 64 kB is the most"]


@pytest.mark.parametrize("bad", [b"a\xffb", b"\xc3", b"\xed\xa0\x80"])
def test_line_that_is_no_text_is_one_error(bad):
    found = read(b"good\n" + bad + b"\ngood\n")
    assert [type(each) for each in found] == [str, Unreadable, str]


def test_half_a_character_of_utf_16_is_an_error():
    found = read(b"\xff\xfe" + "a\n".encode("utf-16-le") + b"\x00\xd8" + "\nb".encode("utf-16-le"))
    assert [type(each) for each in found] == [str, Unreadable, str]


def test_file_is_bounded_and_missing_ones_are_named(tmp_path):
    long = tmp_path / "long"
    long.write_bytes(b"x" * (FILE_MAX + 1))
    with pytest.raises(Unreadable, match="long is too long: 1024 kB"):
        given_text.file_text(long)
    with pytest.raises(Unreadable, match="nothing cannot be read: No such file"):
        given_text.file_text(tmp_path / "nothing")
    with pytest.raises(Unreadable, match="cannot be read: Is a directory"):
        given_text.file_text(tmp_path)
    long.write_bytes(b"\xff\x00")
    with pytest.raises(Unreadable, match="no text"):
        given_text.file_text(long)
