"""What documents and modules name is there: files, headings, targets of make."""

import fnmatch
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/*.md", "boards/**/*.md", "host_tests/**/README.md")
    for path in sorted(ROOT.glob(pattern))
]
#: A path that is ours, by its first folder or by its ending.
_PATH = re.compile(
    r"`((?:boards|docs|firmware|host_tests|tools)/[\w./*-]*|[\w./*-]+\.(?:css|js|mjs|py|service))`"
)
SOURCES = [
    path
    for folder in ("firmware", "boards", "tools")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
#: A file in a docstring or a comment: folder and name.
_FILE = re.compile(r"(?<![\w./<{*-])\w[\w.-]*/[\w./-]+\.(?:json|md|mjs|py|sh)\b")
#: Files that a board or a person may have, and this repository has not.
ELSEWHERE = {"boot.py", "docs/deployment/secrets"}
_LINK = re.compile(r"\]\(([^)\s:]+)\)")
_MAKE = re.compile(r"(?:^\$ |`)make ((?:[a-z][a-z0-9-]*(?![\w=-]) ?)+)", re.MULTILINE)
TARGETS = set(
    re.findall(
        r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
)


def files():
    """Return every file of the repository, and every folder, as paths that begin with a slash."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return {f"/{path}" for name in listed for path in (name, *Path(name).parents)}


THERE = files()


def absent(text):
    """Return the paths in `text` that this repository does not have; * stands for anything."""
    named = {name.rstrip("/") for name in _PATH.findall(text)} - ELSEWHERE
    return [name for name in sorted(named) if not fnmatch.filter(THERE, f"*/{name}")]


def unknown(text):
    """Return the files that a module names, by folder and name, and this repository lacks."""
    return [name for name in sorted(set(_FILE.findall(text))) if not _ends(name)]


def _ends(name):
    return any(path.endswith(f"/{name}") for path in THERE)


def anchors(text):
    """Return what leads to each heading of a document."""
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def broken(path, text):
    """Return the links of `text`, the document `path`, that lead to no file or no heading."""
    return [link for link in _LINK.findall(text) if not _leads(path, *link.split("#"))]


def _leads(path, name, anchor=""):
    target = path.parent / name if name else path
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def targets(text):
    """Return the targets of make that `text` names, without variables and options."""
    return {word for words in _MAKE.findall(text) for word in words.split()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_headings_and_targets_that_a_document_names_are_there(path):
    text = path.read_text(encoding="utf-8")
    assert absent(text) == []
    assert broken(path, text) == []
    assert targets(text) <= TARGETS


def test_files_that_a_module_names_are_there():
    found = {path: unknown(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {}


def test_table_of_a_package_has_each_of_its_modules():
    for path in sorted((ROOT / "tools/meter20").glob("*/__init__.py")):
        text = path.read_text(encoding="utf-8")
        if "| --- |" in text:
            named = set(re.findall(r"`([\w.]+)`", text)) | {path.stem}
            modules = [*path.parent.glob("*.py"), *path.parent.glob("*.mjs")]
            assert [one for one in modules if not {one.name, one.stem} & named] == [], path


def test_every_target_of_make_is_named_in_a_document():
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    assert set().union(*map(targets, texts)) == TARGETS


def test_what_is_not_there_is_found():
    assert absent("`cli/vend_sell.py`, `cli/vend.py`, `firmware/nowhere/`") == [
        "cli/vend_sell.py", "firmware/nowhere",
    ]  # fmt: skip
    assert unknown("boards/common/rp2/_boot.py, see ports/board.py") == [
        "boards/common/rp2/_boot.py"
    ]
    assert broken(ROOT / "README.md", "[a](docs/gone.md), [b](#not-here)") == [
        "docs/gone.md", "#not-here",
    ]  # fmt: skip
    assert targets("`make lint tset WORKERS=2`") == {"lint", "tset"}
