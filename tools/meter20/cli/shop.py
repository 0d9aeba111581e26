"""`meter20 shop`: pages on which customers buy, and the operators of them."""

from typing import Annotated

import typer

from meter20.cli import vend
from meter20.cli.vend_clock import selling

app = typer.Typer(no_args_is_help=True)
app.callback()(vend.root)


@app.command("serve")
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8040,
    tls_cert: Annotated[str | None, typer.Option(help="File of the TLS certificate, PEM.")] = None,
    tls_key: Annotated[str | None, typer.Option(help="File of the TLS key, PEM.")] = None,
) -> None:
    """Serve the shop until Ctrl-C. `meter20 ami run` brings what is bought to the meters."""
    from meter20.shop import serving

    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("give both --tls-cert and --tls-key, or neither")
    serving.serve(selling(ctx, as_json=False), host, port, tls_cert, tls_key)
