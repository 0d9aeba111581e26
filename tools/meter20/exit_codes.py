"""The exit codes of the `meter20` command, and its errors: each with exit code, cause and cure.

docs/command-line.md says what the codes mean. docs/errors.md is made of ERRORS by `make errors`,
with every message that the source has.
"""

from enum import IntEnum
from typing import NamedTuple


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
    NO_ROMFS = 24
    #: Ctrl-C broke it off. As a shell has it: 128 and the number of the signal.
    INTERRUPTED = 130


#: The exit codes of `meter20 board`, beside the ones of every command.
BOARDS = range(10, 30)


class Error(NamedTuple):
    """Why a command has no answer, or, with the exit code STANDS, not all of it."""

    exit_code: Code
    cause: str
    cure: str


#: Every error by its word, which is for programs and does not change.
ERRORS = {
    "usage": Error(
        Code.USAGE,
        "The command was given options or arguments that it does not take.",
        "Read the message, then the command's `--help`.",
    ),
    "value": Error(
        Code.REFUSED,
        "A number, an amount, a name or a file has the wrong form or range.",
        "Put right what the message names, and repeat the command.",
    ),
    "unknown": Error(
        Code.REFUSED,
        "There is no such meter, supply group, key, tariff, receipt or client.",
        "Look for its number: `meter20 vend meter find`, `vend group list`, `vend history METER`.",
    ),
    "exists": Error(
        Code.REFUSED,
        "There is one of this name or number already; a file is never written over.",
        "Take another name, or use the one that is there.",
    ),
    "state": Error(
        Code.REFUSED,
        "The request is well formed, but this meter, receipt, key or machine does not allow it.",
        "The message says what stands in the way: do that first.",
    ),
    "limit": Error(
        Code.REFUSED,
        "A rule of the vending key forbids the token: its kind, its amount, the amount of a day.",
        "Sell less, sell tomorrow, or register a key with other rules.",
    ),
    "key_expired": Error(
        Code.REFUSED,
        "The time of the token lies past what the key expiry number (KEN) allows.",
        "Register a key revision that holds longer, and change the keys of the meters.",
    ),
    "base_date": Error(
        Code.REFUSED,
        "The time is before the base date, or more than 31.9 years after it.",
        "Set the clock of the machine right, or roll over to the next base date.",
    ),
    "key_type": Error(
        Code.REFUSED,
        "Two key types, or a key type and a token, do not go together.",
        "Sell under a key of the supply group; the key change tokens bring the meter there.",
    ),
    "clock": Error(
        Code.REFUSED,
        "The clock is far ahead of the latest token, and nobody has said that it is right.",
        "Set the clock, or say that it is right: `meter20 vend clock accept`.",
    ),
    "no_database": Error(
        Code.REFUSED,
        "There is no vending station in the database yet.",
        "Make one with `meter20 vend setup`, or name the right database with `--db`.",
    ),
    "database": Error(
        Code.REFUSED,
        "The database cannot be used now: busy, out of reach, damaged.",
        "Try again; if the file is damaged, restore a backup.",
    ),
    "schema": Error(
        Code.REFUSED,
        "The database was made by an older or a newer meter20.",
        "Run `meter20 vend upgrade` once, or take the newer meter20.",
    ),
    "wrong_secret": Error(
        Code.REFUSED,
        "The passphrase or key file is missing or wrong.",
        "Set `METER20_PASSPHRASE`, give `--key-file`, or type it on a terminal.",
    ),
    "altered": Error(
        Code.REFUSED,
        "Somebody altered what the security module had sealed.",
        "Find out who, with `meter20 vend audit verify`; restore a backup.",
    ),
    "audit_broken": Error(
        Code.REFUSED,
        "The audit log is not whole, or the database was put back to an older copy.",
        "Look with `meter20 vend audit verify`, then `meter20 vend audit accept --reason ...`.",
    ),
    "doubt": Error(
        Code.NOT_KNOWN,
        "The connection to the database broke in the commit: nobody knows whether it was done.",
        "Look with `meter20 vend history METER` before a repeat, or repeat with the same `--ref`.",
    ),
    "unfinished": Error(
        Code.STANDS,
        "A part of the work stands, and the rest was refused; the message says which.",
        "Put right what was refused, and do the rest by the command that the message names.",
    ),
    "no_meter": Error(
        Code.REFUSED,
        "The meter does not start, is in use, or has ended.",
        "Do what the message says: end the other program, or choose another folder.",
    ),
    "no_page": Error(
        Code.REFUSED,
        "The page cannot be built or served.",
        "Do what the message says: another folder, another port.",
    ),
    "no_session": Error(
        Code.REFUSED,
        "The file is no session, or of a format that this version does not know.",
        "Give a file that `--session` or the classroom page wrote.",
    ),
    "differs": Error(
        Code.REFUSED,
        "A session, played again, was answered in another way.",
        "Compare the firmware in the session's first line with yours; if it is the same, tell us.",
    ),
    "no_terminal": Error(
        Code.REFUSED,
        "The command needs a terminal, and there is none.",
        "Run it in a terminal, or use `meter20 serve`.",
    ),
    "dlms": Error(
        Code.REFUSED,
        "The meter refused over DLMS, or does not answer.",
        "Look at the place, the keys and the name of the object; `meter20 dlms list` shows them.",
    ),
    "refused": Error(
        Code.REFUSED,
        "The meter on the board refused, or no meter could read the request.",
        "The message passes on why; docs/service-port.md has every error of a meter.",
    ),
    "system": Error(
        Code.REFUSED,
        "The operating system refused: a file, a folder, a port.",
        "Put right what it names: a path, a permission, room on the disk.",
    ),
    "output": Error(
        Code.REFUSED,
        "Standard output is closed, full, or has lost its reader.",
        "Give it somewhere to go, and repeat the command.",
    ),
    "aborted": Error(
        Code.REFUSED,
        "Somebody did not answer a question with yes.",
        "Repeat the command, and answer yes or give `--yes`.",
    ),
    "interrupted": Error(
        Code.INTERRUPTED,
        "Ctrl-C ended the command.",
        "Repeat it; what an answer had confirmed stands.",
    ),
    "no_board": Error(
        Code.NO_BOARD,
        "No board is plugged in, or there is no serial port of that name.",
        "Plug it in by a cable that carries data, or name its port with `--port`.",
    ),
    "several_boards": Error(
        Code.SEVERAL_BOARDS,
        "Several boards are plugged in.",
        "Name one with `--port`; the message lists them.",
    ),
    "wrong_board": Error(
        Code.WRONG_BOARD,
        "This is not the board of `--board`, or no board that the tools know.",
        "Name one that is wired alike with `--board`.",
    ),
    "port_busy": Error(
        Code.PORT_BUSY,
        "Another program has the port open.",
        "End the program that has the port open.",
    ),
    "permission_denied": Error(
        Code.PERMISSION_DENIED,
        "The port belongs to a group that you are not in.",
        "Join the group that owns the port, `dialout` on Debian, and log in again.",
    ),
    "bootloader": Error(
        Code.BOOTLOADER,
        "The board waits in its bootloader and runs no MicroPython.",
        "A Pico: copy an image on its drive, or plug it in again without BOOTSEL. "
        "An ESP32: press reset.",
    ),
    "full": Error(
        Code.FULL,
        "The board's file system is full.",
        "Remove files of your own with `mpremote fs rm`, or flash with `--mpy`.",
    ),
    "unplugged": Error(
        Code.UNPLUGGED,
        "The board went away, or stopped answering, half way.",
        "Plug it in again and repeat the command; `flash` goes on where it was.",
    ),
    "no_answer": Error(
        Code.NO_ANSWER,
        "Nothing on the port answers as a meter, or as MicroPython.",
        "Bring MicroPython there (`meter20 board firmware`), then the meter (`board flash`).",
    ),
    "old_micropython": Error(
        Code.OLD_MICROPYTHON,
        "The meter needs MicroPython 1.26 or newer, and with `--mpy` one that reads its files.",
        "Fetch a newer one with `meter20 board firmware`, or flash without `--mpy`.",
    ),
    "no_network": Error(
        Code.NO_NETWORK,
        "The site of the image is not reached.",
        "Fetch the image on another machine.",
    ),
    "wrong_hash": Error(
        Code.WRONG_HASH,
        "The image, or a file on the board, is not what it should be.",
        "Repeat the command; if it happens again, take another cable or site.",
    ),
    "failed": Error(
        Code.FAILED,
        "A program on the board, the compiler or the site failed; the message says what it said.",
        "Put right what it names, and repeat the command.",
    ),
    "production": Error(
        Code.PRODUCTION,
        "The board is in production mode and has no prompt.",
        "See docs/security.md, Production mode, for the way back.",
    ),
    "no_romfs": Error(
        Code.NO_ROMFS,
        "The board's image of MicroPython has no ROM partition, or one that is too small.",
        "Flash with `--mpy`, or bring an image that has one: boards/README.md, ROM partition.",
    ),
    "file": Error(
        Code.STANDS,
        "What was done stands, but the file that it was to be written into failed.",
        "Get the file again by the command that the warning names; repeat nothing.",
    ),
    "anchor": Error(
        Code.STANDS,
        "The station of a backup stands, but what is left of the lost one keeps it from selling.",
        "The warning says what it is; `meter20 vend audit accept --reason ...` lets it go on.",
    ),
}
