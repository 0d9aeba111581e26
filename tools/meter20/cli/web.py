"""`meter20 web`: the classroom page, served on this machine or built as a folder."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from meter20.ending import in_good_order
from meter20.failure import Failure


class NoPage(Failure):
    """The page cannot be built or served; the text says why."""

    code = "no_page"


def web(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port of 127.0.0.1; 0 for any free one.")
    ] = 8050,
    build: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the page into DIR, for any web server; serve nothing."
        ),
    ] = None,
) -> None:
    """Serve the classroom: the meter, a vending desk and eight lessons in a page. TEST KEYS only.

    The page runs the firmware on MicroPython in the browser. It needs no network beyond this
    machine. Ctrl-C ends.
    """
    from meter20.web import server, site

    try:
        if build is not None:
            site.build(build)
            return
        with tempfile.TemporaryDirectory(prefix="meter20-web-") as folder:
            site.build(Path(folder))
            with server.served(Path(folder), port) as serving, in_good_order():
                typer.echo(f"http://127.0.0.1:{serving.server_address[1]}/")
                serving.serve_forever()
    except OSError as error:
        raise NoPage(f"the page cannot be built or served: {error}") from None
