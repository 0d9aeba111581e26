#!/usr/bin/env bash
# gurux-dlms, asked to read columns of a profile by entry, sends how many they are where the number of the last one belongs.
#
# Package: gurux-dlms 1.0.203 (PyPI, GPL-2.0), run here as a program.
# Expected: readRowsByEntry(profile, 1, 5, [second column, third column]) asks for the columns 2 to 3: from_selected_value and
# to_selected_value are the first and the last. Source: IEC 62056-6-2, Profile generic, entry descriptor.
# Seen: it asks for 2 to 2, so the meter leaves the third out; for the second alone it asks for 2 to 1, which is no column. Only
# columns from the first on are right. By range of time the columns are named one by one, and are right.
# In meter20: a meter answers "columns 2 to 1" with type-unmatched; docs/ami.md says to choose columns by range.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gurux-dlms==1.0.203

cat > try.py <<'TRY'
from datetime import datetime, timezone

from gurux_dlms import GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import (
    GXDLMSCaptureObject, GXDLMSClock, GXDLMSProfileGeneric, GXDLMSRegister,
)

client = GXDLMSClient(True, 1, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
for thing in (
    GXDLMSClock("0.0.1.0.0.255"), GXDLMSRegister("1.0.1.8.0.255"), GXDLMSRegister("1.0.2.8.0.255"),
):
    profile.captureObjects.append((thing, GXDLMSCaptureObject(2, 0)))
COLUMNS = profile.captureObjects
NOW = datetime(2026, 11, 30, tzinfo=timezone.utc)


def sent(messages):
    return bytes(messages[0] if isinstance(messages, list) else messages)


for wanted in ([1], [2], [3], [1, 2], [2, 3], [1, 2, 3]):
    chosen = [COLUMNS[number - 1] for number in wanted]
    by_entry = sent(client.readRowsByEntry(profile, 1, 5, chosen))
    first, last = (int.from_bytes(part, "big") for part in (by_entry[-5:-3], by_entry[-2:]))
    by_range = sent(client.readRowsByRange(profile, NOW, NOW, chosen))
    named = by_range.rpartition(b"\x01" + bytes([len(wanted)]) + b"\x02\x04")[2]
    count = 1 + named.count(b"\x02\x04\x12")
    print(f"columns {wanted}: by entry {first} to {last}, by range {count} named")
TRY
env/bin/python try.py | tee found.txt

grep -qx "columns \[1, 2\]: by entry 1 to 2, by range 2 named" found.txt
grep -qx "columns \[2, 3\]: by entry 2 to 2, by range 2 named" found.txt
grep -qx "columns \[2\]: by entry 2 to 1, by range 1 named" found.txt
grep -qx "columns \[3\]: by entry 3 to 1, by range 1 named" found.txt
echo "as stated: the number of columns stands for the last one"
