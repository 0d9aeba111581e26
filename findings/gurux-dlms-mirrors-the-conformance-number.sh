#!/usr/bin/env bash
# gurux-dlms gives the conformance that it proposes as a number whose bits are in the other order than on the wire.
#
# Package: gurux-dlms 1.0.203 (PyPI, GPL-2.0), run here as a program.
# Expected: int(client.proposedConformance) is the 24 bits that the AARQ carries after 5F 1F 04 00, as the standard
# writes them: bit 0 is the first and most significant.
# Seen: the number is those bits mirrored, so who compares it with a server's, or with a trace, compares other bits.
# In meter20: docs/ami.md; the meter negotiates by the bits on the wire.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gurux-dlms==1.0.203

cat > try.py <<'TRY'
from gurux_dlms import GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType

client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
request = client.aarqRequest()
sent = bytes(request[0] if isinstance(request, list) else request)
at = sent.index(bytes.fromhex("5f1f0400")) + 4
wire = int.from_bytes(sent[at : at + 3], "big")
told = int(client.proposedConformance)
mirrored = int(f"{told:024b}"[::-1], 2)
print(f"on the wire {wire:06x}, told {told:06x}, told mirrored {mirrored:06x}")
TRY
env/bin/python try.py | tee found.txt
env/bin/python - <<'CHECK'
wire, told, mirrored = [part.split()[-1] for part in open("found.txt").read().split(",")]
assert wire != told and wire == mirrored, "no longer so"
CHECK
echo "as stated: gurux-dlms 1.0.203 tells its conformance mirrored"
