"""Ends a program in good order: at Ctrl-C, SIGTERM, and SIGHUP, which a closed window sends."""

import contextlib
import signal
import sys
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_S = 0.01


@contextlib.contextmanager
def in_good_order() -> Iterator[None]:
    """End the block at the first signal of SIGNALS, quietly, after what it has to do at its end.

    Further ones do not disturb that. A signal that is ignored, as by nohup, stays ignored. Python
    loses one that comes while an object is finalised, as it may at any line; it ends the block a
    moment later. Main thread only.
    """
    before = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGALRM)}
    for number in SIGNALS:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, _end)
    say = sys.unraisablehook

    def lost(what: "sys.UnraisableHookArgs") -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            return say(what)
        signal.signal(signal.SIGALRM, _end)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)

    sys.unraisablehook = lost
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = say
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(*_: object) -> None:
    for number in (*SIGNALS, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextlib.contextmanager
def deaf_children() -> Iterator[None]:
    """Let the processes that are begun in the block not hear Ctrl-C: their owner ends them.

    A Ctrl-C in that moment is lost. Main thread only.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
