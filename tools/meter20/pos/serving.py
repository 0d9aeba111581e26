"""Serving the application by HTTP or HTTPS, until Ctrl-C."""

import socket
import sys

import uvicorn

from meter20 import terminal
from meter20.pos import app
from meter20.vending import refusal
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station


def serve(
    station: Station, host: str, port: int, certificate: str | None, key: str | None
) -> None:
    """Serve points of sale of an open station; says where on standard output.

    Raises Refusal if the address cannot be had. Logs no address of a request: ids are in it.
    """
    if certificate is None and host not in ("127.0.0.1", "::1", "localhost"):
        print("Passwords and tokens travel in clear: use --tls-cert, or a proxy.", file=sys.stderr)
    listener = _listening(host, port)
    scheme = "https" if certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    terminal.write(f"Points of sale: {scheme}://{shown}:{listener.getsockname()[1]}\n")
    config = uvicorn.Config(
        app.made(station), access_log=False, log_level="warning", server_header=False,
        ssl_certfile=certificate, ssl_keyfile=key, timeout_keep_alive=30,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError as error:
        raise Refusal(
            refusal.VALUE, f"Cannot listen at {host}:{port}: {error.strerror}."
        ) from None
    return made
