"""Secrets at rest: the right passphrase or key file opens, and nothing else does."""

import pytest

from meter20.vending import refusal, sealing
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Lock, Secret

REAL_COST = sealing.SCRYPT_COST  # before conftest.py lowers it


def test_cost_of_a_passphrase_is_one_that_scrypt_takes_and_a_guesser_feels(secret, monkeypatch):
    """Source: RFC 7914, N is a power of two; OWASP: 2^15 with r = 8 at the least."""
    monkeypatch.setattr(sealing, "SCRYPT_COST", REAL_COST)
    lock = Lock.new(secret)
    assert REAL_COST >= 1 << 15
    assert lock.key(secret) == lock.key(secret) != bytes(32)


def test_passphrase_opens_its_own_lock_only(secret):
    lock = Lock.new(secret)
    sealed = sealing.seal(lock.key(secret), b"plain", b"about")
    assert sealing.unseal(lock.key(secret), sealed, b"about", "no") == b"plain"
    other = lock.key(Secret.passphrase("another passphrase"))
    with pytest.raises(Refusal, match="no"):
        sealing.unseal(other, sealed, b"about", "no")


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_any_altered_byte_is_seen(at):
    key = bytes(32)
    sealed = bytearray(sealing.seal(key, b"a key of 20 bytes!!!", b"about"))
    sealed[at] ^= 1
    with pytest.raises(Refusal):
        sealing.unseal(key, bytes(sealed), b"about", "altered")


def test_altered_attributes_are_seen():
    sealed = sealing.seal(bytes(32), b"key", b"max 100")
    with pytest.raises(Refusal):
        sealing.unseal(bytes(32), sealed, b"max 999", "altered")


def test_key_file_is_private_and_opens(tmp_path):
    path = tmp_path / "module.key"
    sealing.new_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    secret = Secret.key_file(path)
    assert Lock.new(secret).key(secret) != secret.material
    with pytest.raises(Refusal, match="not overwritten"):
        sealing.new_key_file(path)


def test_key_file_does_not_open_a_passphrase_lock(tmp_path, secret):
    sealing.new_key_file(tmp_path / "k")
    with pytest.raises(Refusal, match="locked with a passphrase"):
        Lock.new(secret).key(Secret.key_file(tmp_path / "k"))


@pytest.mark.parametrize("text", ["", "zz", "00" * 31, "00" * 33])
def test_malformed_key_file_is_refused(tmp_path, text):
    (tmp_path / "k").write_text(text)
    with pytest.raises(Refusal) as refused:
        Secret.key_file(tmp_path / "k")
    assert refused.value.code == refusal.SECRET


def test_missing_key_file_is_refused_in_words(tmp_path):
    with pytest.raises(Refusal, match=r"The key file .*nothing cannot be read: No such file"):
        Secret.key_file(tmp_path / "nothing")


@pytest.mark.parametrize("text", ["", "short", "7 chars"])
def test_short_passphrase_is_refused(text):
    with pytest.raises(Refusal, match="8 characters"):
        Secret.passphrase(text)


def test_passphrase_of_eight_characters_is_enough():
    assert Secret.passphrase("eight ch").kind == "passphrase"


def test_altered_cost_cannot_exhaust_memory(secret):
    with pytest.raises(Refusal, match="altered"):
        Lock("passphrase", bytes(16), 2**40).key(secret)


def test_repr_of_a_secret_is_silent(secret):
    assert "correct horse" not in repr(secret)
