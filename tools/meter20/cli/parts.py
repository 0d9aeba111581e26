"""The parts of the `meter20` command, each imported when it is called.

A part `name` is the module `meter20.cli.name`, which has an `app` (a group of commands) or a
function `name` (one command). Until it is called, a stand-in shows it in the help.
"""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from meter20.cli import quick_reading, typed
from meter20.cli.answers import asked_in_json, ending


class Root(TyperGroup):
    """A group of parts; the commands below it end by `ending`, whatever they raise."""

    #: What the help says of each part, by its name.
    parts: Mapping[str, str] = {}

    def __init__(self, **attributes: Any):
        super().__init__(**attributes)
        self.commands: Any = _Commands(self.parts)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a stand-in for the part `cmd_name`; None if there is no such part."""
        text = self.parts.get(cmd_name)
        return None if text is None else _StandIn(cmd_name, text, self.commands)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the parts; loads none."""
        return list(self.parts)

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """Parse the command line."""
        quick_reading.prepare(self)
        return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> object:
        """Run the command of `ctx`."""
        with ending(ctx, asked_in_json([*ctx._protected_args, *ctx.args])):
            return super().invoke(ctx)


class _Commands(Mapping):
    """The commands of the parts by their names; one is loaded when it is taken."""

    def __init__(self, parts: Mapping[str, str]):
        self._parts = parts
        self._loaded = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _made(name, self._parts[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class _StandIn(TyperCommand):
    """Shows a part in the help, and is the part as soon as it is called."""

    def __init__(self, name: str, text: str, commands: _Commands):
        super().__init__(name, short_help=text)
        self._commands = commands

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Parse the rest of the command line as the part does."""
        return self._commands[self.name or ""].make_context(info_name, args, parent, **extra)


def _made(name: str, text: str) -> Any:
    """Return the command, or group of commands, of the part `name`."""
    part = _part(name)
    root = typer.Typer(rich_markup_mode=None, pretty_exceptions_show_locals=False)
    if isinstance(part, typer.Typer):
        root.add_typer(part, name=name, help=text)
    else:
        root.command(name)(part)
        root.callback()(lambda: None)
    command = get_group(root).commands[name]
    _prepare(command)
    return command


@cache
def _part(name: str) -> Any:
    """Import the part `name`; its numbers are read strictly from then on."""
    module = importlib.import_module("meter20.cli." + name)
    part = getattr(module, "app", None) or getattr(module, name)
    group = part
    if not isinstance(part, typer.Typer):
        group = typer.Typer()
        group.command()(part)
    typed.read_numbers_strictly(group)
    return part


def _name_as_typed(argument: Any) -> None:
    """Let usage, help and refusals call an argument alike: METER, [FILE], DIGITS..."""
    name = argument.metavar = argument.metavar or argument.name.upper()
    shown = (name if argument.required else f"[{name}]") + ("" if argument.nargs == 1 else "...")
    argument.get_usage_pieces = lambda ctx: [shown]


def _prepare(command: Any) -> None:
    """Make `command`, and all below it, quick to read and whole in the list of its group."""
    quick_reading.prepare(command)
    for param in command.params:
        if param.param_type_name == "argument":
            _name_as_typed(param)
    command.short_help = inspect.cleandoc(command.help or "").partition("\n\n")[0]
    for below in getattr(command, "commands", {}).values():
        _prepare(below)
