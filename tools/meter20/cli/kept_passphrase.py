"""Keeps the passphrase of a station in the keyring of the system, if its owner wants that.

Nothing is kept unless somebody says so: a file beside the database, `.keyring`, says that there
is a passphrase to ask the keyring for. It holds no secret. The package `keyring` is imported only
then. A keyring that keeps passphrases in clear is refused.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from meter20 import private_folder
from meter20.vending import refusal
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import PASSPHRASE, Secret

if TYPE_CHECKING:
    from meter20.vending.storage import Storage

_SERVICE = "meter20"
_SAFE = 1  # the least priority of a keyring that the package recommends
_FORGET = "`meter20 vend keyring forget`"


def kept(storage: "Storage") -> Secret | None:
    """Return the passphrase that the keyring has; None if nobody keeps one there."""
    if not _mark(storage).exists():
        return None
    found = _answer(lambda ring: ring.get_password(_SERVICE, storage.where))
    return None if found is None else Secret.passphrase(found)


def keep(storage: "Storage", secret: Secret) -> None:
    """Keep a passphrase; raises Refusal if there is no safe keyring, or `secret` is none."""
    if secret.kind != PASSPHRASE:
        raise Refusal(refusal.STATE, "A keyring keeps a passphrase. A key file is kept already.")
    check()
    text = secret.material.decode("utf-8", "surrogateescape")
    private_folder.make(_mark(storage).parent)
    _mark(storage).touch(0o600)  # first: what a keyring has without it, nobody takes out again
    _answer(lambda ring: ring.set_password(_SERVICE, storage.where, text))


def forget(storage: "Storage") -> None:
    """Take the passphrase out of the keyring. Nothing happens if none is there."""
    if not _mark(storage).exists():
        return
    if _answer(lambda ring: ring.get_password(_SERVICE, storage.where)) is not None:
        _answer(lambda ring: ring.delete_password(_SERVICE, storage.where))
    _mark(storage).unlink()


def check() -> None:
    """Raise Refusal unless this system has a keyring that can be trusted, and answers."""
    _answer(lambda ring: ring.get_password(_SERVICE, ""))


def wrong(why: Refusal) -> Refusal:
    """Return the refusal for a kept passphrase that does not open the station."""
    if why.code != refusal.SECRET:
        return why
    return Refusal(why.code, f"{why} It came from the keyring: {_FORGET}.")


def _answer(question):
    """Return what the keyring answers to `question`; raises Refusal in words of our own.

    What a keyring raises may hold the passphrase.
    """
    try:
        import keyring
    except ImportError:
        raise Refusal(
            refusal.STATE, "The package keyring is missing: pip install 'meter20[keyring]'."
        ) from None
    ring = keyring.get_keyring()
    if ring.priority < _SAFE:
        raise Refusal(refusal.STATE, "This system has no keyring that keeps a passphrase safe.")
    try:
        return question(ring)
    except Exception as error:  # a keyring may raise anything
        why = type(error).__name__
    raise Refusal(refusal.STATE, f"The keyring of this system failed: {why}.") from None


def _mark(storage: "Storage") -> Path:
    from meter20.vending.anchor import default_path

    database = default_path(storage.path, storage.where)
    return database.with_suffix(".keyring")
