"""Port: a character display, or a graphic one used as such."""


class Display:
    """Shows lines of ASCII text.

    columns: characters a line, 16 or more.
    rows: lines, 2 or more.
    """

    columns = 0
    rows = 0

    def show(self, lines):
        """Show `lines`, a list of `rows` strings of at most `columns` characters.

        Blocks 50 ms at most. Raises OSError when the display does not answer;
        the meter goes on without it.
        """
        raise NotImplementedError
