"""Results of a token, by the names of the standard: Accept, UsedError, CRCError, ...

Results are values, not exceptions: each is an ordinary outcome that somebody
reads on the display. Decides nothing and imports nothing.

Source: IEC 62055-41, AuthenticationResult, ValidationResult and TokenResult.
"""

ACCEPT = "Accept"
KCT_1 = "1stKCT"  # this section of a key change is in, the set is not complete yet
KCT_2 = "2ndKCT"
KCT_3 = "3rdKCT"
KCT_4 = "4thKCT"
OVERFLOW = "OverflowError"
KEY_TYPE = "KeyTypeError"
FORMAT = "FormatError"
RANGE = "RangeError"
FUNCTION = "FunctionError"
OLD = "OldError"
USED = "UsedError"
KEY_EXPIRED = "KeyExpiredError"
DDTK = "DDTKError"
CRC = "CRCError"
MFR_CODE = "MfrCodeError"
LOCKED_OUT = "LockedOut"  # not of the standard: too many wrong entries, the token was not read

#: Every result; a record stores its place in here, so new ones go to the end.
NAMES = (
    ACCEPT, KCT_1, KCT_2, KCT_3, KCT_4, OVERFLOW, KEY_TYPE, FORMAT, RANGE, FUNCTION, OLD, USED,
    KEY_EXPIRED, DDTK, CRC, MFR_CODE, LOCKED_OUT,
)  # fmt: skip
