"""Reads the words of a command line as typer does, without pydantic, which takes 50 ms to load.

typer reads every option and argument by pydantic. What most of them are - a text, a path, one of
some words, what a function of ours reads - needs none of it. Everything else, and everything that
is wrong, is left to typer. If typer keeps its readers elsewhere one day, it reads everything
itself: slower, and with the same result.
"""

import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

#: How a user asks for help, at every command.
HELP = ["-h", "--help"]


def prepare(command: Any) -> None:
    """Let the options and arguments of `command` be read quickly where that is the same."""
    named = typer.Context(command, help_option_names=HELP)
    for param in command.get_params(named):  # with --help
        param._runtime_param = _QuickReader(param)


class _QuickReader:
    """Reads one option or argument; stands in for typer's own reader until that is needed."""

    def __init__(self, param: Any):
        self._param = param
        self._kind = param.type_descriptor.annotation
        self._info = param.type_descriptor.parameter_info

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return what `value` of the command line says; raises BadParameter."""
        if param.multiple or param.nargs == -1:
            if value is None:
                return ()
            if get_origin(self._kind) is list and isinstance(value, list | tuple):
                kind = get_args(self._kind)[0]
                read = [_read(one, kind, self._info) for one in value]
                if None not in read:
                    return read
        elif value is None:
            return None
        else:
            read = _read(value, self._kind, self._info)
            if read is not None:
                return read
        return self._by_typer(value, ctx)

    def _by_typer(self, value: Any, ctx: Any) -> Any:
        self._param._runtime_param = None
        return self._param.get_runtime_param().coerce(value, param=self._param, ctx=ctx)


def _read(value: Any, kind: Any, info: typer.models.ParameterInfo) -> Any:
    """Return `value` as a `kind`, or None where typer must say what it is."""
    if info.parser is not None:
        return info.parser(value)
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if kind is str:
        return value if isinstance(value, str) else None
    if kind is Path:
        return _path(value, info)
    return None


def _path(value: Any, info: typer.models.ParameterInfo) -> Path | None:
    """Return a path that nothing can be wrong with: it may be of any sort, and is free or ours."""
    plain = info.file_okay and info.dir_okay and not info.writable
    if not plain or info.resolve_path or info.allow_dash or info.path_type or info.exists:
        return None
    path = Path(value)
    return path if not os.path.exists(path) or os.access(path, os.R_OK) else None
