"""MicroPython's 32-bit unix port, from Debian's newer release, in a folder of its own.

Its objects are as large as those of an RP2040, its collector and its heap limit are real: what
it says of memory holds for the board. `make unix32` writes build/unix32/micropython.

Nothing is installed. apt downloads it, with all that it needs, as for an i386 machine that has
nothing yet; it is unpacked and started by its own loader, so the release of this machine does
not matter. The mirrors are those that this machine's apt asks, and apt checks the signatures.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

RELEASE = "trixie"
VERSION = "1.25.0*"  # of micropython, in Debian's words

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_CHECK = "import sys; assert sys.maxsize == 0x7FFFFFFF; print(sys.version)"
_LIBRARIES = "usr/lib/i386-linux-gnu"
_START = f"""#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/root
exec "$here/{_LIBRARIES}/ld-linux.so.2" --library-path "$here/{_LIBRARIES}" \\
    "$here/usr/bin/micropython" "$@"
"""


class Trouble(Exception):
    """Why it cannot be had, in words."""


def mirrors(uris: str, codename: str) -> list[str]:
    """Return the archives, best first, among what `apt-get update --print-uris` said.

    codename: of the release that this machine runs; whoever has it may have the newer one, too.
    """
    found = re.findall(rf"^'(\S+)/dists/{re.escape(codename)}/InRelease'", uris, re.MULTILINE)
    return list(dict.fromkeys(found))


def fetch(folder: Path) -> Path:
    """Put the port into `folder`, anew; return the file that starts it. Raises Trouble."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Trouble(f"no {tool}: it comes from Debian's archive, with Debian's own tools")
    shutil.rmtree(folder, ignore_errors=True)
    codename = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    said = _run("apt-get", "update", "--print-uris")
    archives = mirrors(said, codename[1]) if codename else []
    if not archives:
        raise Trouble("this machine's apt asks no Debian mirror")
    for archive in archives[:-1]:
        try:
            return _fetched(folder, archive)
        except Trouble:
            shutil.rmtree(folder, ignore_errors=True)  # somebody else's packages; try the next
    return _fetched(folder, archives[-1])


def _fetched(folder: Path, archive: str) -> Path:
    apt = folder / "apt"
    for made in ("lists/partial", "archives/partial"):
        (apt / made).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {archive} {RELEASE} main\n")
    settings = {
        "Dir::Etc::SourceList": apt / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": apt / "lists",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt,
        "Dir::Cache::archives": apt / "archives",
        "APT::Architecture": "i386",
        "APT::Architectures": "i386",
        "APT::Install-Recommends": "0",
        "APT::Sandbox::User": "root",  # the folder may be closed to anybody else
        "Acquire::Languages": "none",
        "Debug::NoLocking": "1",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    _run("apt-get", *options, "-qq", "update")
    wanted = f"micropython={VERSION}"
    _run("apt-get", *options, "-qq", "-y", "--download-only", "install", wanted)
    for package in sorted((apt / "archives").glob("*.deb")):
        _run("dpkg-deb", "-x", str(package), str(folder / "root"))
    shutil.rmtree(apt)
    start = folder / "micropython"
    start.write_text(_START)
    start.chmod(0o755)
    try:
        print(f"{start}: {_run(str(start), '-c', _CHECK).strip()}")
    except Trouble:
        start.unlink()  # make takes the file for a port that works
        raise
    return start


def _run(*words: str) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode:
        raise Trouble(f"{words[0]}: {done.stderr or done.stdout}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description="MicroPython's 32-bit unix port, from Debian")
    parser.add_argument("folder", type=Path)
    try:
        fetch(parser.parse_args().folder.absolute())
    except Trouble as trouble:
        print(f"no 32-bit MicroPython: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
