"""From what a patient was given to what is charged: units by a table that somebody brought, and modifiers for waste.

Which code stands for which dose is never known here: every figure is a row of an imported table with its source. What
such a table does not convert is refused, and nothing is rounded unless the table says how.

JW (drug discarded) and JZ (none discarded) are claim modifiers for single-dose containers: the amount discarded is a
line of its own with JW; where nothing was discarded, the line of what was given has JZ.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from edge_agent.domain.barcodes.ndc import parse_ndc

Kind = TypeVar("Kind", bound=StrEnum)


class PayerClass(StrEnum):
    """How stock of an owner is paid for."""

    PURCHASED = "purchased"
    OF_340B = "340B"
    CONSIGNMENT = "consignment"
    PATIENT_OWNED = "patient_owned"


class Container(StrEnum):
    """Whether what is left in a base unit may be used for another patient."""

    SINGLE_DOSE = "single_dose"
    MULTI_DOSE = "multi_dose"


class Rounding(StrEnum):
    """How a part of a billing unit is charged, as the table's source has it."""

    NONE = "none"
    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


_ROUNDING = {
    Rounding.UP: ROUND_CEILING,
    Rounding.DOWN: ROUND_FLOOR,
    Rounding.NEAREST: ROUND_HALF_UP,
}


AMOUNT_MAX = 10**11
"""More than anybody is given of anything, in any unit."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A row of a conversion table: of one NDC (11 digits with hyphens) on its days.

    ``dose_per_base_unit`` and ``dose_per_billing_unit`` are amounts in ``dose_unit`` (mg, mL, IU).
    """

    ndc: str
    hcpcs: str
    dose_unit: str
    dose_per_base_unit: Decimal
    dose_per_billing_unit: Decimal
    ndc_unit: str
    ndc_units_per_base_unit: Decimal
    container: Container
    rounding: Rounding
    valid_from: date
    valid_until: date | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What was taken for a patient: ``quantity`` base units, of which ``dose`` was given and ``wasted`` thrown away."""

    quantity: int
    dose: Decimal
    wasted: Decimal


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """A line of a bill."""

    part: str
    units: Decimal
    modifier: str
    ndc_units: Decimal
    dose: Decimal


class DoesNotConvert(ValueError):
    """Why an amount cannot be charged; ``hint`` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


def charge_lines(given: Given, conversion: Conversion) -> tuple[ChargeLine, ...]:
    """What is charged for it. Raises ``DoesNotConvert``.

    >>> from datetime import date
    >>> row = Conversion("00002-7669-01", "J9999", "mg", Decimal(100), Decimal(10), "ML", Decimal(4),
    ...                  Container.SINGLE_DOSE, Rounding.NONE, date(2026, 1, 1))
    >>> [(line.part, str(line.units), line.modifier)
    ...  for line in charge_lines(Given(1, Decimal(70), Decimal(30)), row)]
    [('given', '7', ''), ('wasted', '3', 'JW')]
    """
    taken = given.quantity * conversion.dose_per_base_unit
    unit = conversion.dose_unit
    if (
        max(taken, given.quantity * conversion.ndc_units_per_base_unit, taken / conversion.dose_per_billing_unit)
        >= AMOUNT_MAX
    ):
        raise DoesNotConvert(f"{given.quantity} base units are no dose of one patient", "Check the quantity.")
    if given.dose + given.wasted != taken:
        raise DoesNotConvert(
            f"{plain(given.dose)} {unit} given and {plain(given.wasted)} {unit} wasted are not the {plain(taken)} "
            f"{unit} that {given.quantity} of this item hold",
            "Check dose and waste: together they are all that was taken.",
        )
    is_single = conversion.container is Container.SINGLE_DOSE
    lines = []
    if given.dose:
        modifier = "JZ" if is_single and not given.wasted else ""
        lines.append(_line("given", given.dose, modifier, conversion))
    if given.wasted and is_single:
        lines.append(_line("wasted", given.wasted, "JW", conversion))
    return tuple(lines)


def _line(part: str, dose: Decimal, modifier: str, conversion: Conversion) -> ChargeLine:
    exact = dose / conversion.dose_per_billing_unit
    units = exact
    if exact != exact.to_integral_value():
        if conversion.rounding is Rounding.NONE:
            raise DoesNotConvert(
                f"{plain(dose)} {conversion.dose_unit} are {plain(round(exact, 4))} units of {conversion.hcpcs}, "
                "which is no whole number",
                "The table does not say how to round: check the dose, or bring a table that says it.",
            )
        units = exact.to_integral_value(_ROUNDING[conversion.rounding])
    if units <= 0:
        raise DoesNotConvert(
            f"{plain(dose)} {conversion.dose_unit} are less than a unit of {conversion.hcpcs}, and round to none",
            "Check the dose, or bring a table that rounds otherwise.",
        )
    share = dose / conversion.dose_per_base_unit * conversion.ndc_units_per_base_unit
    return ChargeLine(part, units, modifier, round(share, 6).normalize(), dose)


