"""The tables of what meters report by themselves: their registers and events, and a short history.

Times are UTC text, as in `models`. Energy is Wh here, as meters count it.
"""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from meter20.vending.models import Base


class MeterReport(Base):
    """What a meter reported last. heard_at: when its registers came; None if only events did.

    credit_money: in 10^-5 of the currency, for a meter that counts money. events: names, counts
    and energy, newest first, as the meter tells them.
    """

    __tablename__ = "meter_report"
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    heard_at: Mapped[str | None]
    credit_wh: Mapped[int | None] = mapped_column(BigInteger)
    credit_money: Mapped[int | None] = mapped_column(BigInteger)
    total_wh: Mapped[int | None] = mapped_column(BigInteger)
    power_w: Mapped[int | None] = mapped_column(BigInteger)
    relay: Mapped[str | None]
    relay_reason: Mapped[str | None]
    krn: Mapped[int | None]
    events: Mapped[list]


class MeterLoad(Base):
    """The last report of a meter in a quarter of an hour. quarter: its begin, `2026-01-31T09:30`.

    Kept for two days.
    """

    __tablename__ = "meter_load"
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    quarter: Mapped[str] = mapped_column(String(16), primary_key=True)
    total_wh: Mapped[int] = mapped_column(BigInteger)
    power_w: Mapped[int] = mapped_column(BigInteger)
