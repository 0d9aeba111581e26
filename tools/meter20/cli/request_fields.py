"""The fields of a request to `token` and `key`: texts, numbers, keys and tables.

A request is a dict, made of arguments or of a line of JSON. A field that is wrong raises a
ValueError with words. No message holds a key.
"""

import getpass
import string
import sys
from pathlib import Path

import typer
from sts.decoder_key import KEY_SIZES
from sts.ea07_sta import Tables, check_tables

from meter20 import given_text, terminal
from meter20.vending.sizes import VENDING_KEYS

HEXADECIMAL_HELP = "'-' asks for it, so that neither the shell nor a list of processes shows it."


class Missing(ValueError):
    """A request lacks something; by arguments that is wrong usage."""


def text(request: dict, name: str) -> str:
    """Return the text `name` of `request`."""
    value = _given(request, name)
    if not isinstance(value, str):
        raise ValueError(f"'{name}' must be text")
    return value


def number(request: dict, name: str) -> int:
    """Return the whole number `name` of `request`, which may be written as digits."""
    value = _given(request, name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 4:
        return int(value)
    if type(value) is not int:
        raise ValueError(f"'{name}' must be a whole number")
    return value


def padded(request: dict, name: str, length: int) -> str:
    """Return the digits `name` of `request`; a number gets its leading zeros back."""
    value = _given(request, name)
    return f"{value:0{length}}" if type(value) is int else text(request, name)


def decoder_key(request: dict, ea: str) -> bytes:
    """Return the decoder key `key` of `request`, for the encryption algorithm `ea`."""
    return _key(request, "key", f"a decoder key for EA{ea}", KEY_SIZES.get(ea))


def vending_key(request: dict, dkga: str) -> bytes:
    """Return the vending key `vk` of `request`, for the key generation algorithm `dkga`."""
    return _key(request, "vk", f"a vending key for DKGA{dkga}", VENDING_KEYS.get(dkga))


def _key(request, name, what, size):
    """Return the key `name`, `what` of `size` bytes.

    size: None for an algorithm that there is not, which whoever takes the key says.
    """
    digits = "".join(text(request, name).split())
    if digits.strip(string.hexdigits):
        raise ValueError(f"'{name}' must be hexadecimal: digits 0 to 9 and a to f")
    if size is None:
        return b""
    if len(digits) != 2 * size:
        raise ValueError(f"{what} has {2 * size} hexadecimal digits, not {len(digits)}")
    return bytes.fromhex(digits)


def tables(request: dict) -> Tables | None:
    """Return the EA07 tables of `request`, None without any."""
    value = request.get("tables")
    if value is None:
        return None
    parts = []
    for name in Tables._fields:
        part = value.get(name) if isinstance(value, dict) else None
        if not isinstance(part, list) or any(type(entry) is not int for entry in part):
            raise ValueError("'tables' must be an object of s1, s2 and p, lists of whole numbers")
        parts.append(tuple(part))
    made = Tables(*parts)
    check_tables(made)
    return made


def tables_file(path: Path | None) -> dict | None:
    """Return what the JSON file `path` holds for `tables`; None without a path."""
    if path is None:
        return None
    try:
        return given_text.file_json(path)
    except given_text.Unreadable as why:
        raise typer.BadParameter(str(why)) from None


def secret(option: str, given: str | None, batch: bool) -> str | None:
    """Return the key `given` to `option`; '-' asks for it, unseen, or reads a line of input."""
    if given != "-":
        return given
    if batch:
        raise typer.BadParameter(f"{option} - reads the input that --batch needs")
    if terminal.is_typed_at():
        return getpass.getpass(f"{option.lstrip('-')}: ")
    return "" if sys.stdin is None else sys.stdin.readline(given_text.LINE_MAX).strip()


def _given(request, name):
    value = request.get(name)
    if value is None:
        raise Missing(f"'{name}' is missing")
    return value
