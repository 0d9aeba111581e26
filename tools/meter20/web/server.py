"""Serves the page on this machine, to browsers here and to nobody else."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_THIS_MACHINE = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder. A browser asks again each time, so that a rebuilt page is seen."""

    extensions_map = {  # noqa: RUF012  of the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is asked for is no news."""


def served(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of `folder` at `port` of this machine, 0 for any free. Raises OSError."""
    return ThreadingHTTPServer((_THIS_MACHINE, port), partial(_Handler, directory=str(folder)))
