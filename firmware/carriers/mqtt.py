"""MQTT: brings tokens, publishes results, registers and events. Topics are in docs/ami.md.

A token is a publish of its 20 digits. The acknowledgement to the broker says only that the token
is noted in the outbox. What counts is the result, which is published after the meter's commit.
"""

from binascii import crc32

from account import carrier
from chumicro_mqtt._wire import (  # pyright: ignore[reportMissingImports]
    MQTTError,
    encode_puback,
)
from chumicro_mqtt.client import (  # pyright: ignore[reportMissingImports]
    MQTTClient,
    ProtocolState,
)
from journal import events, history
from micropython import const
from panel import view as views
from ports.record_store import StoreFailed
from service_port import lines
from sts import digits as sts_digits
from sts import results

from carriers.link import Link, Stream

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.inbox import Inbox
    from meter.turn import Turn
    from ports.network import Network

    from carriers.access import Access
    from carriers.outbox import Outbox

_REST_MS = const(1000)  # what the broker must hear in time waits no longer
_TURN_MS = const(20)  # while a token or its result waits for its turn
_AGAIN_MS = const(60_000)  # a token that the meter could not take
_KEEP_ALIVE_S = const(300)  # a ping each 150 s keeps most routers from forgetting us
_ACK_S = const(10)
_RX_OCTETS = const(256)
_PAYLOAD_MAX = const(32)  # of a token: 20 digits, in groups if need be

_PREFIX = "meter20/"


class Ticks:
    """Time for the client: the meter's own, which never wraps."""

    now_ms = 0

    def ticks_ms(self):
        return self.now_ms

    def ticks_add(self, ticks, delta):
        return ticks + delta

    def ticks_diff(self, end, start):
        return end - start


class _Client(MQTTClient):
    """Acknowledges what `take`, (topic, payload) -> bool, has taken, and nothing else.

    *Why*: what the library acknowledges by itself is lost in a power cut, or when there is no
    room. Its version is pinned, for this reaches into it.
    """

    def __init__(self, take, *arguments, **named):
        super().__init__(*arguments, **named)
        self._take = take

    def _handle_inbound_publish(self, packet, pending_pubacks):
        if self._take(packet.topic, packet.payload) and packet.qos == 1:
            pending_pubacks.append(encode_puback(packet_id=packet.packet_id))


class _Publisher:
    """Publishes results, registers and events below `topic` while there is a client.

    access, outbox: see Mqtt. client: the connected one, None without a connection. What the broker
    did not acknowledge yet is not published once more.
    """

    def __init__(self, topic, access: "Access", outbox: "Outbox"):
        self.topic, self._access, self._outbox = topic, access, outbox
        self._report_ms = 0
        self._sent_events = 0
        self._flying = ()  # names of what was published and not acknowledged
        self.client = None

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._flying

    def begin(self, client, now_ms):
        """Publish by `client`, which is connected: first that the meter is online."""
        self.client = client
        self.report(now_ms)
        client.publish(self.topic + "state", b"online", qos=1, retain=True)

    def end(self):
        """The client is lost, and with it what was not acknowledged."""
        self.client, self._flying = None, ()
        for entry in self._outbox.entries:
            entry.sent = False

    def report(self, now_ms):
        """Publish the registers at the next turn."""
        self._report_ms = now_ms

    def step(self, turn: "Turn"):
        """Publish what is due and not on its way: results before registers before events."""
        for entry in self._outbox.entries:
            if entry.result and not self._flying:
                payload = _result(entry.digits, entry.result, entry.amount, turn)
                self._publish("result", payload, entry)
        if turn.now_ms >= self._report_ms and "registers" not in self._flying:
            self._publish("registers", _registers(turn), "registers", retain=True)
            rest_ms = 1000 * self._access.report_s
            self._report_ms = turn.now_ms + rest_ms if rest_ms else 1 << 60
        check = crc32(events.to_bytes(turn.notes.events))
        if check != self._outbox.events_sent and "events" not in self._flying:
            self._sent_events = check
            self._publish("events", _events(turn.notes.events), "events", retain=True)

    def answer_at_once(self, entered, result, turn):
        """Answer what changes nothing and is not worth wear of the flash: once, or not at all."""
        if self.client is not None and "at once" not in self._flying:
            self._publish("result", _result(entered, result, 0, turn), "at once")

    def _publish(self, topic, fields, what, retain=False):
        self._flying += (what,)
        self.client.publish(
            self.topic + topic,
            lines.written(fields).encode(),
            qos=1,
            retain=retain,
            on_publish=lambda _topic, _payload: self._landed(what),
        )

    def _landed(self, what):
        self._flying = tuple([other for other in self._flying if other is not what])
        if what == "events":
            self._outbox.note_events(self._sent_events)
        elif what in self._outbox.entries:
            self._outbox.remove(what)


