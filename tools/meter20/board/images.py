"""MicroPython's own image for a board, fetched and checked.

The hash is the user's to give, or a checksum file's: micropython.org publishes
none beside its images, and this project invents none.
"""

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from pathlib import Path

from meter20.board.trouble import Code, Trouble

VERSION = "1.29.0"
SITE = "https://micropython.org"
_TIMEOUT_S = 20


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
