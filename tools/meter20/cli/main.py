"""The `meter20` command. Each group of commands lives in a module beside this one."""

import typer

from meter20.cli import ami, board, demo, dlms, key, pos, serve, sim, token, typed, vend
from meter20.cli.answers import Root

app = typer.Typer(
    name="meter20",
    cls=Root,
    help="An open, simulated STS prepayment meter and the tools around it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # a traceback with locals would print keys
)


@app.callback()
def _root() -> None:
    """Keep sub-commands even while there is only one."""


app.command()(demo.demo)
app.command()(sim.sim)
app.command()(serve.serve)
app.add_typer(token.app, name="token")
app.add_typer(key.app, name="key")
app.add_typer(vend.app, name="vend")
app.add_typer(ami.app, name="ami")
app.add_typer(pos.app, name="pos")
app.add_typer(board.app, name="board")
app.add_typer(dlms.app, name="dlms")
typed.read_numbers_strictly(app)
