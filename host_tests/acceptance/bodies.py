"""The body that the tester named, opened."""

from pathlib import Path

from acceptance import report
from acceptance.subject import SerialLines, SerialSubject, Subject
from acceptance.two_boards import TwoBoardSubject
from rigs.benches import BODIES

from meter20 import rp2040
from meter20.session import Recorder

_SERIAL = "serial:"

#: Of the meters of the case that runs, which has new ones.
RECORDERS = []


_OTHERS = ("page", "rp2040")  # beside BODIES and a port


def check_usage(config):
    """Raise ValueError, in words, for options of the suite that cannot be."""
    body = config.getoption("body")
    if body == _SERIAL:
        raise ValueError("--body serial:PORT needs the name of a port, such as /dev/ttyACM0")
    if body not in (*BODIES, *_OTHERS) and not body.startswith(_SERIAL):
        listed = ", ".join((*BODIES, *_OTHERS))
        raise ValueError(f"--body {body}: the bodies are {listed} and serial:PORT")
    if config.getoption("fixture") and not body.startswith(_SERIAL):
        raise ValueError("--fixture needs --body serial:PORT, the meter on its bench")
    if config.getoption("report") and Path(config.getoption("report")).is_file():
        raise ValueError(f"--report {config.getoption('report')}: that is a file, not a folder")
    if config.getoption("tokens"):
        report.owned(Path(config.getoption("tokens")))


def opened(body: str, fixture: str | None = None) -> Subject:
    """Return a meter on `body`: as it leaves the mould, or the one on the serial port.

    fixture: the port of the two-board fixture, for a meter on a serial port.
    """
    if fixture:
        return TwoBoardSubject(body.removeprefix("serial:"), fixture)
    if body.startswith("serial:"):
        return SerialSubject(SerialLines(body.removeprefix("serial:")))
    if body == "page":
        from browser.meter_page import PageLines  # only with this body a browser is needed

        return Subject(_recorded(PageLines(), body))
    return Subject(_recorded(rp2040.Lines() if body == "rp2040" else BODIES[body](), body))


def _recorded(lines, body):
    RECORDERS.append(Recorder(lines, body))
    return RECORDERS[-1]


def keep_sessions(name: str, folder: Path) -> list:
    """Write what was done at the meters of the case `name`, which failed; return the files."""
    files = []
    for number, recorder in enumerate(RECORDERS):
        folder.mkdir(parents=True, exist_ok=True)
        files.append(folder / f"{name}-{number}.jsonl")
        recorder.write(files[-1])
    return files
