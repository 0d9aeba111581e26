"""What can be wrong with a board: a word, an exit code and what to do."""

from enum import IntEnum


class Code(IntEnum):
    """Exit codes of `meter20 board`. 1: the meter refused. 2: wrong usage."""

    REFUSED = 1
    NO_BOARD = 10
    SEVERAL_BOARDS = 11
    WRONG_BOARD = 12
    PORT_BUSY = 13
    PERMISSION_DENIED = 14
    BOOTLOADER = 15
    FULL = 16
    UNPLUGGED = 17
    NO_ANSWER = 18
    OLD_MICROPYTHON = 19
    NO_NETWORK = 20
    WRONG_HASH = 21
    FAILED = 22
    PRODUCTION = 23


class Trouble(Exception):
    """A board, or the way to it, does not do what is needed; the text says what to do."""

    def __init__(self, code: Code, text: str):
        super().__init__(text)
        self.code = code
