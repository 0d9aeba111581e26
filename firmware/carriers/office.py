"""The office: starts MQTT and DLMS as they were provisioned, and steps them. It answers the
requests `mqtt`, `wifi` and `dlms` of the service port.

A meter without a network and a line for DLMS does not import this. The office imports a carrier
only once the meter has its broker or its keys.
"""

from micropython import const
from ports.record_store import LOST, StoreFailed
from service_port.lines import Refused, boolean, integer, text

from carriers import access as accesses

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App
    from meter.turn import Turn
    from ports import Ports

_IDLE_MS = const(1000)


class Office:
    """A part of `app`, a meter.app.App whose board has `ports.network` or `ports.serial`, see
    meter.turn.

    shut: broker, Wi-Fi and DLMS keys are set once, as the key is. now_ms: the time now.
    dlms_port: TCP port of DLMS at once, instead of the one that its keys come with. calm: further
    arguments of carriers.dlms_carrier.DlmsCarrier, by name.

    A port that is taken is no reason not to meter: then there is no DLMS, unless `dlms_port` asks
    for it, which raises OSError.
    """

    name = "network"

    def __init__(self, app: "App", ports: "Ports", shut=False, now_ms=0, dlms_port=None, **calm):
        self._app, self._ports, self._shut = app, ports, shut
        self._dlms, self._dlms_port, self._calm = None, dlms_port, calm
        self._store = ports.records("carriers")
        self._outbox = None
        self._mqtt = None
        self.access = self._stored()
        if ports.network is not None:
            app.add_part(self, 0)
            ports.network.join(self.access.wifi_name, self.access.wifi_password)
        if dlms_port is not None or _is_used(ports.records("dlms")):
            try:
                self._begin_dlms(now_ms)
            except OSError:  # the port is taken
                if dlms_port is not None:
                    raise

    @property
    def requests(self) -> dict:
        """The requests of the service port that this answers, see service_port.service.Service."""
        if self._ports.network is None:
            return {"dlms": self._answer_dlms}
        return {"dlms": self._answer_dlms, "mqtt": self._answer_mqtt, "wifi": self._answer_wifi}

    @property
    def mqtt(self):
        """The carriers.mqtt.Mqtt, None while the meter has no broker."""
        return self._mqtt

    @property
    def dlms(self):
        """The carriers.dlms_carrier.DlmsCarrier, None while DLMS is off."""
        return None if self._dlms is None else self._dlms.carrier

    def step(self, turn: "Turn") -> int:
        """Give the carriers their turn."""
        number = turn.state.identity.drn
        if not self.access.host or not number:
            return _IDLE_MS
        if self._mqtt is None:
            self._begin(turn.state)
        return _IDLE_MS if self._mqtt is None else self._mqtt.step(turn)

    def end(self):
        """Leave the networks, as when the power goes."""
        self._end_mqtt()
        if self._dlms is not None:
            self._dlms.close()

    def _end_mqtt(self):
        if self._mqtt is not None:
            self._mqtt.end()
            self._mqtt = None

    def _begin(self, state):
        kind = _mqtt()
        if kind is None:
            return
        if self._outbox is None:
            from carriers.outbox import Outbox

            self._outbox = Outbox(self._ports.records("outbox"))
            self._outbox.resolve(self._app.meter)
        self._mqtt = kind(
            self._ports.network, self.access, self._outbox, self._app.inbox, state.identity.drn
        )

    def _stored(self):
        record = self._store.load()
        try:
            return accesses.from_bytes(record) if record else accesses.Access()
        except ValueError:  # of another firmware
            return accesses.Access()

    def _answer_mqtt(self, request, _now_ms):
        """Store how the broker is reached, if `host` is there; tell all but the password."""
        if "host" in request:
            if _mqtt() is None:
                raise Refused("no_mqtt", "this meter lacks the library chumicro_mqtt")
            self._check_open(self.access.host)
            self._change(
                host=text(request, "host"),
                port=integer(request, "port", 1, 0xFFFF, default=1883),
                tls=boolean(request, "tls"),
                clean=boolean(request, "clean_session"),
                report_s=integer(request, "report_s", 0, accesses.REPORT_MAX_S, default=900),
                user=text(request, "user") if "user" in request else "",
                password=text(request, "password") if "password" in request else "",
            )
        access, mqtt = self.access, self._mqtt
        return [
            ("host", access.host),
            ("port", access.port),
            ("tls", access.tls),
            ("clean_session", access.clean),
            ("report_s", access.report_s),
            ("user", access.user),
            ("connected", mqtt is not None and mqtt.connected),
            ("failed", mqtt.failed if mqtt is not None else ""),
            ("refused", mqtt.refused if mqtt is not None else 0),
            ("waiting", len(self._outbox.entries) if self._outbox is not None else 0),
        ]

    def _answer_wifi(self, request, _now_ms):
        """Store which Wi-Fi to be on, if `name` is there; tell its name and whether it is up."""
        if "name" in request:
            self._check_open(self.access.wifi_name)
            password = text(request, "password") if "password" in request else ""
            self._change(wifi_name=text(request, "name"), wifi_password=password)
            self._ports.network.join(self.access.wifi_name, self.access.wifi_password)
        return [("name", self.access.wifi_name), ("up", self._ports.network.up())]

    def _check_open(self, kept):
        """Raise Refused if the service port is shut and the setting was `kept` before."""
        if self._shut and kept:
            raise Refused("already_provisioned", "a meter whose port is shut takes this once")

    def _change(self, **values):
        try:
            changed = self.access.changed(**values)
        except ValueError as wrong:
            raise Refused("bad_request", str(wrong)) from None
        try:
            self._store.commit(accesses.to_bytes(changed))
        except OSError:
            raise StoreFailed from None
        self.access = changed
        self._end_mqtt()

    def _begin_dlms(self, now_ms):
        """Let there be DLMS, if its modules are installed."""
        try:
            import dlms  # noqa: F401  a package of its own, read when there are keys

            from carriers.dlms_request import DlmsPart
        except ImportError:
            return
        self._dlms = DlmsPart(
            self._app, self._ports, now_ms, self._dlms_port, self._shut, **self._calm
        )

    def _answer_dlms(self, request, now_ms):
        """Give DLMS its keys, or tell whether it is on; see carriers.dlms_request."""
        if self._dlms is None:
            try:
                self._begin_dlms(now_ms)
            except OSError:
                raise Refused("port_taken", "the TCP port of DLMS is taken") from None
        if self._dlms is None:
            raise Refused("no_dlms", "this meter lacks the package dlms")
        return self._dlms.answer(request, now_ms)


def _is_used(store) -> bool:
    return store.health == LOST or store.load() is not None


def _mqtt():
    """Return the class Mqtt, None where its library is not installed."""
    try:
        from carriers.mqtt import Mqtt
    except ImportError:
        return None
    return Mqtt
