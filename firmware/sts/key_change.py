"""Key change: from the sections that tokens bring to the new key and its attributes.

The sections of a set come in any order, all encrypted under the old key. Nothing
changes until the set is complete; then key, SGC, TI, KRN, KT and KEN change at
once. A set of EA11 has four sections; one of EA07 has two, or three when the
first announces a third, which brings the SGC. The tokens hold no check value of the
new key: two sets can be told apart only where their sections contradict each other.

Pure domain: imports `sts` modules and `const`, nothing else.
Source: IEC 62055-41, SetSectionDecoderKey tokens and decoder key change.
"""

from micropython import const

from sts import results
from sts.decoder_key import DCTK, DDTK, DITK, DUTK, DecoderKey, KeyAttributes

#: Milliseconds from the first section of a set in which the others must come.
WINDOW_MS = const(600_000)

#: Result for a section after which others are still missing.
PROGRESS = {1: results.KCT_1, 2: results.KCT_2, 3: results.KCT_3, 4: results.KCT_4}

#: Key types to which a key of each type may give way. The ways out of DITK and DDTK are sure;
#: whether DUTK and DCTK may follow each other differs between sources.
TRANSITIONS = {
    DITK: (DITK, DDTK, DUTK, DCTK),
    DDTK: (DDTK, DUTK, DCTK),
    DUTK: (DDTK, DUTK),
    DCTK: (DDTK, DUTK, DCTK),
}

_KRN_MAX = const(9)
_TI_MAX = const(99)
_SGC_MAX = const(999_999)
_SGCHO_MAX = const(244)  # the high 12 bits of 999 999
_SGC_UNKNOWN = "000000"  # a set of two does not bring it


def refusal(section: int, fields, key):
    """Return what refuses `section` with `fields` under `key`, KeyAttributes, or None."""
    if section == 1:
        if not 1 <= fields["krn"] <= _KRN_MAX:
            return results.RANGE
        if fields["kt"] not in TRANSITIONS[key.kt]:
            return results.KEY_TYPE
    if section == 2 and fields["ti"] > _TI_MAX:
        return results.RANGE
    if section == 3 and key.ea == "07" and fields["sgc"] > _SGC_MAX:
        return results.RANGE
    if section == 4 and fields["sgcho"] > _SGCHO_MAX:
        return results.RANGE
    return None


def gathered(sections, section: int, fields, ea: str):
    """Return ({number: fields} with the new section, whether it began another set).

    It begins another one when it cannot be of one set with those held in `sections`: the same
    section with other content, a third section where the first of EA07 announces none, or an
    SGC of more than six digits.
    """
    together = dict(sections)
    together[section] = fields
    another = _differ(sections.get(section, fields), fields) or not _agree(together, ea)
    return ({section: fields} if another else together), another


def _differ(held, fields):
    return any([held[name] != fields[name] for name in fields])


def _agree(sections, ea):
    """Whether `sections` can be of one set."""
    if 3 not in sections:
        return True
    if ea != "11":
        return 1 not in sections or bool(sections[1]["kct3"])
    return 4 not in sections or _sgc_of_four(sections) <= _SGC_MAX


def _sgc_of_four(sections):
    return sections[4]["sgcho"] << 12 | sections[3]["sgclo"]


def missing(sections, ea: str) -> tuple:
    """Return the numbers of the sections that `sections`, {number: fields}, still lack."""
    if ea == "11":
        needed = (1, 2, 3, 4)
    elif 1 in sections and sections[1]["kct3"]:
        needed = (1, 2, 3)
    else:
        needed = (1, 2)
    return tuple([number for number in needed if number not in sections])


def new_key(sections, ea: str):
    """Return the KeyAttributes of a complete set that was `gathered`."""
    first, second = sections[1], sections[2]
    if ea == "11":
        words = (first["nkho"], sections[3]["nkmo2"], sections[4]["nkmo1"], second["nklo"])
        sgc = _sgc_of_four(sections)
    else:
        words = (first["nkho"], second["nklo"])
        sgc = sections[3]["sgc"] if first["kct3"] else None
    return KeyAttributes(
        DecoderKey(b"".join([word.to_bytes(4, "big") for word in words])),
        ea,
        _SGC_UNKNOWN if sgc is None else "%06d" % sgc,
        "%02d" % second["ti"],
        first["krn"],
        first["kt"],
        first["kenho"] << 4 | second["kenlo"],
    )
