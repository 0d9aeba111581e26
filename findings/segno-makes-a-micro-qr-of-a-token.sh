#!/usr/bin/env bash
# segno makes a Micro QR code of the 20 digits of a token, and OpenCV's reader of QR codes finds none in that picture.
#
# Packages: segno 1.6.6 (BSD), opencv-python-headless 5.0.0.93 (Apache-2.0), both from PyPI.
# Expected: segno.make() of 20 digits is a QR code, as it is of the same digits in groups of four.
# Seen: 20 digits in a row give the Micro QR code M3-L, in groups the QR code 1-L. OpenCV reads the QR code that
# micro=False makes of the same digits, and nothing in the Micro QR code.
# In meter20: receipts and the shop make QR codes with micro=False; tests look at that.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check segno==1.6.6 opencv-python-headless==5.0.0.93

cat > try.py <<'TRY'
import cv2
import segno

DIGITS = "12345678901234567890"
GROUPS = "1234 5678 9012 3456 7890"


def read(code, name):
    code.save(name, scale=8, border=6)
    return cv2.QRCodeDetector().detectAndDecode(cv2.imread(name))[0] or "nothing"


usual, full = segno.make(DIGITS), segno.make(DIGITS, micro=False)
print("in a row:", usual.designator, "read as", read(usual, "usual.png"))
print("in groups:", segno.make(GROUPS).designator)
print("micro=False:", full.designator, "read as", read(full, "full.png"))
TRY
env/bin/python try.py | tee found.txt
grep -qx "in a row: M3-L read as nothing" found.txt
grep -qx "in groups: 1-L" found.txt
grep -qx "micro=False: 1-Q read as 12345678901234567890" found.txt
echo "as stated: segno 1.6.6 makes a Micro QR code of a token"
