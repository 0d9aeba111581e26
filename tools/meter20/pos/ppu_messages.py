"""The messages of the Prepaid Utility Service Interface, as far as a station reads them.

Unknown properties are ignored. Amounts may come as text (`"10000"`), as some tills send them.
Source: Prepaid Utility Service Interface 3.13 on service-interface-base 3.28.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from meter20.vending import plain_text
from meter20.vending.refusal import Refusal

UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_TIME = r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$"


def _real_time(text: str) -> str:
    datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    return text


def _plain(text: str) -> str:
    try:
        return plain_text.checked(text, "text")
    except Refusal as why:
        raise ValueError(str(why)) from None


Digits3 = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
Digits4 = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Exactly8 = Annotated[str, StringConstraints(min_length=8, max_length=8)]
Exactly15 = Annotated[str, StringConstraints(min_length=15, max_length=15)]
Text2 = Annotated[str, StringConstraints(max_length=2)]
Text13 = Annotated[str, StringConstraints(max_length=13)]
Text20 = Annotated[str, StringConstraints(max_length=20)]
Text23 = Annotated[str, StringConstraints(max_length=23)]
Text30 = Annotated[str, StringConstraints(max_length=30)]
Text40 = Annotated[str, StringConstraints(max_length=40)]
Text80 = Annotated[str, StringConstraints(max_length=80)]
Text160 = Annotated[str, StringConstraints(max_length=160)]
Id = Annotated[str, StringConstraints(pattern=UUID)]
Time = Annotated[str, StringConstraints(pattern=_TIME, max_length=40), AfterValidator(_real_time)]
Cents = (
    Annotated[int, Field(strict=True, ge=0, le=10**12, json_schema_extra={"format": "int64"})]
    | Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")]
)


class Part(BaseModel):
    """What all parts share: more properties than these may come, and are left out."""

    model_config = ConfigDict(extra="ignore")


class Institution(Part):
    """A party: client, receiver, settlement entity."""

    id: Text40
    name: Text40


class MerchantName(Part):
    """Name and place of a shop."""

    name: Text23
    city: Text13
    region: Text2
    country: Text2


class Merchant(Part):
    """A shop."""

    merchantType: Digits4
    merchantId: Exactly15
    merchantName: MerchantName


class Originator(Part):
    """Where a request arose."""

    institution: Institution
    terminalId: Exactly8
    merchant: Merchant
    operatorId: Text30 | None = None


class OtherParty(Part):
    """A party's own number of a transaction."""

    institutionId: Text40
    transactionIdentifier: Text80


class Amount(Part):
    """Whole cents, and the ISO 4217 number of the currency."""

    amount: Cents
    currency: Digits3

    @property
    def cents(self) -> int:
        """Return the amount as a number."""
        return int(self.amount)


class Meter(Part):
    """A meter; its number only is read, the rest of its card is not believed."""

    meterId: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,20}$")]


class Tender(Part):
    """How a customer paid."""

    tenderType: Literal[
        "CASH", "CHEQUE", "CREDIT_CARD", "DEBIT_CARD", "WALLET", "ROUNDING", "GIFT_CARD",
        "LOYALTY_CARD", "OTHER",
    ]  # fmt: skip
    amount: Amount


class Header(Part):
    """What every request has but an advice; an answer repeats it."""

    id: Id
    time: Time
    originator: Originator
    client: Institution
    settlementEntity: Institution | None = None
    receiver: Institution | None = None
    thirdPartyIdentifiers: Annotated[list[OtherParty], Field(max_length=50)]
    basketRef: Text80 | None = None
    stan: Text40 | None = None
    rrn: Text40 | None = None

    def repeated(self, station: str, number: str) -> dict:
        """Return the header of the answer; number: the station's own of this transaction."""
        names = set(Header.model_fields)
        fields = self.model_dump(include=names, exclude_none=True)
        fields["thirdPartyIdentifiers"].append(
            {"institutionId": station[:40], "transactionIdentifier": number}
        )
        return fields


class MeterRequest(Header):
    """MeterLookupRequest and KeyChangeTokenRequest."""

    meter: Meter


class PurchaseRequest(MeterRequest):
    """A purchase, a retry or a trial."""

    purchaseAmount: Amount
    tenders: Annotated[list[Tender], Field(max_length=50)] | None = None


class ReprintRequest(MeterRequest):
    """The last token of a meter, or that of a purchase id or receipt number."""

    originalRef: Text80 | None = None


Fault = Literal[
    "SeriousBoxDamage", "FireWaterDamage", "MeterDead", "KeepsTripping", "NoTrip",
    "DisplayLightsButtons", "NetworkFaultReport", "IncorrectSGC", "IncorrectTI",
    "ConvertedFrmConventional", "MeterChangedOut", "NewInstallation",
]  # fmt: skip


class FaultReport(MeterRequest):
    """A fault for the utility."""

    contactNumber: Annotated[Text20, AfterValidator(_plain)]
    faultType: Fault
    faultDescription: Annotated[Text160, AfterValidator(_plain)] = ""


class Advice(Part):
    """What became of an earlier request."""

    id: Id
    requestId: Id
    time: Time
    thirdPartyIdentifiers: Annotated[list[OtherParty], Field(max_length=50)]

    def repeated(self) -> dict:
        """Return the BasicAdviceResponse."""
        return self.model_dump(include=set(Advice.model_fields), exclude_none=True)


class ConfirmationAdvice(Advice):
    """Paid and handed over."""

    tenders: Annotated[list[Tender], Field(max_length=50)] | None = None


class ReversalAdvice(Advice):
    """It did not complete."""

    reversalReason: Literal["TIMEOUT", "CANCELLED", "RESPONSE_NOT_FINAL"]


class Notice(Header):
    """A PurchaseResponse that another party forwards; its header only is read."""


class ErrorDetail(BaseModel):
    """Why a request failed. errorMessage: 20 characters at most."""

    errorType: str
    errorMessage: Annotated[str, StringConstraints(max_length=20)]
    requestType: str
    id: str
    originalId: str | None = None
    detailMessage: Any = None
