"""Tells a story to an audience: on which meters, in which voice, or as a picture.

Loads the vending station, so the command line imports this only when a story is told.
"""

import contextlib
import io
import time
from collections.abc import Generator, Sequence

from rich.console import Console
from rich.terminal_theme import MONOKAI

from meter20.bodies import open_body
from meter20.demo import drawing, voices
from meter20.demo.story import Act
from meter20.demo.telling import Event, events_of

_PICTURED = ("accept", "end")  # the moment that the picture shows


def picture(acts: Sequence[Act], body: str) -> str:
    """Return the story on the body of that name at its best moment, as SVG. Raises NoMeter."""
    console = Console(
        record=True, width=drawing.WIDTH, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    frame = voices.Frame([len(act) for act in acts])
    with contextlib.closing(events(acts, body)) as so_far:
        for event in so_far:
            drawn = frame.after(event)
            if (event.step.name, event.kind) == _PICTURED:
                console.print(drawn)
                break
    drawn = console.export_svg(title="meter20 demo", theme=MONOKAI)
    # Not every viewer keeps blanks at the ends of a text unasked.
    return drawn.replace("<text ", '<text xml:space="preserve" ')


def events(acts: Sequence[Act], body: str) -> Generator[Event]:
    """Tell `acts`, each on a fresh meter."""
    first = 1
    for act in acts:
        with open_body(body) as meter:
            yield from events_of(act, meter, first)
        first += len(act)


def tell(acts: Sequence[Act], body: str, voice: voices.Voice) -> int:
    """Tell `acts`; return how many steps did not go as expected."""
    began_s = time.monotonic()
    wrong = 0
    for event in events(acts, body):
        voice.hear(event)
        wrong += bool(event.wrong)
    voice.end(wrong, time.monotonic() - began_s)
    return wrong


def can_draw(console: Console) -> bool:
    """Return whether the terminal has colours, our characters and enough room."""
    return (
        console.is_terminal
        and not console.is_dumb_terminal
        and not console.no_color
        and console.width >= drawing.WIDTH
        and console.height >= drawing.HEIGHT
        and "utf" in console.encoding
    )
