"""The emulated non-volatile store against Espressif's own generator of its partitions."""

import subprocess
import sys

import pytest
from flash_chip import SECTOR, FlashChip, RamImage
from nvs_flash import NvsFlash

SIZE = 6 * SECTOR
VALUES = {"slot0": bytes(range(240)), "slot1": b"", "long": bytes(range(250)) * 30}


@pytest.fixture
def generated(tmp_path):
    """A partition of one namespace that holds VALUES."""
    rows = [f"{key},data,hex2bin,{value.hex()}" for key, value in VALUES.items()]
    table = tmp_path / "values.csv"
    table.write_text("\n".join(["key,type,encoding,value", "credit,namespace,,", *rows]) + "\n")
    made = tmp_path / "made.bin"
    command = (sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate", table, made)
    subprocess.run([*command, hex(SIZE)], check=True, capture_output=True)
    return made.read_bytes()


def store_on(content):
    image = RamImage(SIZE)
    image.write(0, content)
    return image, NvsFlash(FlashChip(image))


def test_what_the_generator_wrote_is_read(generated):
    _image, store = store_on(generated)
    found = {key: store.get(store.namespace("credit"), key) for key in VALUES}
    assert found == VALUES


def test_what_is_written_is_what_the_generator_writes(generated):
    image, store = store_on(b"\xff" * SIZE)
    for key, value in VALUES.items():
        store.set(store.namespace("credit"), key, value)
    assert image.read(0, SIZE) == generated
