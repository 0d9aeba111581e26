"""Service port: one line of JSON in, one line of JSON out, as service_port.lines has them.

`Service` answers the requests that every meter knows. A bench (an emulated
body) offers more; it hands them in as `extra`. An unknown or malformed request
gets an error reply, whatever it was; nothing that arrives raises.
"""

from account import carrier
from account.meter import NotProvisioned, StoreLost
from meter.supervisor import Faulted, Watch
from micropython import const
from panel import view as views
from panel.screens import FIRMWARE
from ports.record_store import StoreFailed
from sts import digits

from service_port.lines import (
    Refused,
    accepted,
    handler,
    keys,
    listed,
    parse,
    port_shut,
    refusal,
    text,
)

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App
    from panel.view import View


class Service:
    """Answers requests to `app`, a meter.app.App.

    extra: handlers of further requests by their name, each (request, now_ms) ->
    list of (field, value) pairs; they come before those known here.
    """

    def __init__(self, app: "App", extra=None):
        self._app = app
        ordinary = Refused, NotProvisioned, StoreFailed
        self._watch = Watch(app.supervisor, "service port", ordinary)
        self._handlers = {
            "help": self._help,
            "read": self._read,
            "token": self._token,
            "keys": self._keys,
            "provision": self._provision,
            "clock": self._clock,
        }
        self._handlers.update(extra or {})

    def shut(self):
        """From now on press no key, restart nothing and set no clock: the port is shut to that."""
        self._handlers["keys"] = self._handlers["power_cut"] = port_shut
        self._handlers["clock"] = self._answer_clock

    def reply(self, line, now_ms: int) -> str:
        """Return the reply, without a newline, to `line`, bytes or None for one too long."""
        request = {}
        try:
            request = parse(line)
            return accepted(request, self.answer(request, now_ms))
        except Refused as refused:
            return refusal(request, refused)

    def answer(self, request: dict, now_ms: int):
        """Return what the handler of `request` returns. Raises Refused."""
        answers = handler(self._handlers, request)
        try:
            with self._watch:
                return answers(request, now_ms)
        except Faulted:
            raise self.refused_for_fault() from None
        except StoreLost:
            raise Refused("store_lost", "the meter lost what it had stored") from None
        except NotProvisioned:
            raise Refused("not_provisioned", "the meter has no key yet") from None
        except StoreFailed:
            raise Refused("store_failed", "nothing was stored: the memory failed") from None

    def refused_for_fault(self):
        """Return the Refused that tells of the fault of the meter."""
        return Refused("fault", "%s: %s; the meter restarts" % self._app.fault)

    def _clock(self, request, _now_ms):
        """Tell the time of the meter's clock, or set it: see service_port.clock_request."""
        from service_port import clock_request  # rarely asked: a board reads it when it is

        return clock_request.answer(self._app.clock, self._app.supervisor, request)

    def _answer_clock(self, request, now_ms):
        """Tell the time, and set none."""
        if "utc" in request:
            port_shut(request, now_ms)
        return self._clock(request, now_ms)

    def _help(self, _request, _now_ms):
        return listed(self._handlers)

    def _read(self, _request, now_ms):
        return read_fields(self._app, now_ms)

    def _token(self, request, now_ms):
        entered = digits.clean(text(request, "digits"))
        outcome = self._app.front.enter(entered, now_ms, carrier.LOCAL)
        view = self._app.front.view(now_ms)
        fields = [("result", outcome.result), ("kind", outcome.kind)] + credit_fields(view)
        if outcome.amount:
            name = "amount_currency" if view.state.in_currency else "amount_wh"
            fields.append((name, outcome.amount))
        if outcome.missing:
            fields.append(("missing", list(outcome.missing)))
        if outcome.another_set:
            fields.append(("another_set", True))
        return fields

    def _keys(self, request, now_ms):
        for key in keys(request):
            self._app.front.press(key, now_ms)
        self._app.step(now_ms)
        return keys_fields(self._app)

    def _provision(self, request, now_ms):
        meter = self._app.meter
        if meter.provisioned and not meter.lost:
            raise Refused("already_provisioned", "a meter is provisioned once")
        from service_port import provision_request  # once in a meter's life: read when it comes

        provision_request.provision(self._app, request)
        self._app.step(now_ms)
        return self._read(request, now_ms)


def read_fields(app: "App", now_ms: int):
    """Return the reply to `read`. Never holds a key."""
    view = app.front.view(now_ms)
    state = view.state
    key = state.key
    waits_s = [app.front.lockout_s(now_ms, by) for by in carrier.ALL]
    return (
        [
            ("drn", state.identity.drn),
            ("ea", key.ea),
            ("sgc", key.sgc),
            ("ti", key.ti),
            ("krn", key.krn),
            ("kt", key.kt),
            ("ken", key.ken),
        ]
        + credit_fields(view)
        + [
            ("total_wh", state.register.total_wh),
            ("power_w", view.watts),
            ("power_limit_w", state.power_limit_w),
            ("relay", "closed" if app.front.relay_closed else "open"),
            ("relay_reason", view.relay_reason),
            ("tamper", state.tamper),
            ("lockout_s", max(waits_s)),
            ("lockouts_s", tuple(zip(carrier.NAMES, waits_s))),
            ("tids", len(state.tids)),
            ("last_result", state.last_result or None),
            ("last_carrier", carrier.NAMES[state.last_carrier] if state.last_result else None),
            ("firmware", FIRMWARE),
            ("uptime_s", now_ms // 1000),
            ("display", app.front.lines),
        ]
    )


def credit_fields(view: "View"):
    """Return the credit of `view`: in Wh, and of a meter that keeps money also as that."""
    fields = [("credit_wh", views.credit_wh(view))]
    if view.state.in_currency:
        fields.append(("credit_currency", view.state.register.credit))
    return fields


def keys_fields(app: "App"):
    """Return the reply to `keys`."""
    return [("display", app.front.lines), ("last_result", app.meter.state.last_result or None)]
