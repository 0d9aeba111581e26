"""A keyring in a file of the current folder, for commands that run in a process of their own."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend

FILE = Path("keyring.json")


class FileKeyring(KeyringBackend):
    """Keeps passphrases in clear, and says that it does not: for tests only."""

    priority = 5

    def get_password(self, service: str, username: str) -> str | None:
        """Return the password of a user of a service, None for none."""
        return self._read().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        self._write({**self._read(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Forget a password."""
        kept = self._read()
        del kept[f"{service} {username}"]
        self._write(kept)

    def _read(self) -> dict[str, str]:
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        if not kept:
            os.unlink(FILE)
            return
        file = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(file, json.dumps(kept).encode())
        os.close(file)
