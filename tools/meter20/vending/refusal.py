"""Refusal: the one exception that says why the vending side did not do what it was asked.

Every mistake or trouble that a user can meet (unknown meter, wrong passphrase, a limit, an expired
key, an unreachable database) ends as a `Refusal`, whose text is meant for that user. Any other
exception is a bug. A refusal never holds a key, a passphrase or a token.
"""

from meter20.failure import Failure


class Refusal(Failure):
    """A request was refused and nothing was issued.

    `code` is a short name for programs (`--json`), the text is for people. `remedy` says what
    whoever runs the station does now; a point of sale is not told. `about` is set by the security
    module on its own refusals: the facts that belong into the audit log.
    """

    def __init__(self, code: str, message: str, remedy: str = ""):
        super().__init__(code, message, remedy)  # all: a refusal may come from another process
        self.code, self.message = code, message
        self.about: dict[str, str] = {}

    def __str__(self) -> str:
        return " ".join(filter(None, self.args[1:]))


class Doubt(Failure):
    """The database broke off in the commit and cannot be asked: nobody knows what it holds.

    Nobody knows whether it was done. Look, once the database can be reached, before a repeat.
    """

    code = "doubt"
    lead = "Not known"

    def __str__(self) -> str:
        return f"{self.args[0]} Whether it was done is not known: look, before you do it again."


class Unfinished(Failure):
    """Part of what was asked for stands, and the rest was refused; the text says which."""

    code = "unfinished"
    lead = "Unfinished"


#: The database holds no vending station yet.
NO_DATABASE = "no_database"
#: The database is there, but cannot be used now: busy, unreachable or damaged.
DATABASE = "database"
#: Made by an older or a newer meter20.
SCHEMA = "schema"
#: The passphrase or key file does not open the security module or the transport file.
SECRET = "wrong_secret"
#: A record sealed by the security module was altered outside of it.
ALTERED = "altered"
#: The audit log is not whole, or the database was put back.
BROKEN = "audit_broken"
#: The vending key's own rules forbid the token: kind, amount, amount a day.
LIMIT = "limit"
#: The TID lies beyond what the key expiry number (KEN) allows.
KEY_EXPIRED = "key_expired"
#: The time lies outside of the 24 bits that follow the base date.
BASE_DATE = "base_date"
#: The clock is far ahead of the latest token, and nobody has said that it is right.
CLOCK = "clock"
#: Two key types, or a key type and a token, that do not go together.
KEY_TYPE = "key_type"
#: No such meter, supply group, key, tariff or receipt.
UNKNOWN = "unknown"
#: It exists already.
EXISTS = "exists"
#: A number is malformed: check digit, amount, range.
VALUE = "value"
#: The request is well formed, but not allowed for this meter or receipt.
STATE = "state"
#: Standard output cannot take the answer, which shows before anything is done.
OUTPUT = "output"
