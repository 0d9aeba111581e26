"""The exit codes of the `meter20` command; docs/command-line.md says what they mean."""

from enum import IntEnum


class Code(IntEnum):
    """How a command ended. From 10 to 29: a board, or the way to it."""

    DONE = 0
    #: Nothing was done, and the reason is said.
    REFUSED = 1
    #: Wrong usage: nothing was done.
    USAGE = 2
    #: It was done, but not all of it could be shown or written.
    STANDS = 3
    #: The database broke off in the commit: nobody knows whether it was done.
    NOT_KNOWN = 4
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
    #: Ctrl-C broke it off. As a shell has it: 128 and the number of the signal.
    INTERRUPTED = 130


#: The exit codes of `meter20 board`, beside the ones of every command.
BOARDS = range(10, 30)
