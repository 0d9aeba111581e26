"""MQTT as a carrier: tokens out, results and reports in. The topics are those of docs/ami.md.

The broker's acknowledgement says nothing about the meter, so this carrier ignores it. Each worker
subscribes by itself and hears every result. If it misses a result, it sends the token again.
"""

import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from meter20.ami.carriers import MQTT, Answer, Awake, Back, Heard, Parcel
from meter20.ami.reports import EVENTS, REGISTERS, report_of

_PREFIX = "meter20"
_PAYLOAD_MAX = 512  # octets of a result
_ANSWERS = [(f"{_PREFIX}/+/{name}", 1) for name in ("result", "state")]
#: With QoS 0: a burst of reports takes no room in the broker's queue from results.
_REPORTS = [(f"{_PREFIX}/+/{name}", 0) for name in (REGISTERS, EVENTS)]
_SLOWEST_S = 30  # between two attempts to reach the broker
_PEM = b"-----BEGIN"


@dataclass(frozen=True)
class Broker:
    """Where the broker is. authority: file of the CA to believe, DER or PEM; None: no TLS."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    authority: Path | None = None


class MqttCarrier:
    """A connection to `broker`, kept in a thread of its own; see carriers.Carrier.

    reports: whether it hears what meters report by themselves, too.
    """

    def __init__(self, broker: Broker, heard: Heard, reports: bool = True):
        self._heard, self._topics = heard, _ANSWERS + _REPORTS * reports
        self._away: set[str] = set()
        self._was_connected = False
        self._client = client_of(broker)
        self._client.on_connect = self._connected
        self._client.on_message = self._came
        self._client.reconnect_delay_set(1, _SLOWEST_S)
        self._client.connect_async(broker.host, broker.port)
        self._client.loop_start()

    @property
    def ready(self) -> bool:
        return self._client.is_connected()

    def send(self, parcel: Parcel) -> None:
        """Publish a token; not again while the meter is away: the broker may keep the first."""
        if parcel.again and parcel.drn in self._away:
            return
        self._client.publish(f"{_PREFIX}/{parcel.drn}/token", parcel.digits, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client, _userdata, _flags, reason, _properties) -> None:
        if reason.is_failure:
            return
        self._away.clear()
        client.subscribe(self._topics)
        if self._was_connected:  # meanwhile results came to nobody, and a broker may have died
            self._heard.put(Back(MQTT))
        self._was_connected = True

    def _came(self, _client, _userdata, message) -> None:
        parts = message.topic.split("/")
        if len(parts) != 3 or len(message.payload) > _PAYLOAD_MAX:
            return
        drn = parts[1]
        if parts[2] == "state":
            self._state(drn, bytes(message.payload), message.retain)
        elif parts[2] in (REGISTERS, EVENTS):
            self._report(drn, parts[2], bytes(message.payload), message.retain)
        elif (answer := answer_of(drn, bytes(message.payload))) is not None:
            self._heard.put(answer)

    def _state(self, drn: str, payload: bytes, retained: bool) -> None:
        if payload == b"offline":
            self._away.add(drn)
            return
        self._away.discard(drn)
        if not retained:
            self._heard.put(Awake(drn))

    def _report(self, drn: str, topic: str, payload: bytes, retained: bool) -> None:
        """Hear a report. Registers that the broker kept say nothing of now; events do."""
        if not (retained and topic == REGISTERS) and (report := report_of(drn, topic, payload)):
            self._heard.put(report)


def answer_of(drn: str, payload: bytes) -> Answer | None:
    """Return what a payload of the topic `result` says, None if it is none."""
    try:
        fields = json.loads(payload)
        token, result = fields["token"], fields["result"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not (isinstance(token, str) and isinstance(result, str)) or len(result) > 32:
        return None
    amount = fields.get("amount_wh", fields.get("amount_currency"))
    return Answer(
        drn, token, result,
        accepted_tid=_whole(fields.get("accepted_tid")),
        accepted_by=str(fields.get("accepted_by", "")) or None,
        amount=_whole(amount),
    )  # fmt: skip


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def client_of(broker: Broker) -> paho.Client:
    """Return a client with the login of `broker`, which has not called it yet."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    if broker.authority is not None:
        client.tls_set_context(believing(broker.authority))
    return client


def believing(authority: Path) -> ssl.SSLContext:
    """Return what believes the certificate in the file `authority`, DER or PEM, alone."""
    data = authority.read_bytes()
    return ssl.create_default_context(cadata=data.decode() if data.startswith(_PEM) else data)
