"""The request `dlms` of the service port: tells whether DLMS is on, or gives the meter its keys.

    {"do":"dlms"}
    {"do":"dlms","system_title":"...","encryption_key":"...","authentication_key":"...",
     "password":"...","port":4059}

Keys are hexadecimal, the password 8 to 32 printable ASCII characters, the title 8 octets in
hexadecimal. No reply holds a key or the password.
"""

from micropython import const
from service_port.lines import Refused, boolean, integer, text

from carriers.dlms_record import (
    KEY_OCTETS,
    PASSWORD_LONGEST,
    PASSWORD_SHORTEST,
    PORT,
    TITLE_OCTETS,
    DlmsRecord,
    Keys,
)

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App
    from ports import Ports


class DlmsPart:
    """DLMS on a meter: nothing but its record until there are keys, or somebody wants it.

    app: meter.app.App. ports: ports.Ports. now_ms: the time now. port: of TCP, instead of the
    one that the keys came with, and at once; None to listen only when there are keys. shut: the
    keys are given once. calm: further arguments of DlmsCarrier, by name.
    """

    def __init__(self, app: "App", ports: "Ports", now_ms=0, port=None, shut=False, **calm):
        self._app, self._ports, self._port, self._shut = app, ports, port, shut
        self._record = DlmsRecord(ports.records("dlms"))
        self._carrier, self._calm = None, calm
        if port is not None or self._record.keys is not None:
            self._begin(now_ms)

    @property
    def carrier(self):
        """The carriers.dlms_carrier.DlmsCarrier, None while DLMS is off."""
        return self._carrier

    def close(self):
        """Serve no more."""
        if self._carrier is not None:
            self._carrier.close()

    def answer(self, request: dict, now_ms: int):
        """Return the fields of the reply to `dlms`. Raises Refused."""
        if "encryption_key" in request:
            self._provision(request, now_ms)
        return self._reply()

    def _begin(self, now_ms):
        from carriers.dlms_carrier import DlmsCarrier  # read when it is needed: it is large

        port = self._port
        if port is None and self._ports.network is not None:
            port = self._record.keys.port
        self._carrier = DlmsCarrier(self._app, self._ports, self._record, port, **self._calm)
        self._app.add_part(self._carrier, now_ms)

    def _provision(self, request, now_ms):
        if self._record.keys is not None and self._shut:
            raise Refused("already_provisioned", "a meter gets its DLMS keys once")
        if self._record.lost and not boolean(request, "lost"):
            raise Refused(
                "store_lost", 'what DLMS kept is lost: give keys that are new, and "lost": true'
            )
        keys = Keys(
            _octets(request, "system_title", TITLE_OCTETS),
            _octets(request, "encryption_key", KEY_OCTETS),
            _octets(request, "authentication_key", KEY_OCTETS),
            _password(request),
            integer(request, "port", 1, 65535, PORT),
        )
        try:
            self._record.provision(keys)
        except OSError:
            raise Refused("store_failed", "the keys are not stored: the memory failed") from None
        if self._carrier is not None:
            self._carrier.begin()
            return
        try:
            self._begin(now_ms)
        except OSError:
            raise Refused(
                "port_taken", "the keys are stored, but the TCP port of DLMS is taken"
            ) from None

    def _reply(self):
        keys, carrier = self._record.keys, self._carrier
        fields = [("keys", keys is not None), ("port", 0 if carrier is None else carrier.port)]
        if keys is not None:
            fields.append(("system_title", "".join(["%02x" % octet for octet in keys.title])))
            fields.append(("counter", carrier.shared.counters.received))
        if carrier is not None:
            fields.append(("load_rows", carrier.shared.tables.load.count()))
        return fields


def _octets(request, name, count):
    written = text(request, name)
    try:
        octets = bytes.fromhex(written)
    except ValueError:
        octets = b""
    if len(octets) != count:
        raise Refused("bad_request", "%s: %d hexadecimal digits are needed" % (name, 2 * count))
    return octets


def _password(request):
    written = text(request, "password")
    octets = written.encode()
    if not PASSWORD_SHORTEST <= len(octets) <= PASSWORD_LONGEST or not _is_printable(octets):
        raise Refused("bad_request", "password: 8 to 32 ASCII characters are needed")
    return octets


def _is_printable(octets):
    return all([0x20 < octet < 0x7F for octet in octets])
