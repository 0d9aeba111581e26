#!/usr/bin/env bash
# dlms-cosem reads a clock that stands at UTC as one without a time zone, and a status that is not specified as every fault.
#
# Package: dlms-cosem 25.1.0 (PyPI, MIT).
# Expected: a date-time says how far local time is from UTC. 0 is UTC, and 0x8000 is "not specified"; only the latter is a
# datetime without a zone. A clock status of 0xFF is "not specified" too.
# Seen: 0 and 0x8000 both give a datetime without a zone, so 10:00 UTC that is written and read again is another value, and
# Python refuses to compare it with the time now; two hours survive. A status of 0xFF is read as invalid, doubtful and
# daylight saving at once.
# In meter20: the meter's clock is UTC with the deviation 0 and the status 0, so each time read with this library lacks its
# zone; docs/ami.md says what to add.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check dlms-cosem==25.1.0

cat > try.py <<'TRY'
from datetime import datetime, timedelta, timezone

from dlms_cosem.time import datetime_from_bytes, datetime_to_bytes

for hours in (0, 2):
    written = datetime(2026, 11, 30, 10, tzinfo=timezone(timedelta(hours=hours)))
    read, _ = datetime_from_bytes(datetime_to_bytes(written))
    print(f"UTC+{hours} zone kept: {read.tzinfo is not None}")
for what, octets in (("0", "07ea0b1e010a000000000000"), ("not specified", "07ea0b1e010a000000800000")):
    print(f"deviation {what}: zone {datetime_from_bytes(bytes.fromhex(octets))[0].tzinfo}")
_, status = datetime_from_bytes(bytes.fromhex("07ea0b1e010a0000008000ff"))
print(f"status not specified: invalid {status.invalid}, daylight saving {status.daylight_saving_active}")
TRY
env/bin/python try.py | tee found.txt

grep -q '^UTC+0 zone kept: False$' found.txt
grep -q '^UTC+2 zone kept: True$' found.txt
grep -q '^deviation 0: zone None$' found.txt
grep -q '^deviation not specified: zone None$' found.txt
grep -q '^status not specified: invalid True, daylight saving True$' found.txt
