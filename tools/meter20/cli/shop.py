"""`meter20 shop`: pages on which customers buy, and the operators of them."""

import os
from typing import Annotated

import typer

from meter20.cli import vend
from meter20.cli.answers import show
from meter20.cli.outcome import Done, do
from meter20.cli.station_options import AsJson, looking, opened
from meter20.cli.vend_clock import selling

app = typer.Typer(no_args_is_help=True)
operator_app = typer.Typer(help="Who may log in at /operators.", no_args_is_help=True)
app.add_typer(operator_app, name="operator")
app.callback()(vend.root)

Name = Annotated[str, typer.Argument(help="Name of the operator.")]


@app.command("serve")
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8040,
    tls_cert: Annotated[str | None, typer.Option(help="File of the TLS certificate, PEM.")] = None,
    tls_key: Annotated[str | None, typer.Option(help="File of the TLS key, PEM.")] = None,
) -> None:
    """Serve the shop until Ctrl-C. `meter20 ami run` brings what is bought to the meters."""
    from meter20.pos.serving import check_tls
    from meter20.shop import serving

    check_tls(tls_cert, tls_key)
    serving.serve(selling(ctx, as_json=False), host, port, tls_cert, tls_key)


@operator_app.command("add")
def add(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Add an operator of the shop. The password is shown once.

    METER20_SHOP_PASSWORD gives the password; without it a random one is made.
    """
    from meter20.shop import accounts

    def job(desk) -> Done:
        password = accounts.add(desk, name, os.environ.get("METER20_SHOP_PASSWORD", ""))
        words = f"Operator {name} was added. Shown only now:\npassword  {password}"
        return Done(f"Operator {name} was added", {"operator": name, "password": password}, words,
                    "Remove the operator and add it again.")  # fmt: skip

    do(opened(ctx), as_json, job)


@operator_app.command("remove")
def remove(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Remove an operator, who is logged out at once."""
    from meter20.shop import accounts

    def job(desk) -> Done:
        accounts.remove(desk, name)
        stands = f"Operator {name} was removed"
        return Done(stands, {"operator": name}, f"{stands}.", "`meter20 shop operator list`.")

    do(opened(ctx), as_json, job)


@operator_app.command("list")
def list_operators(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the operators. Shows no password."""
    from meter20.shop import accounts

    with looking(ctx) as session:
        rows = accounts.listed(session)
    show(as_json, "operators", rows, "There are no operators: meter20 shop operator add NAME.")
