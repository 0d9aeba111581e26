"""A broker, and the network that leads to it, without a socket. Runs in both interpreters.

It knows as much of MQTT 3.1.1 as one meter needs, keeps the session of that meter, and refuses
what it does not know.
"""

from ports.network import CLOSED, OPEN, Connection, Network

_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE, _PING, _DISCONNECT = 1, 3, 4, 8, 12, 14


class Broker(Network):
    """code: of the CONNACK. silent: it answers nothing. published: [(topic, payload), ...].

    nobody: each connection from now on is closed, and `ending` is why.

    waiting: payloads of the token topic that the meter has not acknowledged.
    logins: (user, password) of each CONNECT.
    """

    def __init__(self):
        self.code, self.silent, self.link = 0, False, True
        self.nobody, self.ending = False, ""
        self.published, self.waiting, self.logins = [], [], []
        self.connection = None

    def up(self):
        return self.link

    def open(self, host, port, tls=None):
        self.connection = Line(self)
        if self.nobody:
            self.connection.close()
            self.connection.why = self.ending
        return self.connection

    def send_token(self, payload):
        """Publish `payload` to the meter; kept until it is acknowledged."""
        self.waiting.append([payload, None])
        if self.connection is not None:
            self.connection.deliver()

    def told(self, topic):
        """Return the payloads published on the topic that ends so."""
        return [payload for name, payload in self.published if name.endswith("/" + topic)]


class Line(Connection):
    """One connection to `broker`. sent: octets that the meter has yet to read."""

    def __init__(self, broker):
        self._broker = broker
        self._received = b""
        self.sent = b""
        self.state = OPEN
        self._topic = None
        self._last = 0

    def poll(self):
        return self.state

    def close(self):
        self.state = CLOSED

    def receive(self, most):
        if self.state != OPEN:
            return b""
        data, self.sent = self.sent[:most], self.sent[most:]
        return data

    def send(self, data):
        if self.state != OPEN:
            return 0
        self._received += bytes(data)
        while self._answer():
            pass
        return len(data)

    def deliver(self):
        """Send the tokens that were not sent on this line yet."""
        if self._topic is None or self._broker.silent:
            return
        for item in self._broker.waiting:
            if item[1] is None:
                self._last += 1
                item[1] = self._last
                self.sent += packet(0x32, text(self._topic) + word(self._last) + item[0])

    def _answer(self):
        """Take one whole packet; return whether there was one."""
        if len(self._received) < 2:
            return False
        size, at = self._received[1], 2
        if size & 0x80:
            size, at = size & 0x7F | self._received[2] << 7, 3
        if len(self._received) < at + size:
            return False
        head, body = self._received[0], self._received[at : at + size]
        self._received = self._received[at + size :]
        if not self._broker.silent:
            self._take(head, body)
        return True

    def _take(self, head, body):
        kind, broker = head >> 4, self._broker
        if kind == _CONNECT:
            broker.logins.append(_login(body))
            for item in broker.waiting:
                item[1] = None
            self.sent += packet(0x20, bytes([int(not broker.code), broker.code]))
        elif kind == _PUBLISH:
            size = body[0] << 8 | body[1]
            topic, identity = str(body[2 : 2 + size], "utf-8"), body[2 + size : 4 + size]
            broker.published.append((topic, str(body[4 + size :], "utf-8")))
            self.sent += packet(0x40, identity)
        elif kind == _SUBSCRIBE:
            self._topic = str(body[4:-1], "utf-8")
            self.sent += packet(0x90, body[:2] + b"\x01")
            self.deliver()
        elif kind == _PUBACK:
            number = body[0] << 8 | body[1]
            broker.waiting = [item for item in broker.waiting if item[1] != number]
        elif kind == _PING:
            self.sent += packet(0xD0, b"")
        else:
            assert kind == _DISCONNECT, "a packet that a meter does not send"


def packet(head, body):
    """Return a packet of fewer than 2^21 octets."""
    size, length = len(body), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([head]) + length + bytes([size]) + body


def word(number):
    return bytes([number >> 8, number & 0xFF])


def text(value):
    return word(len(value)) + value.encode()


def _login(body):
    """Return (user, password) of a CONNECT, "" for none."""
    fields, at = [], 10
    while at < len(body):
        size = body[at] << 8 | body[at + 1]
        fields.append(str(body[at + 2 : at + 2 + size], "utf-8"))
        at += 2 + size
    user, password = body[7] >> 7, body[7] >> 6 & 1
    after_will = 3 if body[7] & 4 else 1
    given = fields[after_will:]
    return given[0] if user else "", given[1] if password else ""