class Mqtt:
    """A part of the application, see meter.turn. access: carriers.access.Access.

    outbox: carriers.outbox.Outbox. inbox: meter.inbox.Inbox. refused: the number by which the
    broker last did not take us, see MQTT 3.1.1, CONNACK; 0 for none.
    """

    name = "network"

    def __init__(
        self, network: "Network", access: "Access", outbox: "Outbox", inbox: "Inbox", number: str
    ):
        self.access, self._outbox, self._inbox = access, outbox, inbox
        self._number = number
        self._ticks = Ticks()
        self._link = Link(network, number)
        self._client = None
        self._turn = None
        self._publisher = _Publisher(_PREFIX + number + "/", access, outbox)
        self._again_ms = 0
        self._starved = False  # a token came for which there was no room
        self.refused = 0

    @property
    def connected(self) -> bool:
        """Whether the broker took us."""
        return self._publisher.client is not None

    @property
    def failed(self) -> str:
        """Why the broker was not reached when it was tried last; see docs/ami.md for the words."""
        return self._link.why

    def step(self, turn: "Turn") -> int:
        """Move what waits one step on: inbox, line, outbox."""
        self._turn, self._ticks.now_ms = turn, turn.now_ms
        self._offer()
        if not self._link.ready(self.access, turn.now_ms):
            self._lose()
            return self._link.look_ms
        if self._client is None:
            self._begin()
        try:
            self._client.handle(turn.now_ms)
            if self._client.state == ProtocolState.CONNECTED:
                self._publisher.step(turn)
        except (MQTTError, ValueError, MemoryError):  # a queue that is full; text that is no UTF-8
            self._client.state = ProtocolState.FAILED
        if self._starved and not self._outbox.entries and turn.now_ms >= self._again_ms:
            self._client.state = ProtocolState.FAILED  # there is room: let the broker send again
        if self._client.state == ProtocolState.FAILED:
            self.refused = getattr(self._client.last_error, "return_code", 0)
            self._lose()
            self._link.drop(turn.now_ms)
        return _TURN_MS if self._waits else min(_REST_MS, self._link.look_ms)

    @property
    def _waits(self):
        """Whether there is more to do than to wait for the broker."""
        return bool(self._outbox.entries) and self._publisher.idle

    def end(self):
        """Leave the broker, without a word: the last will tells it."""
        self._lose()
        self._link.drop(0)

    # -- the line ------------------------------------------------------------------------------

    def _begin(self):
        access = self.access
        self._client = _Client(
            self._take,
            Stream(self._link.connection),
            client_id="meter20-" + self._number,
            keep_alive_seconds=_KEEP_ALIVE_S,
            ack_timeout_seconds=_ACK_S,
            username=access.user or None,
            password=access.password if access.user else None,
            clean_session=access.clean,
            will_topic=self._publisher.topic + "state",
            will_message=b"offline",
            will_qos=1,
            will_retain=True,
            rx_buffer_size=_RX_OCTETS,
            when_disconnected="raise",
            ticks=self._ticks,
        )
        self._client.on_connect = self._welcome
        self._client.connect()

    def _lose(self):
        self._client, self._starved = None, False
        self._publisher.end()

    def _welcome(self):
        self.refused = 0
        self._link.held()
        # Each time: the broker may have kept the session, and not the subscription.
        self._client.subscribe(self._publisher.topic + "token", 1)
        self._publisher.begin(self._client, self._ticks.now_ms)

    # -- in ------------------------------------------------------------------------------------

    def _take(self, topic, payload):
        """Note the token in `payload`; return whether it may be acknowledged.

        Without a word for what cannot be a token.
        """
        if self._starved:
            return False
        if topic != self._publisher.topic + "token" or len(payload) > _PAYLOAD_MAX:
            return True
        entered = sts_digits.clean(str(bytes(payload), "utf-8"))
        if sts_digits.parse(entered) is None:
            self._publisher.answer_at_once(entered, results.FORMAT, self._turn)
        elif self._turn.lockout_s(carrier.REMOTE):
            self._publisher.answer_at_once(entered, results.LOCKED_OUT, self._turn)
        else:
            return self._noted(entered)
        return True

    def _noted(self, entered):
        """Note a token in the outbox; return whether it is there.

        From one that is not there on nothing is taken, until the broker sends it again: what it
        sent must be acknowledged in its order.
        """
        if self._outbox.room:
            try:
                self._outbox.add(entered)
                return True
            except StoreFailed:
                self._again_ms = self._turn.now_ms + _AGAIN_MS
        self._starved = True
        return False

    def _offer(self):
        """Put into the inbox what waits in the outbox."""
        if self._turn.now_ms < self._again_ms:
            return
        for entry in self._outbox.entries:
            if not entry.result and not entry.offered:
                settle = lambda outcome, entry=entry: self._settle(entry, outcome)  # noqa: E731
                offered = self._inbox.offer(entry.digits, carrier.REMOTE, settle)
                entry.offered = offered is not None
                self._turn.news = True

    def _settle(self, entry, outcome):
        if outcome is None:
            entry.offered, self._again_ms = False, self._turn.now_ms + _AGAIN_MS
            return
        self._outbox.settle(entry, outcome.result, outcome.amount)
        self._publisher.report(self._turn.now_ms)


def _result(entered, result, amount, turn: "Turn"):
    fields = [("token", entered), ("result", result)]
    noted = history.accepted(turn.notes.history, entered) if result == results.USED else None
    if noted is not None:
        fields += [("accepted_tid", noted.tid), ("accepted_by", carrier.NAMES[noted.by])]
        amount = noted.amount
    if amount:
        fields.append(("amount_currency" if turn.state.in_currency else "amount_wh", amount))
    return tuple(fields)


def _registers(turn: "Turn"):
    state = turn.state
    fields = [("credit_wh", views.credit_wh(turn))]
    if turn.state.in_currency:
        fields.append(("credit_currency", state.register.credit))
    return tuple(
        fields
        + [
            ("total_wh", state.register.total_wh),
            ("power_w", turn.power.watts),
            ("relay", "closed" if turn.closed else "open"),
            ("relay_reason", turn.relay_reason),
            ("tamper", state.tamper),
            ("krn", state.key.krn),
            ("ken", state.key.ken),
        ]
    )


def _events(noted):
    """Return the event log, newest first."""
    return (("events", [_event(event) for event in noted]),)


def _event(event):
    return (
        ("event", events.NAMES[event.code]),
        ("count", event.count),
        ("total_kwh", event.total_kwh),
    )
