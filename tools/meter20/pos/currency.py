"""Currencies by their ISO 4217 number, which the interface asks for; a tariff has the letters."""

from meter20.pos.declined import UNSUPPORTED, Declined

#: Source: ISO 4217, list one.
_NUMBERS = {
    "AED": "784", "AOA": "973", "ARS": "032", "AUD": "036", "BDT": "050", "BIF": "108",
    "BRL": "986", "BWP": "072", "CAD": "124", "CDF": "976", "CHF": "756", "CLP": "152",
    "CNY": "156", "COP": "170", "DJF": "262", "DZD": "012", "EGP": "818", "ETB": "230",
    "EUR": "978", "GBP": "826", "GMD": "270", "GNF": "324", "HTG": "332", "IDR": "360",
    "INR": "356", "JPY": "392", "KES": "404", "KHR": "116", "LKR": "144", "LRD": "430",
    "LSL": "426", "LYD": "434", "MAD": "504", "MGA": "969", "MMK": "104", "MUR": "480",
    "MWK": "454", "MXN": "484", "MYR": "458", "MZN": "943", "NAD": "516", "NGN": "566",
    "NPR": "524", "NZD": "554", "PEN": "604", "PGK": "598", "PHP": "608", "PKR": "586",
    "RUB": "643", "RWF": "646", "SAR": "682", "SCR": "690", "SGD": "702", "SLE": "925",
    "SOS": "706", "SSP": "728", "SZL": "748", "THB": "764", "TND": "788", "TRY": "949",
    "TZS": "834", "UAH": "980", "UGX": "800", "USD": "840", "VND": "704", "XAF": "950",
    "XOF": "952", "YER": "886", "ZAR": "710", "ZMW": "967",
}  # fmt: skip


def number(letters: str) -> str:
    """Return the number of a currency; raises Declined for one that has none here."""
    if letters not in _NUMBERS:
        raise Declined(
            UNSUPPORTED, "Currency has no code", f"The tariff's currency {letters!r} has no number"
        )
    return _NUMBERS[letters]
