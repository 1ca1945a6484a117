"""What a code on a box says, as a value. Apart from the GS1 parser: not every gateway needs its tables of 17 MB."""

from dataclasses import dataclass
from datetime import date, time

Element = tuple[str, str]
"""(application identifier, value)."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that was read and holds together.

    ``text`` is what the scanner sent, ``aim`` its symbology identifier ("" if it sends none), ``elements`` all
    (application identifier, value) pairs in their order. The rest are the values that matter here, None if absent:
    ``gtin`` 14 digits (AI 01, or 02 for the contents of a logistic unit), ``lot`` AI 10, ``serial`` AI 21,
    ``expires_on`` AI 17 (else the day of 7003), ``produced_on`` AI 11, ``count`` AI 30 or 37, ``sscc`` AI 00,
    ``gln`` AI 414. ``separator_seen`` says that the scanner sent a separator, so it does not drop them.

    ``codes`` are other names of the item, as :mod:`edge_agent.domain.item_codes` writes them. A HIBC code may be half
    of a label: ``check`` is the check character of a code that has no lot, ``link`` the one that this lot belongs to.
    ``expires_hour`` is the hour of ``expires_on`` at which it expires, by the wall clock where it is (AI 7003, HIBC
    dates with HH).
    """

    text: str
    aim: str
    elements: tuple[Element, ...]
    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    expires_on: date | None = None
    produced_on: date | None = None
    count: int | None = None
    sscc: str | None = None
    gln: str | None = None
    separator_seen: bool = False
    codes: tuple[str, ...] = ()
    check: str | None = None
    link: str | None = None
    expires_hour: time | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All that the label calls its item: the GTIN first."""
        return (self.gtin, *self.codes) if self.gtin else self.codes

    def value(self, ai: str) -> str | None:
        """The value of application identifier ``ai``, e.g. ``"715"`` (NDC)."""
        return dict(self.elements).get(ai)
