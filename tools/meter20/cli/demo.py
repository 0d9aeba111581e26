"""`meter20 demo`: the story of one meter, checked at every step."""

import contextlib
import io
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.terminal_theme import MONOKAI

from meter20.bodies import Body, BodyError, open_body
from meter20.cli.serve import BodyName
from meter20.demo import drawing, voices
from meter20.demo.story import STORY
from meter20.demo.telling import Event, told

_PICTURED = ("accept", "end")  # the moment that the picture shows


def demo(
    body: BodyName = "emulated",
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines of text; the usual when not on a terminal.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Every event as a line of JSON.")
    ] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Hardly any pauses.")] = False,
    svg: Annotated[
        Path | None, typer.Option(help="Write a picture of the story there, and tell nothing.")
    ] = None,
) -> None:
    """Tell the story of one meter: a token, credit, load, refusals. TEST KEYS only.

    Exit code 0 if every step went as it must, else 1.
    """
    console = Console()
    try:
        with open_body(body) as meter:
            if svg is not None:
                svg.write_text(picture(meter), encoding="utf-8")
                return
            with contextlib.ExitStack() as stack:
                voice = _voice(console, plain, as_json, fast, stack)
                wrong = _tell(meter, voice)
    except BodyError as error:
        typer.echo(f"Refused: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(1 if wrong else 0)


def picture(body: Body) -> str:
    """Return the story on `body` at its best moment, as SVG. Raises BodyError."""
    console = Console(
        record=True, width=drawing.WIDTH, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    frame = voices.Frame(len(STORY))
    for event in told(STORY, body):
        drawn = frame.after(event)
        if (event.step.name, event.kind) == _PICTURED:
            console.print(drawn)
            break
    drawn = console.export_svg(title="meter20 demo", theme=MONOKAI)
    # Not every viewer keeps blanks at the ends of a text unasked.
    return drawn.replace("<text ", '<text xml:space="preserve" ')


def _tell(body: Body, voice: voices.Voice) -> int:
    """Tell the story on `body`; return how many steps did not go as expected."""
    began_s = time.monotonic()
    events: list[Event] = []
    for event in told(STORY, body):
        voice.hear(event)
        events.append(event)
    wrong = sum(bool(event.wrong) for event in events)
    voice.end(wrong, time.monotonic() - began_s)
    return wrong


def _voice(console, plain, as_json, fast, stack) -> voices.Voice:
    if as_json:
        return voices.JsonLines()
    if plain or not _can_draw(console):
        return voices.Plain()
    pace = voices.FAST if fast else 1.0
    return stack.enter_context(voices.Drawn(console, len(STORY), pace))


def _can_draw(console: Console) -> bool:
    """Return whether the terminal has colours, our characters and enough room."""
    return (
        console.is_terminal
        and not console.is_dumb_terminal
        and not console.no_color
        and console.width >= drawing.WIDTH
        and "utf" in console.encoding
    )
