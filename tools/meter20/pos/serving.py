"""Serving an application by HTTP or HTTPS, until Ctrl-C."""

import socket
import ssl
import sys

import typer
import uvicorn
from fastapi import FastAPI

from meter20 import terminal
from meter20.pos import app
from meter20.vending import refusal
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station

_LOCAL = ("127.0.0.1", "::1", "localhost")
_LAST_S = 3  # for what is still being answered when the program ends


def serve(
    station: Station, host: str, port: int, certificate: str | None, key: str | None
) -> None:
    """Serve points of sale of an open station; says where on standard output. Raises Refusal."""
    server = server_of(app.made(station), certificate, key)
    run(server, "Points of sale", host, port)


def server_of(application: FastAPI, certificate: str | None, key: str | None) -> uvicorn.Server:
    """Return a server of an application. Logs no address of a request: ids are in it."""
    return uvicorn.Server(
        uvicorn.Config(
            application, access_log=False, log_level="warning", server_header=False,
            ssl_certfile=certificate, ssl_keyfile=key, timeout_keep_alive=30,
            timeout_graceful_shutdown=_LAST_S,
        )
    )  # fmt: skip


def check_tls(certificate: str | None, key: str | None) -> None:
    """Raise Refusal if the files of TLS cannot be used, BadParameter if only one is given."""
    if (certificate is None) != (key is None):
        raise typer.BadParameter("give both --tls-cert and --tls-key, or neither")
    if certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError:
        why = "they are no certificate in PEM with its key"
    except OSError as error:
        why = str(error.strerror)
    else:
        return
    raise Refusal(refusal.VALUE, f"TLS cannot use {certificate} with {key}: {why}.")


def run(server: uvicorn.Server, name: str, host: str, port: int) -> None:
    """Serve until Ctrl-C; says where, after `name`, on standard output.

    Raises Refusal if the address cannot be had.
    """
    certificate = server.config.ssl_certfile
    if certificate is None and host not in _LOCAL:
        print("Passwords and tokens travel in clear: use --tls-cert, or a proxy.", file=sys.stderr)
    listener = _listening(host, port)
    scheme = "https" if certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    terminal.write(f"{name}: {scheme}://{shown}:{listener.getsockname()[1]}\n")
    server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen()  # who connects as soon as the address is shown waits for the server
    except OSError as error:
        raise Refusal(
            refusal.VALUE, f"Cannot listen at {host}:{port}: {error.strerror}."
        ) from None
    return made