COLUMNS = (
    "ndc", "hcpcs", "description", "dose_unit", "dose_per_base_unit", "dose_per_billing_unit", "ndc_unit",
    "ndc_units_per_base_unit", "container", "rounding", "valid_from", "valid_until",
)  # fmt: skip
"""Of a conversion table as CSV. ``description`` and ``valid_until`` may be empty; nothing else may."""


def read_conversions(rows: Iterable[Mapping[str, str]]) -> tuple[list[Conversion], list[str]]:
    """Rows of a table (keys are :data:`COLUMNS`), and every fault by its line (the head is line 1)."""
    found: list[Conversion] = []
    faults: list[str] = []
    for line, row in enumerate(rows, start=2):
        try:
            found.append(_conversion(row))
        except ValueError as fault:
            faults.append(f"line {line}: {fault}")
    return found, faults + _overlaps(found)


def _overlaps(found: list[Conversion]) -> list[str]:
    """Rows of one NDC of which two would count on one day."""
    faults = []
    by_ndc: dict[str, list[Conversion]] = {}
    for each in found:
        by_ndc.setdefault(each.ndc, []).append(each)
    for ndc, rows in by_ndc.items():
        ordered = sorted(rows, key=lambda row: row.valid_from)
        for before, after in itertools.pairwise(ordered):
            if before.valid_until is None or before.valid_until >= after.valid_from:
                faults.append(f"NDC {ndc} has two rows for {after.valid_from}: {before.hcpcs} and {after.hcpcs}")
    return faults


def _conversion(row: Mapping[str, str]) -> Conversion:
    text = {name: (row.get(name) or "").strip() for name in COLUMNS}
    for name in COLUMNS:
        if not text[name] and name not in ("description", "valid_until"):
            raise ValueError(f"{name} is missing")
    hcpcs = text["hcpcs"].upper()
    if not (
        len(hcpcs) == 5 and hcpcs[0].isascii() and hcpcs[0].isalpha() and hcpcs[1:].isascii() and hcpcs[1:].isdigit()
    ):
        raise ValueError(f"{text['hcpcs'][:20]!r} is no HCPCS code: a letter and four digits")
    until = _day(text["valid_until"], "valid_until") if text["valid_until"] else None
    since = _day(text["valid_from"], "valid_from")
    if until is not None and until < since:
        raise ValueError(f"valid_until {until} is before valid_from {since}")
    return Conversion(
        ndc=ndc_of(text["ndc"]), hcpcs=hcpcs, dose_unit=text["dose_unit"][:20],
        dose_per_base_unit=_amount(text["dose_per_base_unit"], "dose_per_base_unit"),
        dose_per_billing_unit=_amount(text["dose_per_billing_unit"], "dose_per_billing_unit"),
        ndc_unit=text["ndc_unit"][:20],
        ndc_units_per_base_unit=_amount(text["ndc_units_per_base_unit"], "ndc_units_per_base_unit"),
        container=_choice(Container, text["container"], "container"),
        rounding=_choice(Rounding, text["rounding"], "rounding"),
        valid_from=since, valid_until=until, description=text["description"][:200],
    )  # fmt: skip


def ndc_of(text: str) -> str:
    """The form of bills of an NDC: 11 digits with hyphens. Raises ``ValueError`` with what to write instead.

    >>> ndc_of("0002-7669-01")
    '00002-7669-01'
    """
    return str(parse_ndc(text).as_11())


def _amount(text: str, name: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name} is {text[:30]!r}, which is no number with a decimal point") from None
    if not amount.is_finite() or not 0 < amount < 10**9 or amount != round(amount, 6):
        raise ValueError(f"{name} is {text[:30]!r}: more than 0, less than 1,000,000,000, six decimals at most")
    return amount


def _choice(kind: type[Kind], text: str, name: str) -> Kind:
    try:
        return kind(text.lower())
    except ValueError:
        raise ValueError(f"{name} is {text[:30]!r}: write one of {', '.join(kind)}") from None


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is {text[:30]!r}: write a day as 2026-01-31") from None


def plain(amount: Decimal) -> str:
    """An amount without the zeros behind it.

    >>> plain(Decimal("100.000000")), plain(Decimal("0.5"))
    ('100', '0.5')
    """
    return f"{amount.normalize():f}"


@dataclass(frozen=True, slots=True)
class LotDay:
    """Of a lot at a site on a day: base units that left stock, and that stand in live charges."""

    lot_id: int
    item: str
    lot_number: str
    dispensed: int
    charged: int

    @property
    def difference(self) -> int:
        """Above 0: not charged; below: charged and not there."""
        return self.dispensed - self.charged


def difference_text(each: LotDay, site: str, day: date) -> str:
    """What differs and what to do about it, for a case."""
    what = f"lot {each.lot_number} of {each.item} at {site} on {day}"
    if each.difference > 0:
        return (
            f"{each.difference} of {what} left stock and {'was' if each.difference == 1 else 'were'} not charged: "
            "find out for whom, and charge it, or book what came back"
        )
    return (
        f"{-each.difference} of {what} {'was' if each.difference == -1 else 'were'} charged and did not leave stock: "
        "book what was taken, or reverse the charge"
    )
