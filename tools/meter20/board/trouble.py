"""What can be wrong with a board: a word, an exit code and what to do."""

from meter20.exit_codes import Code
from meter20.failure import Failure

__all__ = ["Code", "Trouble"]


class Trouble(Failure):
    """A board, or the way to it, does not do what is needed; the text says what to do."""

    def __init__(self, exit_code: Code, text: str):
        super().__init__(text)
        self.code = exit_code.name.lower()
