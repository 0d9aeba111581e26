"""`meter20`, and `python -m meter20.cli`: runs the command, and ends it in good order.

Loading the commands takes a moment; they are imported where Ctrl-C and an output that is full
or gone are already expected.
"""

import io
import sys

from meter20.exit_codes import Code


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
        sys.exit(Code.INTERRUPTED)
    except OSError as error:
        from meter20.cli import answers

        if not answers.is_output(error):
            raise
        answers.output_failed(error, answers.asked_in_json(sys.argv[1:]))


if __name__ == "__main__":
    main()
