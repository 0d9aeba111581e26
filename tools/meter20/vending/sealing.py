"""Sealing: secrets encrypted at rest and on their way between stations.

A `Lock` turns what the operator has (a passphrase, or a key file of 32 random bytes) into a
256-bit key; `seal` and `unseal` are AES-256-GCM with the attributes that must not change as
associated data. Both come from the `cryptography` package.

Why Scrypt: its memory cost makes guessing a stolen passphrase dear, and it needs no further
library. Argon2id would do as well; the stored parameters leave room for it.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from meter20 import given_text
from meter20.vending import refusal
from meter20.vending.new_file import NewFile, cannot_write
from meter20.vending.refusal import Refusal

PASSPHRASE, KEY_FILE = "passphrase", "key-file"
SALT_BYTES = 16
KEY_BYTES = 32
NONCE_BYTES = 12
#: Scrypt cost N: 32 MiB and about 0.1 s for one try.
SCRYPT_COST = 2**15
_SCRYPT_BLOCK, _SCRYPT_LANES = 8, 1
_MAX_COST = 2**20
MIN_PASSPHRASE = 8


class Key:
    """A key that is handed around. octets: the key, which neither `repr` nor `vars` shows."""

    __slots__ = ("_begun", "octets")

    def __init__(self, octets: bytes):
        self.octets = octets
        self._begun = hmac.new(octets, digestmod="sha256")  # a copy takes less than a new one

    def mac(self, said: bytes) -> bytes:
        """Return the HMAC-SHA-256 of `said` under this key."""
        code = self._begun.copy()
        code.update(said)
        return code.digest()

    def __repr__(self) -> str:
        return "Key(hidden)"


@dataclass(frozen=True, slots=True)
class Secret:
    """What the operator opens a lock with. `repr` shows its kind only, and `vars` nothing."""

    kind: str
    material: bytes = field(repr=False)

    @classmethod
    def passphrase(cls, text: str) -> "Secret":
        """Return the secret of a passphrase; raises Refusal when it is too short to protect."""
        if len(text) < MIN_PASSPHRASE:
            raise Refusal(refusal.VALUE, f"A passphrase has {MIN_PASSPHRASE} characters at least.")
        # The environment's bytes, whether they are UTF-8 or not.
        return cls(PASSPHRASE, text.encode("utf-8", "surrogateescape"))

    @classmethod
    def key_file(cls, path: Path) -> "Secret":
        """Return the secret in `path`; raises Refusal unless it holds 64 hexadecimal digits."""
        try:
            text = given_text.file_text(path)
        except given_text.Unreadable as why:
            raise Refusal(refusal.SECRET, f"The key file {why}.") from None
        try:
            material = bytes.fromhex(text.strip())
        except ValueError:
            material = b""
        if len(material) != KEY_BYTES:
            raise Refusal(
                refusal.SECRET, f"{path} is not a key file: it holds 64 hexadecimal digits."
            )
        return cls(KEY_FILE, material)


def new_key_file(path: Path) -> NewFile:
    """Write a fresh key file; on return it is on the disk, before anything is locked with it.

    Raises Refusal if `path` exists or cannot be written.
    """
    file = NewFile(path)
    try:
        file.fill(secrets.token_hex(KEY_BYTES) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from None
    return file


@dataclass(frozen=True)
class Lock:
    """The public half of a sealed thing: how a secret becomes its key.

    `cost` is Scrypt's N, and 0 for a key file, which needs no stretching.
    """

    kind: str
    salt: bytes
    cost: int

    @classmethod
    def new(cls, secret: Secret) -> "Lock":
        """Return a lock with a fresh salt for `secret`."""
        cost = SCRYPT_COST if secret.kind == PASSPHRASE else 0
        return cls(secret.kind, secrets.token_bytes(SALT_BYTES), cost)

    def key(self, secret: Secret) -> bytes:
        """Return the 32-byte key; raises Refusal if the other kind of secret is needed.

        Blocks about 0.1 s for a passphrase.
        """
        if secret.kind != self.kind:
            raise Refusal(
                refusal.SECRET,
                f"This is locked with a {self.kind.replace('-', ' ')}, not with a "
                f"{secret.kind.replace('-', ' ')}.",
            )
        if self.kind == KEY_FILE:
            return subkey(secret.material, b"key file" + self.salt)
        if not 1 < self.cost <= _MAX_COST or self.cost & (self.cost - 1):
            raise Refusal(refusal.ALTERED, "The passphrase parameters were altered.")
        kdf = Scrypt(self.salt, KEY_BYTES, self.cost, _SCRYPT_BLOCK, _SCRYPT_LANES)
        return kdf.derive(secret.material)


def subkey(key: bytes, purpose: bytes) -> bytes:
    """Return the 32-byte key for one `purpose` under `key`. Source: RFC 5869 (HKDF-SHA-256)."""
    return HKDF(SHA256(), KEY_BYTES, None, b"meter20 " + purpose).derive(key)


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """Return nonce and ciphertext of `plain`; `about` is not part of it, but bound to it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(
    key: bytes, sealed: bytes, about: bytes, words: str, code: str = refusal.ALTERED
) -> bytes:
    """Return what was sealed; raises Refusal(`code`, `words`) on another key, text or `about`."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError):
        raise Refusal(code, words) from None


def check_value(key: bytes) -> str:
    """Return six hexadecimal digits by which two people can see that they hold the same key."""
    return subkey(key, b"check value")[:3].hex()
