"""`meter20`, and `python -m meter20.cli`: runs the command, and ends it in good order.

Loading the commands takes a moment; they are imported where Ctrl-C and an output that is full
or gone are already expected.
"""

import errno
import io
import os
import sys

from meter20.terminal import OutputFault

_INTERRUPTED = 130  # as a shell has it: 128 and the number of the signal


def main() -> None:
    """Run the command of `sys.argv`; ends with SystemExit."""
    try:
        from meter20.cli.main import app

        if isinstance(sys.stdout, io.TextIOWrapper):  # what the terminal lacks is shown as escapes
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            app(prog_name="meter20")
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC) and not isinstance(error, OutputFault):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left of the output goes nowhere
        if error.errno != errno.EPIPE:
            print(f"Refused: the output cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
