"""The network over sockets: boards with Wi-Fi, MicroPython's unix port and CPython alike.

Sockets never block here. With TLS on CPython the connection is OPEN once the handshake is
done. MicroPython does not say when that is: it shakes hands when the first octets are sent. On
a board that is one long step, see docs/ami.md.
"""

import errno
import select
import socket

from ports.network import (
    CLOSED,
    OPEN,
    OPENING,
    OTHER_NAME,
    TLS,
    UNTRUSTED,
    Connection,
    Listener,
    Network,
)

try:
    import ssl
except ImportError:  # a small build of MicroPython
    ssl = None

_WAITING = (errno.EAGAIN, errno.EINPROGRESS, 118, 119)  # 118, 119: lwIP's, on ESP32 and Pico W
_BROKEN = select.POLLERR | select.POLLHUP
#: What CPython raises while the other side's part of a handshake is awaited.
_WANTS = (getattr(ssl, "SSLWantReadError", ()), getattr(ssl, "SSLWantWriteError", ()))
_SSL_ERROR = getattr(ssl, "SSLError", ())
_OTHER_NAMES = (62, 64)  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_VERIFY_FAILED = -0x2700  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
_BACKLOG = 2


class SocketNetwork(Network):
    """authority_file: a certificate in DER that TLS is to believe.

    link: has `join` and `up`, such as drivers.wifi.Wifi; None where the system keeps the link.

    address: of this machine, that `listen` takes connections at.
    """

    has_tls = ssl is not None

    def __init__(self, link=None, address: str = "0.0.0.0", authority_file: str = ""):
        self._link, self._authority_file = link, authority_file
        self._address = address

    def join(self, name, password):
        if self._link is not None:
            self._link.join(name, password)

    def authority(self):
        try:
            with open(self._authority_file, "rb") as file:
                return file.read()
        except OSError:
            return None

    def up(self):
        return self._link is None or self._link.up()

    def open(self, host, port, tls=None):
        context = None if tls is None else _context(tls)
        family, kind, number, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, number)
        opened.setblocking(False)
        try:
            opened.connect(address)
        except OSError as waits:
            if waits.errno not in _WAITING:
                opened.close()
                raise
        return self._connection(opened, host, context)

    def _connection(self, opened, host, context):
        return SocketConnection(opened, host, context)

    def listen(self, port):
        return SocketListener(self._address, port)


class SocketConnection(Connection):
    """A connection over `opened`, a socket that does not block.

    context: an SSLContext, None for no TLS. connected: `opened` is one that was accepted.
    """

    def __init__(self, opened, host="", context=None, connected=False):
        self._socket, self._host, self._context = opened, host, context
        self.state = OPEN if connected else OPENING
        self._poll = select.poll()
        self._poll.register(opened, select.POLLOUT)
        self._secured = None

    def poll(self):
        if self.state == OPENING:
            try:
                self._get_on()
            except (OSError, ValueError) as failed:
                self._failed(failed)
        return self.state

    def _get_on(self):
        for event in self._poll.poll(0):
            if event[1] & _BROKEN:
                self.close()
            elif event[1] & select.POLLOUT:
                if self._context is not None:
                    self._begin_tls()
                if self._shaken():
                    self.state = OPEN

    def _begin_tls(self):
        context, self._context = self._context, None
        self._secured = context.wrap_socket(
            self._socket, server_hostname=self._host, do_handshake_on_connect=False
        )

    def _shaken(self):
        """Whether the handshake is done, as far as this interpreter tells."""
        if hasattr(self._secured, "do_handshake"):
            self._secured.do_handshake()
        return True

    def send(self, data):
        if self.poll() != OPEN:
            return 0
        try:
            stream = self._secured
            return (self._socket.send(data) if stream is None else stream.write(data)) or 0
        except (OSError, ValueError) as failed:
            self._failed(failed)
            return 0

    def receive(self, most):
        if self.poll() != OPEN:
            return b""
        try:
            stream = self._secured
            data = self._socket.recv(most) if stream is None else stream.read(most)
        except (OSError, ValueError) as failed:
            self._failed(failed)
            return b""
        if data == b"":
            self.close()
        return data or b""

    def _failed(self, failed):
        """Close, unless there is only something to wait for."""
        number = getattr(failed, "errno", None)
        if not isinstance(failed, _WANTS) and number not in _WAITING:
            self.why = tls_failure(failed, number)
            self.close()

    def close(self):
        self.state = CLOSED
        for part in (self._secured, self._socket):
            try:
                if part is not None:
                    part.close()
            except OSError:
                pass  # it is closed for us all the same


class SocketListener(Listener):
    """Listens on `port` of `address`."""

    def __init__(self, address, port):
        self._socket = socket.socket()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(socket.getaddrinfo(address, port)[0][-1])
            self._socket.listen(_BACKLOG)
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise
        self.port = port or _number(self._socket)

    def accept(self):
        try:
            accepted, _address = self._socket.accept()
        except OSError as failed:
            if failed.errno not in _WAITING:
                raise
            return None
        accepted.setblocking(False)
        return SocketConnection(accepted, connected=True)

    def close(self):
        self._socket.close()


def _number(listening):
    """Return the port that the system chose. Raises OSError where it does not tell."""
    address_of = getattr(listening, "getsockname", None)
    if address_of is None:  # MicroPython
        listening.close()
        raise OSError(errno.EINVAL)
    return address_of()[1]


def tls_failure(failed, number) -> str:
    """Return the word of ports.network for what `failed` in TLS, "" for a fault of the line.

    number: its errno. MicroPython says in a ValueError what is wrong with a certificate.
    """
    code = getattr(failed, "verify_code", None)  # CPython's
    if code in _OTHER_NAMES or (isinstance(failed, ValueError) and "(CN)" in str(failed)):
        return OTHER_NAME
    if isinstance(failed, ValueError) or number == _VERIFY_FAILED:
        return UNTRUSTED
    return TLS if isinstance(failed, _SSL_ERROR) or (number or 0) < 0 else ""


def _context(authority):
    """Return an SSLContext that believes the `authority`, a certificate in DER, alone."""
    if ssl is None:
        raise OSError(errno.ENODEV)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(cadata=authority)
    except OSError:  # SSLError on CPython
        raise ValueError("certificate: not one in DER") from None
    return context
