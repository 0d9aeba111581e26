"""Processes that have nothing of whoever starts them but the environment, and the station loaded.

They are forks of a process that is started once: a new one loads SQLAlchemy for half a second.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["meter20.vending.batch", "meter20.vending.sales", "meter20.cli.vend", "psycopg"]
)


def pool(processes):
    """Return a Pool."""
    return CONTEXT.Pool(processes, _take, [dict(os.environ)])


def started(target, *args, **more):
    """Return a Process that does `target`(*args, **more), started."""
    process = CONTEXT.Process(target=_do, args=(dict(os.environ), target, args, more))
    process.start()
    return process


def command(words, out=None, encoding="utf-8", folder="."):
    """Run `meter20` with `words` in `folder`; return (exit code, standard output, its errors).

    out: the file that its standard output is; None for one that takes all. It is written in
    `encoding`.
    """
    with tempfile.TemporaryDirectory() as place:
        said, errors = Path(place, "out"), Path(place, "err")
        process = started(
            meter20, words, str(out or said), str(errors), encoding=encoding, folder=str(folder)
        )
        process.join()
        text = "" if out else said.read_text(encoding=encoding)
        return process.exitcode, text, errors.read_text(encoding="utf-8")


def meter20(words, out, errors, encoding="utf-8", folder="."):
    """Be `meter20`, for `started`. out, errors: the paths of its outputs."""
    from meter20.cli.__main__ import main

    sys.stdout, sys.stderr = _led_to(out, 1, encoding), _led_to(errors, 2, "utf-8")
    sys.argv = ["meter20", *words]
    os.chdir(folder)
    main()


def _led_to(path, number, encoding):
    """Let the descriptor `number` be the file `path`; return what writes there."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(file, number)
    os.close(file)
    by_lines = "PYTHONUNBUFFERED" in os.environ
    return os.fdopen(number, "w", 1 if by_lines else -1, encoding=encoding, closefd=False)


def _take(environment):
    """The first one's environment is that of a test that is over."""
    os.environ.clear()
    os.environ.update(environment)


def _do(environment, target, args, more):
    _take(environment)
    target(*args, **more)
