#!/usr/bin/env bash
# dlms-cosem decodes no bit-string, so the status of a token gateway cannot be read with it.
#
# Package: dlms-cosem 25.1.0 (PyPI, MIT).
# Expected: utils.parse_as_dlms_data decodes every type of common data; bit-string is tag 4, and its class
# dlms_data.BitStringData is there.
# Seen: a structure with a bit-string, as attribute 6 of class 115 (Token gateway) and attribute 4 of class 111 (Account)
# have it, is an exception; the same structure with an unsigned is read.
# In meter20: `meter20 dlms` decodes what it reads itself; docs/ami.md says so to who uses the library.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check dlms-cosem==25.1.0

cat > try.py <<'TRY'
from dlms_cosem import utils

for what, data in (
    ("structure {enum 3, unsigned 1}", "0202160311" + "01"),
    ("structure {enum 3, bit-string 00000001}", "02021603" + "040801"),
):
    try:
        print(what, "->", utils.parse_as_dlms_data(bytes.fromhex(data)))
    except Exception as error:
        print(what, "->", type(error).__name__)
TRY
env/bin/python try.py | tee found.txt

grep -q 'unsigned 1} -> \[3, 1\]' found.txt
grep -q 'bit-string 00000001} -> [A-Za-z]*Error$' found.txt
echo "as stated: dlms-cosem 25.1.0 reads the one and not the other"
