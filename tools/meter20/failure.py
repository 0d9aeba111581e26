"""Failure: says why a command has no answer. Every mistake of a user ends as a Failure."""

from meter20.exit_codes import ERRORS, Code


class Failure(Exception):
    """The text is for people; `code` is one stable word for programs, of exit_codes.ERRORS."""

    code: str
    #: What stands before the text where people read it.
    lead = "Refused"

    @property
    def exit_code(self) -> Code:
        """What a shell gets."""
        return ERRORS[self.code].exit_code

    def data(self) -> dict:
        """Return the answer of `--json`."""
        return answer(self.code, str(self))


def answer(code: str, message: str) -> dict:
    """Return the one shape that says in JSON why there is no answer."""
    return {"ok": False, "error": code, "message": message}


class NoMeter(Failure):
    """The meter cannot be had, or is gone; the text says why and what to do."""

    code = "no_meter"
