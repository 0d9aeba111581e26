"""The meter on the net: what `meter20 serve --mqtt` says of the broker."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import typer

from meter20.virtual import node

PASSWORD = "METER20_MQTT_PASSWORD"
#: What virtual/serve.mjs asks the meter first.
FIRST_REQUEST = "METER20_FIRST_REQUEST"
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass
class Broker:
    """request: the request `mqtt` to the meter; it holds the password. authority: a file."""

    request: dict[str, object]
    authority: Path | None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What virtual/serve.mjs is told. Raises VirtualBoardError."""
        believed = ("--authority", str(self.authority)) if self.authority else ()
        return ("--network", "--library", str(node.library()), *believed)


def broker(url: str, authority: Path | None, report_s: int) -> Broker:
    """Return the broker of `url`, mqtt://[user@]host[:port] or mqtts:. Raises BadParameter."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise typer.BadParameter(f"--mqtt: {url} is no URL") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise typer.BadParameter("--mqtt: mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS")
    if parts.password is not None:
        raise typer.BadParameter(
            f"--mqtt: others see a password in a list of processes; put it into {PASSWORD}"
        )
    tls = parts.scheme == "mqtts"
    if tls and authority is None:
        raise typer.BadParameter("--mqtt mqtts://: say whom to believe with --mqtt-ca FILE (DER)")
    request: dict[str, object] = {
        "do": "mqtt",
        "host": parts.hostname,
        "port": port or _PORTS[parts.scheme],
        "tls": tls,
        "report_s": report_s,
        "user": unquote(parts.username or ""),
        "password": os.environ.get(PASSWORD, ""),
    }
    return Broker(request, authority)
