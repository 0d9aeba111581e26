"""Processes that have nothing of whoever starts them but the environment, and the station loaded.

They are forks of a process that is started once: a new one loads SQLAlchemy for half a second.
"""

import multiprocessing
import os

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["meter20.vending.batch", "meter20.vending.sales", "meter20.cli.vend", "psycopg"]
)


def pool(processes):
    """Return a Pool."""
    return CONTEXT.Pool(processes, _take, [dict(os.environ)])


def started(target, *args):
    """Return a Process that does `target`(*args), started."""
    process = CONTEXT.Process(target=_do, args=(dict(os.environ), target, args))
    process.start()
    return process


def _take(environment):
    """The first one's environment is that of a test that is over."""
    os.environ.clear()
    os.environ.update(environment)


def _do(environment, target, args):
    _take(environment)
    target(*args)
