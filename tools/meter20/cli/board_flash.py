"""What `meter20 board flash` does on a board: options, ROM partition, files, libraries."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import typer

from meter20.board import boards, flashing, pack, romfs, running
from meter20.board import options as board_options
from meter20.board import prompt as prompts
from meter20.board.prompt import ROM, Prompt
from meter20.terminal import printable


@contextlib.contextmanager
def of_set() -> Iterator[None]:
    """Turn a ValueError about an option of a board into wrong usage."""
    try:
        yield
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--set") from None


def check(name: str | None, options: Sequence[str]) -> None:
    """Raise Trouble or BadParameter for what shows to be wrong before any board answers.

    name: of the board, None if it is to be found: then only the form of an option shows.
    """
    with of_set():
        board_options.check_form(options)
        if name is not None:
            board_options.chosen("", options, flashing.known_options(boards.find(name).name))


@dataclass(frozen=True)
class Wishes:
    """What a person wants of a flash. board: None to find it. in_rom: needs `compiled`."""

    board: str | None
    compiled: bool
    in_rom: bool
    options: tuple[str, ...]
    forget: bool
    production: bool


def bring_up_to_date(
    prompt: Prompt, wishes: Wishes, say: Callable[[str], None]
) -> tuple[dict, list[str]]:
    """Bring the files of a board up to date; return (what was done, libraries that are missing).

    say: is given lines of text meanwhile. Raises Trouble; nothing was changed if it is about the
    board or what is wished.
    """
    board = running.recognised(prompt.running, wishes.board).name
    there = prompt.hashes()
    with of_set():
        chosen = _chosen(prompt, there, board, wishes)
    architecture = prompt.running.architecture if wishes.compiled else None
    files, libraries = flashing.to_hold(
        board, architecture, chosen.options, production=wishes.production
    )
    if wishes.compiled:
        prompt.running.check_reads(files["board.mpy"])
    rom = _Rom.of(prompt, files, wishes.in_rom)
    packed = _packed(files, board, architecture, chosen) if not wishes.in_rom else None
    for line in (f"{prompt.running.words()}, board {board}", *chosen.lines):
        say(printable(line))
    in_rom = rom.bring(prompt, say)
    if in_rom:
        there = prompt.hashes()
    kept = rom.kept if packed is None else packed.files
    steps = flashing.plan(kept, libraries, there, wishes.production, files)
    copied, same = _carried_out(prompt, packed, steps, say)
    report = {
        "ok": True, "port": prompt.port, "board": board, "copied": copied,
        "removed": len(steps.remove), "same": same, "production": wishes.production,
        "options": chosen.options, "dropped": chosen.dropped, "rom": in_rom,
    }  # fmt: skip
    return report, [name for name in libraries if not prompt.has_module(name)]


def _packed(files, board, architecture, chosen):
    """Return the pack of `files`, None if they are not compiled."""
    if architecture is None:
        return None
    return pack.made(files, architecture, flashing.opening(board, chosen.options))


def _carried_out(prompt, packed, steps, say):
    """Do what `steps` says; return (how many files were copied, how many were the same)."""
    if packed is not None:
        sent = 0 if steps.nothing else pack.carry_out(prompt, packed, steps, say)
        return packed.counted(steps, sent)
    if not steps.nothing:
        flashing.carry_out(prompt, steps, say)
    return len(steps.put) + steps.start_differs, steps.same


def words(report: dict) -> str:
    """Return what a person reads at the end, of the report of `bring_up_to_date`."""
    copied = f"{report['copied']} files copied, {report['same']} were the same"
    rom = report["rom"]
    if rom is None:
        return copied
    if not rom["bytes"]:
        return f"{copied}; no meter is left in {ROM}"
    taken = f"{rom['bytes']} of {rom['partition_bytes']} bytes"
    return f"{copied}; {rom['blocks_written']} blocks of {ROM} written, {taken} taken"


def _chosen(prompt, there, board, wishes):
    """Return the board's options; raises ValueError for one that the board does not take."""
    remembered = prompt.read(board_options.FILE) if board_options.FILE in there else ""
    known = flashing.known_options(board)
    return board_options.chosen(remembered, wishes.options, known, wishes.forget)


@dataclass(frozen=True)
class _Rom:
    """What becomes of a board's ROM partition. image: b"" if no meter is to be in it.

    kept: {path: content} of what lies in the writable file system.
    """

    found: romfs.Partition | None
    image: bytes
    kept: dict[str, bytes]

    @classmethod
    def of(cls, prompt: Prompt, files: dict[str, bytes], to_rom: bool) -> "_Rom":
        """Return what the partition gets of `files`, if `to_rom`. Raises Trouble."""
        found = romfs.partition(prompt)
        if not to_rom:
            return cls(found, b"", files)
        kept, image = romfs.split(files)
        return cls(romfs.check_fits(found, image, prompt.running), image, kept)

    def bring(self, prompt: Prompt, say: Callable[[str], None]) -> dict | None:
        """Do it; return what was done, None if nothing is to do with a partition."""
        if self.found is None or not (self.image or self.found.has_meter):
            return None
        if self.image:
            written = romfs.write(prompt, self.found, self.image, say)
        else:
            romfs.clear(prompt, say)
            written = 0
        size = self.found.size
        return {"bytes": len(self.image), "partition_bytes": size, "blocks_written": written}


def install(port: str, libraries: list[str], say: Callable[[str], None]) -> None:
    """Fetch and install libraries of micropython-lib, and start the board."""
    for name in libraries:
        if prompts.install(port, name):
            say(f"{name} is installed")
        else:
            say(f"{name} could not be fetched: only the display that needs it stays dark")
    with Prompt(port) as prompt:
        prompt.restart()
