"""Serving the shop until Ctrl-C; pages that wait for an answer hear that it ends."""

from meter20.pos import serving
from meter20.shop import app
from meter20.vending.station import Station


def serve(
    station: Station, host: str, port: int, certificate: str | None, key: str | None
) -> None:
    """Serve the shop of an open station; says where on standard output. Raises Refusal."""
    application = app.made(station, ending=lambda: server.should_exit)
    server = serving.server_of(application, certificate, key)
    serving.run(server, "Shop", host, port)
