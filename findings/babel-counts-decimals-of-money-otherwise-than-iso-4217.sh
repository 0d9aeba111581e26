#!/usr/bin/env bash
# Babel knows other decimals of some currencies than ISO 4217, so two programs that count "minor units" are a hundredfold apart.
#
# Packages: Babel 2.18.0 (BSD), iso4217 1.16.20260101 (public domain), both from PyPI.
# Expected: babel.numbers.get_currency_precision is the minor unit of ISO 4217, which is the number of decimals of a currency.
# Seen: 13 currencies differ, all in Babel without decimals: Madagascar's, Myanmar's, Somalia's and Yemen's have two by ISO 4217,
# Iraq's three. Babel has the decimals that are written there, of Unicode's CLDR, and they agree for the shilling of Uganda: none.
# In meter20: no library decides. Amounts of points of sale are hundredths in every currency; docs/points-of-sale.md says so.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check babel==2.18.0 iso4217==1.16.20260101

cat > try.py <<'TRY'
from babel.numbers import get_currency_precision
from iso4217 import Currency

differing = {}
for one in Currency:
    written = get_currency_precision(one.code)
    if one.exponent is not None and one.exponent != written:
        differing[one.code] = (one.exponent, written)
for code in sorted(differing):
    print(code, "has by ISO 4217 %d, in Babel %d" % differing[code])
print(len(differing), "differ;", "UGX", get_currency_precision("UGX"), Currency("UGX").exponent)
TRY
env/bin/python try.py | tee found.txt

for code in MGA MMK SOS YER; do grep -qx "$code has by ISO 4217 2, in Babel 0" found.txt; done
grep -qx "IQD has by ISO 4217 3, in Babel 0" found.txt
grep -qx "13 differ; UGX 0 0" found.txt
echo "as stated: minor units are not the same everywhere"
