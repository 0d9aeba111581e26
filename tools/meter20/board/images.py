"""MicroPython's own image for a board, fetched and checked.

The hash is the user's to give, or a checksum file's: micropython.org publishes
none beside its images, and this project invents none. What the form of an image
tells is checked always: that it is whole, and for this chip.

Source: UF2 specification; ESP-IDF, esp_image_header_t.
"""

import hashlib
import http.client
import re
import struct
import urllib.error
import urllib.request
from pathlib import Path

from meter20.board.trouble import Code, Trouble

VERSION = "1.29.0"
SITE = "https://micropython.org"
_TIMEOUT_S = 20

_UF2_BLOCK = 512
_UF2_MAGICS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_ESP_MAGIC = 0xE9


def fetch(image: str, version: str = VERSION, site: str = SITE) -> tuple[str, bytes]:
    """Return (file name, content) of the image called `image`. Raises Trouble."""
    page = _get(f"{site}/download/{image}/").decode(errors="replace")
    name = rf"{re.escape(image)}-\d{{8}}-v{re.escape(version)}\.(?:uf2|bin)"
    found = re.search(rf'href="(?:{re.escape(site)})?/resources/firmware/({name})"', page)
    if not found:
        raise Trouble(
            Code.FAILED, f"{site}/download/{image}/ offers no {version}: choose with --version"
        )
    return found[1], _get(f"{site}/resources/firmware/{found[1]}")


def listed(checksums: Path, name: str) -> str:
    """Return the SHA-256 that a file in the format of `sha256sum` lists for `name`."""
    try:
        lines = checksums.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise Trouble(Code.WRONG_HASH, f"{checksums} cannot be read") from None
    for line in lines:
        digest, _, file = line.strip().partition(" ")
        if Path(file.strip().lstrip("*")).name == name:
            return digest
    raise Trouble(Code.WRONG_HASH, f"{checksums} does not list {name}")


def digest(content: bytes) -> str:
    """Return the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def check_form(content: bytes, name: str, chip: int) -> None:
    """Raise Trouble unless `content` is a whole image for `chip`, IMAGE_CHIP of its about.py."""
    found = _uf2_family(content) if name.endswith(".uf2") else _esp_chip(content)
    if found is None:
        raise Trouble(Code.FAILED, f"{name} is no whole image: it was thrown away, try again")
    if found != chip:
        raise Trouble(Code.WRONG_BOARD, f"{name} is for another chip: it was thrown away")


def _uf2_family(content: bytes) -> int | None:
    """Return the family in the last block of a whole UF2 file, None if it is not whole."""
    number, blocks, family = -1, 0, None
    if len(content) % _UF2_BLOCK:
        return None
    for at in range(0, len(content), _UF2_BLOCK):
        block = content[at : at + _UF2_BLOCK]
        if struct.unpack_from("<II", block) + struct.unpack("<I", block[-4:]) != _UF2_MAGICS:
            return None
        number, blocks, family = struct.unpack_from("<III", block, 20)
    return family if number == blocks - 1 else None


def _esp_chip(content: bytes) -> int | None:
    if len(content) < 24 or content[0] != _ESP_MAGIC:
        return None
    return struct.unpack_from("<H", content, 12)[0]


def check(content: bytes, expected: str, name: str) -> None:
    """Raise Trouble unless the SHA-256 of `content` is `expected`."""
    found = digest(content)
    if found != expected.lower():
        raise Trouble(
            Code.WRONG_HASH, f"{name} has SHA-256 {found}, not {expected}: it was thrown away"
        )


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:
            return reply.read()
    except urllib.error.HTTPError as error:
        raise Trouble(Code.FAILED, f"{url}: {error.code} {error.reason}") from None
    except http.client.HTTPException as error:
        raise Trouble(Code.FAILED, f"{url} did not arrive whole ({error!r}): try again") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Trouble(
            Code.NO_NETWORK,
            f"no network: {url} cannot be reached ({reason}). Fetch the image by other means "
            "and copy it on the board's drive, or use esptool for an ESP32",
        ) from None
