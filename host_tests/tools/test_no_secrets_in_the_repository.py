"""Nothing in the repository looks like a key but test keys, which say so.

What looks like one: as many hexadecimal digits as a key has, in a run, in pairs, or as numbers;
base64 of as many bytes; a private key in PEM. It passes if somewhere in the repository the same
value stands on a line that says "test key" (or below such a comment), or if it is in `NO_KEYS`,
with the reason.
"""

import re
import subprocess
from collections import defaultdict

import pytest

from meter20 import DEVICE_ROOT

#: Bytes of keys: DES and EA07; EA11, AES; DKGA04; 3DES; AES-256, HMAC; and pairs of those.
SIZES = (8, 16, 20, 24, 32, 40, 48, 64)

#: Files that hold nothing but what everybody has, and why it looks like keys.
OPEN_FILES = {
    "host_tests/vectors/vectors.json": "keys and tokens of the published compliance suites",
    "package-lock.json": "hashes of npm packages",
    "host_tests/rigs/dlms_changes.py": "requests of DLMS in the clear",
    "host_tests/unit/test_dlms_parts.py": "a published case of GCM, and heads of the TCP wrapper",
    "host_tests/tools/test_no_secrets_in_the_repository.py": "the exceptions, and planted keys",
}

#: Values that look like keys and are none.
NO_KEYS = {
    "0011223344556677": "serial number of the emulated chip",
    "4049382533613023": "part of a row of the sample permutation of EA07",
    "1234567890123456": "digits on a display and on a key pad",
    "000100100001000d": "the head of a TCP wrapper",
    "b0b1b2b3b4b5b6b7": "names of the octets of a block",
    "b7b6b5b4b3b2b1b0": "names of the octets of a block",
    "e4d72089247a4e24": "name of an anchor, of a URL without a password",
    "0559982c00012831": "a token's plain block, explained",
    "1011131415161718": "numbers of the meter's tests",
    "3536373839404142": "numbers of the pins of an ESP32-S3",
    "92fd1f24e9f0112c789dd109fb0796288a97c6b0": "the commit of the point-of-sale test pack",
    "21a49cf8d554e8601dba5282c136b615b97f4116eb9e987e00949a023a4894d6": "digest of a file of it",
    "41b116d72423a7584bb4856bcd42f6784610dadf8dcbbacbcdc4c20e41207418": "digest of a file of it",
}

#: Files in which values of 8 bytes are blocks that a cipher was given or gave.
BLOCKS = (
    "host_tests/tools/test_encryption.py",
    "host_tests/tools/test_quick_ciphers.py",
    "host_tests/unit/test_crc.py",
    "host_tests/unit/test_decoder.py",
    "host_tests/unit/test_digits.py",
    "host_tests/unit/test_ea07_rounds.py",
    "host_tests/unit/test_ea07_sta.py",
    "host_tests/unit/test_ea11_misty1.py",
    "host_tests/vending/test_quick_encrypt.py",
)

_MARK = re.compile(r"test keys?\b", re.IGNORECASE)
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){8,}(?![0-9a-fA-F])")
_PAIRS = re.compile(
    r"(?:(?:0x|\\x)?[0-9a-fA-F]{2}(?:, ?|[ :]|(?=\\x))){7,}(?:0x|\\x)?[0-9a-fA-F]{2}\b"
)
_BASE64 = re.compile(r"(?<![\w+/])[\w+/]{10,}={1,2}(?![\w=])")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")


def looks_like_keys(line: str):
    """Yield what in `line` looks like a key, in one form: lower case hex without separators."""
    for found in _HEX.findall(line):
        yield found.lower()
    for found in _PAIRS.findall(line):
        yield re.sub(r"0x|\\x|[^0-9a-fA-F]", "", found).lower()
    for found in _BASE64.findall(line):
        if all(re.search(kind, found) for kind in ("[a-z]", "[A-Z]", "[0-9+/]")):  # no name=
            yield found
    if _PEM.search(line):
        yield "PEM"


def is_key_like(value: str) -> bool:
    if value == "PEM":
        return True
    size = len(value) // 2 if not value.endswith("=") else len(value.rstrip("=")) * 3 // 4
    return size in SIZES and len(set(value)) > 2


def tracked():
    done = subprocess.run(
        ["git", "-C", str(DEVICE_ROOT), "ls-files", "-z"], capture_output=True, check=True
    )
    return [name for name in done.stdout.decode().split("\0") if name and name not in OPEN_FILES]


def scanned(lines_of):
    """Return ({value: places} of what looks like a key, the values that a line marks).

    lines_of: {name of a file: its lines}.
    """
    places, marked = defaultdict(list), set()
    for name, lines in lines_of.items():
        below_mark = 0  # lines that a comment above still speaks for
        for number, line in enumerate(lines, 1):
            says = bool(_MARK.search(line))
            below_mark = 6 if says else max(0, below_mark - 1)
            for value in filter(is_key_like, looks_like_keys(line)):
                places[value].append(f"{name}:{number}")
                if below_mark:
                    marked.add(value)
    return places, marked


@pytest.fixture(scope="module")
def found():
    lines_of = {}
    for name in tracked():
        content = (DEVICE_ROOT / name).read_bytes()
        lines_of[name] = content.decode("utf-8", "replace").splitlines()
    return scanned(lines_of)


def test_what_looks_like_a_key_is_a_marked_test_key_or_known_to_be_none(found):
    places, marked = found
    unknown = {
        value: where
        for value, where in places.items()
        if value not in marked | set(NO_KEYS) and not _is_block(value, where)
    }
    assert unknown == {}


def _is_block(value, where):
    return len(value) == 16 and {place.partition(":")[0] for place in where} <= set(BLOCKS)


def test_every_exception_is_still_needed(found):
    places, marked = found
    assert [value for value in NO_KEYS if value not in places or value in marked] == []
    assert [name for name in OPEN_FILES if not (DEVICE_ROOT / name).is_file()] == []
    blocks = [where for value, where in places.items() if _is_block(value, where)]
    used = {place.partition(":")[0] for where in blocks for place in where}
    assert used == set(BLOCKS)


def test_test_keys_are_there_and_are_seen(found):
    places, marked = found
    assert "f94b6ed353c3bfdb113e2d3a7ea3c41d" in marked  # of host_tests/data/meters.py
    assert len(places) > 20


SECRET = "4c7e01b2d98a6f35e1c0427b9d56a8f3"  # test key


@pytest.mark.parametrize(
    "line",
    [
        f'key = "{SECRET}"',
        f"KEY = {SECRET.upper()}",
        f"curl -d decoder_key={SECRET[:16]}",
        f"vk: {SECRET}{SECRET[:8]}",
        f"{SECRET}{SECRET}",
        "key = bytes([0x" + ", 0x".join(SECRET[at : at + 2] for at in range(0, 32, 2)) + "])",
        'b"\\x' + "\\x".join(SECRET[at : at + 2] for at in range(0, 32, 2)) + '"',
        ":".join(SECRET[at : at + 2] for at in range(0, 32, 2)),
        "THqBstmKbzXhwEJ7nVao8w==",
        "-----BEGIN EC PRIVATE KEY-----",
    ],
)
def test_a_key_that_slipped_in_would_be_seen(line):
    places, marked = scanned({"some.py": ["# a comment", line]})
    assert (len(places), marked) == (1, set())


def test_a_mark_speaks_for_what_is_below_it_and_not_for_the_rest_of_the_file():
    lines = ["# TEST KEYS", SECRET, *([""] * 10), SECRET[::-1]]
    places, marked = scanned({"some.py": lines})
    assert (len(places), marked) == (2, {SECRET})
