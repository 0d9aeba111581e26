"""The broker of `--mqtt`: turns its URL into what a meter or a host program is given."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import typer

from meter20.virtual import node

if TYPE_CHECKING:
    from meter20.ami import mqtt_carrier

PASSWORD = "METER20_MQTT_PASSWORD"
#: What virtual/serve.mjs asks the meter first.
FIRST_REQUEST = "METER20_FIRST_REQUEST"
_FORM = "mqtt://[USER@]HOST[:PORT][?report_s=SECONDS][&clean=yes], or mqtts://...?ca=FILE for TLS"
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass
class Broker:
    """request: the request `mqtt` to the meter; it holds the password. authority: a file."""

    request: dict[str, object]
    authority: Path | None

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments for virtual/serve.mjs. Raises NoMeter."""
        believed = ("--authority", str(self.authority)) if self.authority else ()
        return ("--network", "--library", str(node.library()), *believed)

    def for_host(self) -> "mqtt_carrier.Broker":
        """Return the broker as the head-end and the fleet connect to it."""
        from meter20.ami import mqtt_carrier

        host, port, user, password = [
            str(self.request[name]) for name in ("host", "port", "user", "password")
        ]
        return mqtt_carrier.Broker(host, int(port), user, password, self.authority)


def broker(url: str) -> Broker:
    """Return the broker of `url`, mqtt://[USER@]HOST[:PORT][?report_s=N], or mqtts://...?ca=FILE.

    Raises BadParameter.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        report_s = int(options.pop("report_s", "900"))
        clean = {"yes": True, "no": False}[options.pop("clean", "no")]
    except (ValueError, KeyError):
        raise typer.BadParameter(f"--mqtt takes {_FORM}") from None
    authority, tls = options.pop("ca", None), parts.scheme == "mqtts"
    odd = options or parts.path.strip("/") or (authority and not tls)
    if odd or not port or not parts.hostname:
        raise typer.BadParameter(f"--mqtt takes {_FORM}")
    if parts.password is not None:
        raise typer.BadParameter(
            f"--mqtt: others see a password in a list of processes; put it into {PASSWORD}"
        )
    if tls and not authority:
        raise typer.BadParameter("--mqtt: mqtts needs ?ca=FILE, the authority to believe, in DER")
    request: dict[str, object] = {
        "do": "mqtt",
        "host": parts.hostname,
        "port": port,
        "tls": tls,
        "clean_session": clean,
        "report_s": report_s,
        "user": unquote(parts.username or ""),
        "password": os.environ.get(PASSWORD, ""),
    }
    return Broker(request, Path(authority) if authority else None)
