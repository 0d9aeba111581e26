"""What `meter20 board flash` does beside copying: the options of the board, and its libraries."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import typer

from meter20.board import flashing
from meter20.board import options as board_options
from meter20.board import prompt as prompts
from meter20.board.prompt import Prompt


@contextlib.contextmanager
def of_set() -> Iterator[None]:
    """Turn a ValueError about an option of a board into wrong usage."""
    try:
        yield
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--set") from None


def chosen(
    prompt: Prompt, there: dict[str, str], board: str, options: Sequence[str], forget: bool
) -> board_options.Chosen:
    """Return the options of a flash; raises ValueError for one that the board does not take."""
    remembered = prompt.read(board_options.FILE) if board_options.FILE in there else ""
    return board_options.chosen(remembered, options, flashing.known_options(board), forget)


def install(port: str, libraries: list[str], say: Callable[[str], None]) -> None:
    """Fetch and install libraries of micropython-lib, and start the board."""
    for name in libraries:
        if prompts.install(port, name):
            say(f"{name} is installed")
        else:
            say(f"{name} could not be fetched: only the display that needs it stays dark")
    with Prompt(port) as prompt:
        prompt.restart()
