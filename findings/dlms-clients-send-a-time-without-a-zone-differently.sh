#!/usr/bin/env bash
# gurux-dlms gives a time without a zone the zone of its computer, and dlms-cosem says that the zone is not specified.
#
# Packages: gurux-dlms 1.0.203 (GPL-2.0), run here as a program, and dlms-cosem 25.1.0 (MIT), both from PyPI.
# Expected: both ask a profile for the rows "from 10:00 on" with the same twelve octets, the deviation not specified (0x8000),
# which is what a Python datetime without a zone says.
# Seen: on a computer in Johannesburg gurux-dlms sends the deviation 0xFF88, two hours, dlms-cosem 0x8000. A meter that keeps
# UTC and looks at the deviation gives them rows two hours apart. What gurux-dlms prints of a time that it read is the
# computer's time, too, and does not say so: 10:00 UTC is 12:00.
# In meter20: the meter compares times in UTC, by their deviation; docs/ami.md says to give the zone.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gurux-dlms==1.0.203 dlms-cosem==25.1.0

cat > try.py <<'TRY'
from datetime import datetime, timezone

from dlms_cosem import cosem, enumerations
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from gurux_dlms import GXDateTime, GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSClock, GXDLMSProfileGeneric


def by_gurux(moment):
    client = GXDLMSClient(True, 1, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    profile.captureObjects.append((GXDLMSClock("0.0.1.0.0.255"), GXDLMSCaptureObject(2, 0)))
    sent = client.readRowsByRange(profile, moment, moment)
    return bytes(sent[0] if isinstance(sent, list) else sent)


def by_dlms_cosem(moment):
    kind = enumerations.CosemInterface.CLOCK
    clock = cosem.CosemAttribute(kind, cosem.Obis(0, 0, 1, 0, 0), 2)
    return RangeDescriptor(CaptureObject(clock, 0), moment, moment).to_bytes()


for what, moment in (
    ("no zone", datetime(2026, 11, 30, 10)),
    ("UTC", datetime(2026, 11, 30, 10, tzinfo=timezone.utc)),
):
    for how in (by_gurux, by_dlms_cosem):
        sent = how(moment)
        at = sent.index(bytes.fromhex("090c07ea")) + 2
        print(f"{what}, {how.__name__}: hour {sent[at + 5]}, deviation {sent[at + 9 : at + 11].hex()}")
read = GXDateTime(datetime(2026, 11, 30, 10, tzinfo=timezone.utc))
print("10:00 UTC is printed as", str(read).split()[-1][:5])
TRY
TZ=SAST-2 env/bin/python try.py | tee found.txt

grep -qx "no zone, by_gurux: hour 10, deviation ff88" found.txt
grep -qx "no zone, by_dlms_cosem: hour 10, deviation 8000" found.txt
grep -qx "UTC, by_gurux: hour 10, deviation 0000" found.txt
grep -qx "UTC, by_dlms_cosem: hour 10, deviation 0000" found.txt
grep -qx "10:00 UTC is printed as 12:00" found.txt
echo "as stated: one datetime, two times"
