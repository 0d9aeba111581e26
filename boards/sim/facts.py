"""What the about.py of each board says, for tools on CPython and for tests on both interpreters.

A board is a folder that holds an about.py: plain values under names in capitals, which
boards/README.md explains. No board ever reads its own.
"""

import os

ABOUT = "about.py"


def names(boards: str) -> list:
    """Return the names of the boards below the folder `boards`, sorted."""
    return sorted(name for name in os.listdir(boards) if _is_file(_about(boards, name)))


def read(boards: str, name: str) -> dict:
    """Return {NAME: value} of the board `name` below the folder `boards`.

    Where it is silent, the board that its LIKE names speaks for it. Raises OSError if there is
    no such board, or whatever an about.py raises that is no good Python.
    """
    said = {}
    with open(_about(boards, name)) as file:
        exec(file.read(), said)
    like = read(boards, said["LIKE"]) if "LIKE" in said else {}
    like.update((key, value) for key, value in said.items() if key == key.upper())
    return like


def _about(boards, name):
    return boards + "/" + name + "/" + ABOUT


def _is_file(path):
    try:
        open(path).close()
    except OSError:
        return False
    return True
