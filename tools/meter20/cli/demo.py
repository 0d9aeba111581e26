"""`meter20 demo`: the whole story, from a token to a change of keys, checked at every step."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from meter20.cli.serve import BodyName


def demo(
    body: BodyName = "emulated",
    plain: Annotated[
        bool, typer.Option("--plain", help="Print lines of text, as without a terminal.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every event as a line of JSON.")
    ] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Make hardly any pauses.")] = False,
    svg: Annotated[
        Path | None, typer.Option(help="Write a picture of the story to this file instead.")
    ] = None,
) -> None:
    """Tell the whole story: tokens, credit, load, refusals, a sale, new keys. TEST KEYS only.

    The exit code is 0 if every step went as it must, and 1 if one did not.
    """
    from meter20.demo import performance, station, story  # SQLAlchemy takes its time to load

    acts = story.acts(station.papers())
    if svg is not None:
        svg.write_text(performance.picture(acts, body), encoding="utf-8")
        return
    with contextlib.ExitStack() as stack:
        voice = _voice(acts, plain, as_json, fast, stack)
        wrong = performance.tell(acts, body, voice)
    raise typer.Exit(1 if wrong else 0)


def _voice(acts, plain, as_json, fast, stack):
    from meter20.demo import performance, voices

    console = Console()
    if as_json:
        return voices.JsonLines()
    if plain or not performance.can_draw(console):
        return voices.Plain()
    sizes = [len(act) for act in acts]
    return stack.enter_context(voices.Drawn(console, sizes, voices.FAST if fast else 1.0))
