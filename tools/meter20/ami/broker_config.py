"""What Mosquitto needs to be the broker of our meters: TLS, passwords, and an ACL for each meter.

A meter logs in with its number, and reads and writes its own topics alone. The head-end may send
tokens and read the rest, but may not write results. An authority and a broker's certificate that
are in the folder stay, since meters believe that authority.
"""

import base64
import hashlib
import ipaddress
import json
import os
import secrets
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from meter20 import private_folder
from meter20.vending.new_file import NewFile
from meter20.vending.station import utc_now

HEAD_END = "head-end"
PORT = 8883
_ROUNDS = 101  # of PBKDF2, as mosquitto_passwd has it: passwords here are random, not chosen
_YEARS = timedelta(days=3650)
_BEFORE = timedelta(days=1)
_OWNER_ONLY = 0o600
#: Of one client. After an outage all meters tell the head-end their results in one moment.
_IN_FLIGHT, _QUEUED = 100, 10_000
_TOPICS_READ, _TOPICS_WRITTEN = ("token",), ("result", "registers", "events", "state")


def write(folder: Path, host: str, passwords: dict[str, str], port: int = PORT) -> list[str]:
    """Write the configuration into `folder`; return the names of its files. Private throughout.

    host: by which meters reach the broker. passwords: by meter number. Raises OSError, Refusal.
    """
    private_folder.make(folder)
    _certificates(folder, host)
    head_end = _kept(folder / "head-end.password", lambda: secrets.token_urlsafe(18))
    users = {HEAD_END: head_end, **passwords}
    hashed = "".join(f"{user}:{_hashed(password)}\n" for user, password in users.items())
    _replace(folder / "passwords", hashed)
    _replace(folder / "acl", acl(list(passwords)))
    _replace(folder / "mosquitto.conf", _config(folder.absolute(), port))
    private_folder.make(folder / "meters")
    for drn, password in passwords.items():
        request = {"do": "mqtt", "host": host, "port": port, "tls": True, "user": drn,
                "password": password}  # fmt: skip
        _replace(folder / "meters" / f"{drn}.json", json.dumps(request) + "\n")
    return sorted(path.name for path in folder.iterdir())


def acl(drns: list[str]) -> str:
    """Return the ACL: each user sees its own topics, in the direction in which they go."""
    lines = [f"user {HEAD_END}"]
    lines += [f"topic write meter20/+/{name}" for name in _TOPICS_READ]
    lines += [f"topic read meter20/+/{name}" for name in _TOPICS_WRITTEN]
    for drn in drns:
        lines += ["", f"user {drn}"]
        lines += [f"topic read meter20/{drn}/{name}" for name in _TOPICS_READ]
        lines += [f"topic write meter20/{drn}/{name}" for name in _TOPICS_WRITTEN]
    return "\n".join(lines) + "\n"


def _config(folder: Path, port: int) -> str:
    return "\n".join([
        "# Written by `meter20 ami broker-config`; after a change of meters: again, then SIGHUP.",
        f"listener {port}",
        f"certfile {folder}/broker.pem",
        f"keyfile {folder}/broker.key",
        "allow_anonymous false",
        f"password_file {folder}/passwords",
        f"acl_file {folder}/acl",
        "persistence true",
        f"persistence_location {folder}/",
        f"max_inflight_messages {_IN_FLIGHT}",
        f"max_queued_messages {_QUEUED}",
        "max_packet_size 4096",
        "",
    ])  # fmt: skip


def _hashed(password: str) -> str:
    """Return a password as Mosquitto keeps it. Source: mosquitto_passwd, $7$, PBKDF2-SHA512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("", "7", str(_ROUNDS), *parts))


def _certificates(folder: Path, host: str) -> None:
    """Make an authority and a certificate of `host`, unless they are there."""
    if (folder / "broker.pem").exists():
        return
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "meter20 broker authority")])
    ca = _unsigned(ca_name, ca_name, ca_key)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.sign(ca_key, hashes.SHA256())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    own = _unsigned(name, ca_name, key)
    own = own.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
    own = own.sign(ca_key, hashes.SHA256())
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    for file, data in (
        ("ca.der", ca.public_bytes(der)),
        ("ca.pem", ca.public_bytes(pem)),
        ("broker.key", _key_text(key)),
        ("broker.pem", own.public_bytes(pem)),
    ):
        _replace(folder / file, data)


def _unsigned(subject, issuer, key) -> x509.CertificateBuilder:
    now = utc_now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _YEARS)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_text(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _kept(path: Path, make) -> str:
    if not path.exists():
        with NewFile(path) as file:
            file.fill(make() + "\n")
            file.keep()
    return path.read_text(encoding="ascii").strip()


def _replace(path: Path, content: str | bytes) -> None:
    """Write `path` again: a reader meanwhile gets the whole old file or the whole new file."""
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb") as to:
        to.write(data)
        to.flush()
        os.fsync(to.fileno())
    draft.replace(path)
