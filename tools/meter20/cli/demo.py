"""`meter20 demo`: the whole story, from a token to a change of keys, checked at every step."""

import contextlib
import io
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.terminal_theme import MONOKAI

from meter20.bodies import BodyError, open_body
from meter20.cli.serve import BodyName
from meter20.demo import counter, drawing, story, voices
from meter20.demo.story import Act
from meter20.demo.telling import Event, told
from meter20.vending.refusal import Refusal

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
    """Tell the whole story: tokens, credit, load, refusals, a sale, new keys. TEST KEYS only.

    Exit code 0 if every step went as it must, else 1.
    """
    console = Console()
    try:
        acts = story.acts(counter.papers())
        if svg is not None:
            svg.write_text(picture(acts, body), encoding="utf-8")
            return
        with contextlib.ExitStack() as stack:
            sizes = [len(act) for act in acts]
            voice = _voice(console, plain, as_json, fast, sizes, stack)
            wrong = _tell(acts, body, voice)
    except (BodyError, Refusal) as error:
        typer.echo(f"Refused: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(1 if wrong else 0)


def picture(acts: Sequence[Act], body: str) -> str:
    """Return the story on the body of that name at its best moment, as SVG. Raises BodyError."""
    console = Console(
        record=True, width=drawing.WIDTH, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    frame = voices.Frame([len(act) for act in acts])
    with contextlib.closing(_events(acts, body)) as events:
        for event in events:
            drawn = frame.after(event)
            if (event.step.name, event.kind) == _PICTURED:
                console.print(drawn)
                break
    drawn = console.export_svg(title="meter20 demo", theme=MONOKAI)
    # Not every viewer keeps blanks at the ends of a text unasked.
    return drawn.replace("<text ", '<text xml:space="preserve" ')


def _events(acts: Sequence[Act], body: str) -> Generator[Event]:
    """Tell `acts`, each on a fresh meter."""
    first = 1
    for act in acts:
        with open_body(body) as meter:
            yield from told(act, meter, first)
        first += len(act)


def _tell(acts: Sequence[Act], body: str, voice: voices.Voice) -> int:
    """Tell `acts`; return how many steps did not go as expected."""
    began_s = time.monotonic()
    wrong = 0
    for event in _events(acts, body):
        voice.hear(event)
        wrong += bool(event.wrong)
    voice.end(wrong, time.monotonic() - began_s)
    return wrong


def _voice(console, plain, as_json, fast, acts, stack) -> voices.Voice:
    if as_json:
        return voices.JsonLines()
    if plain or not _can_draw(console):
        return voices.Plain()
    pace = voices.FAST if fast else 1.0
    return stack.enter_context(voices.Drawn(console, acts, pace))


def _can_draw(console: Console) -> bool:
    """Return whether the terminal has colours, our characters and enough room."""
    return (
        console.is_terminal
        and not console.is_dumb_terminal
        and not console.no_color
        and console.width >= drawing.WIDTH
        and console.height >= drawing.HEIGHT
        and "utf" in console.encoding
    )
