#!/usr/bin/env bash
# littlefs-python formats an image that it cannot mount as it was asked to: whoever opens a board's files to read them has none left.
#
# Package: littlefs-python 0.19.0 (PyPI, BSD).
# Expected: LittleFS(context, ...) of a good image with one parameter that does not fit it is an error, and the image is as it was.
# Seen: with 63 blocks for an image of 64, or with a shorter name_max, the answer is an empty folder, no error, and the image was
# overwritten: with the right parameters its files are gone, too. With mount=False and a call of mount() the same is an error,
# and the image stays.
# In meter20: what opens a file system that holds something says mount=False first; boards/README.md says it to who reads a dump.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check littlefs-python==0.19.0

cat > try.py <<'TRY'
from littlefs import LittleFS, LittleFSError, UserContext

RIGHT = {"block_size": 4096, "block_count": 64}


def image():
    context = UserContext(64 * 4096)
    files = LittleFS(context, mount=False, **RIGHT)
    files.format()
    files.mount()
    with files.open("credit", "wb") as file:
        file.write(b"25.6 kWh")
    files.unmount()
    return context


def opened(context, **parameters):
    return LittleFS(context, **parameters).listdir("/")


def mounted(context, **parameters):
    files = LittleFS(context, mount=False, **parameters)
    try:
        files.mount()
    except LittleFSError:
        return "an error"
    return files.listdir("/")


for what, parameters in (
    ("right", RIGHT),
    ("63 blocks", RIGHT | {"block_count": 63}),
    ("name_max 32", RIGHT | {"name_max": 32}),
):
    for how in (opened, mounted):
        context = image()
        seen = how(context, **parameters)
        print(f"{what}, {how.__name__}: {seen}; then with the right ones: {mounted(context, **RIGHT)}")
TRY
env/bin/python try.py | tee found.txt

for parameters in "63 blocks" "name_max 32"; do
    grep -q "^$parameters, opened: \[\]; then" found.txt
    grep -qx "$parameters, mounted: an error; then with the right ones: \['credit'\]" found.txt
    if grep -q "^$parameters, opened.*credit" found.txt; then exit 1; fi
done
echo "as stated: who looks formats"
