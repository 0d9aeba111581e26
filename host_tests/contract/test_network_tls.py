"""TLS through the network port of this interpreter."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from drivers.socket_network import SocketNetwork, tls_failure
from ports.network import CLOSED, OPEN, OTHER_NAME, TLS, UNTRUSTED

_WAIT_S = 60


def _named(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(host, signer=None):
    """Return (certificate, key) for `host`, signed by `signer`, (certificate, key), or itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    issuer = signer[0].subject if signer else _named(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(host))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .sign(signer[1] if signer else key, hashes.SHA256())
    )
    return made, key


def _alternative(host):
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(host))
    return x509.DNSName(host)


def der(authority):
    return authority[0].public_bytes(serialization.Encoding.DER)


def pem(signed):
    """Return (certificate, key) as the content of a file for a server."""
    made, key = signed
    return made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Server:
    """Echoes what it is sent over TLS, as `host` under `authority`. A context manager."""

    def __init__(self, folder, authority, host):
        file = folder / "server.pem"
        file.write_bytes(pem(certificate(host, authority)))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                plain, _ = self._listener.accept()
                with self._context.wrap_socket(plain, server_side=True) as secured:
                    while data := secured.recv(1000):
                        secured.sendall(data)
            except (ssl.SSLError, ConnectionError):
                pass  # a client that did not believe us
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()


def until_settled(connection):
    """Return the state of `connection` once it is no longer opening."""
    until_s = time.monotonic() + _WAIT_S
    while connection.poll() not in (OPEN, CLOSED) and time.monotonic() < until_s:
        time.sleep(0.001)
    return connection.state


@pytest.fixture(scope="module")
def authority():
    return certificate("test authority")


def test_who_is_vouched_for_is_talked_to(tmp_path, authority):
    with Server(tmp_path, authority, "127.0.0.1") as server:
        ours = SocketNetwork().open("127.0.0.1", server.port, der(authority))
        assert until_settled(ours) == OPEN
        assert ours.send(b"hello") == 5
        came = b""
        until_s = time.monotonic() + _WAIT_S
        while len(came) < 5 and time.monotonic() < until_s:
            came += ours.receive(3)
        assert came == b"hello"
        ours.close()


@pytest.mark.parametrize("wrong", [UNTRUSTED, OTHER_NAME])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_who_is_not_vouched_for_gets_no_connection_and_it_is_said_why(
    tmp_path, authority, wrong, name
):
    believed = certificate("another authority") if wrong == UNTRUSTED else authority
    host = "10.0.0.1" if wrong == OTHER_NAME else name
    with Server(tmp_path, authority, host) as server:
        ours = SocketNetwork().open(name, server.port, der(believed))
        assert until_settled(ours) == CLOSED
        assert ours.why == wrong
        assert ours.send(b"secret") == 0


def test_who_speaks_no_tls_gets_no_connection_and_it_is_said_why(authority):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = SocketNetwork().open("127.0.0.1", listener.getsockname()[1], der(authority))
        theirs, _ = listener.accept()
        theirs.sendall(b"hello, this is no TLS")
        assert until_settled(ours) == CLOSED
        assert ours.why == TLS
        theirs.close()


def test_connection_that_somebody_closed_is_not_said_to_fail_by_tls(tmp_path, authority):
    with Server(tmp_path, authority, "127.0.0.1") as server:
        ours = SocketNetwork().open("127.0.0.1", server.port, der(authority))
        assert until_settled(ours) == OPEN
        ours.close()
        assert (ours.poll(), ours.why) == (CLOSED, "")


@pytest.mark.parametrize(
    ("failed", "number", "word"),
    [
        (
            ValueError("The certificate Common Name (CN) does not match with the expected CN\n"),
            None,
            OTHER_NAME,
        ),
        (
            ValueError("The certificate is not correctly signed by the trusted CA\n"),
            None,
            UNTRUSTED,
        ),
        (OSError(-0x2700, "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED"), -0x2700, UNTRUSTED),
        (OSError(-0x7280, "MBEDTLS_ERR_SSL_CONN_EOF"), -0x7280, TLS),
        (ConnectionResetError(104, "Connection reset by peer"), 104, ""),
        (OSError(), None, ""),
    ],
)
def test_what_micropython_raises_is_told_by_the_same_words(failed, number, word):
    assert tls_failure(failed, number) == word
