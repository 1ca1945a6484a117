"""Suspect and illegitimate product: the steps, the clocks, and the data of Form FDA 3911, pure.

A suspicion is opened, cleared or found illegitimate. Of illegitimate product the FDA and the partners are told within
24
hours after that (21 USC 360eee-1 (c)(4)(B), (d)(4)(B)), until the notification is terminated in agreement with the FDA.
The law says that an investigation is prompt; 24 hours are this house's clock for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

INVESTIGATE_WITHIN = timedelta(hours=24)
NOTIFY_WITHIN = timedelta(hours=24)
REMIND_BEFORE = timedelta(hours=6)
"""How long before a clock runs out somebody is reminded."""
ANSWER_WITHIN = timedelta(hours=48)
"""Within which a regulator's request is answered; the law says one business day, and not more than 48 hours."""


class Classification(StrEnum):
    """What is suspected, as Form FDA 3911 has it."""

    COUNTERFEIT = "counterfeit"
    DIVERTED = "diverted"
    STOLEN = "stolen"
    INTENTIONAL_ADULTERATION = "intentional_adulteration"
    UNFIT = "unfit_for_distribution"
    FRAUDULENT = "fraudulent_transaction"


class Determination(StrEnum):
    """What an investigation found."""

    CLEARED = "cleared"
    ILLEGITIMATE = "illegitimate"


class Stage(StrEnum):
    """How far it has come; derived, never stored."""

    INVESTIGATING = "investigating"
    NOTIFYING = "notifying"
    NOTIFIED = "notified"
    CLEARED = "cleared"
    TERMINATED = "terminated"

    @property
    def is_open(self) -> bool:
        """Whether its holds stay whatever anybody decides."""
        return self not in (Stage.CLEARED, Stage.TERMINATED)


@dataclass(frozen=True, slots=True)
class Course:
    """When what happened. ``partners_waiting``: how many partners have still to be told."""

    opened_at: datetime
    determination: Determination | None = None
    determined_at: datetime | None = None
    fda_notified_at: datetime | None = None
    partners_waiting: int = 0
    terminated_at: datetime | None = None

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        if self.determination is None:
            return Stage.INVESTIGATING
        if self.determination is Determination.CLEARED:
            return Stage.CLEARED
        if self.terminated_at is not None:
            return Stage.TERMINATED
        return Stage.NOTIFYING if self.fda_notified_at is None or self.partners_waiting else Stage.NOTIFIED

    @property
    def due_at(self) -> datetime | None:
        """Until when the next step has to be done; None if no clock runs.

        >>> opened = datetime.fromisoformat("2026-06-01T12:00:00Z")
        >>> Course(opened).due_at.isoformat()
        '2026-06-02T12:00:00+00:00'
        """
        if self.stage is Stage.INVESTIGATING:
            return self.opened_at + INVESTIGATE_WITHIN
        if self.stage is Stage.NOTIFYING:
            assert self.determined_at is not None  # noqa: S101 - it is illegitimate since then
            return self.determined_at + NOTIFY_WITHIN
        return None


@dataclass(frozen=True, slots=True)
class FormProduct:
    """What Form FDA 3911 asks of the product."""

    name: str
    ingredients: str
    ndc: str
    strength: str
    dosage_form: str
    lot_numbers: tuple[str, ...]
    serials: tuple[str, ...]
    expires_on: tuple[date, ...]
    quantity: int
    unit: str


@dataclass(frozen=True, slots=True)
class FormCompany:
    """Who reports."""

    name: str
    address: str
    category: str
    contact: str
    telephone: str = ""
    email: str = ""


REPORTS = {
    "initial": "Initial Notification",
    "follow_up": "Follow-up Notification",
    "termination": "Request for Termination",
}
CLASSIFICATIONS: Mapping[Classification, str] = {
    Classification.COUNTERFEIT: "Counterfeit",
    Classification.DIVERTED: "Diverted",
    Classification.STOLEN: "Stolen",
    Classification.INTENTIONAL_ADULTERATION: "Intentional adulteration",
    Classification.UNFIT: "Unfit for distribution",
    Classification.FRAUDULENT: "Fraudulent transaction",
}


def form_3911(
    course: Course,
    product: FormProduct,
    company: FormCompany,
    *,
    classification: Classification,
    incident: str,
    description: str,
    termination: str = "",
) -> dict[str, Any]:
    """The fields of Form FDA 3911 (Drug Notification) in its order, by their names there; dates as the form has them.

    ``termination``: why the notification is no longer needed; then it is a request for termination.
    """
    report = "termination" if termination else "follow_up" if incident else "initial"
    return {
        "1. Type of report": REPORTS[report],
        "2. Incident number (given by the FDA)": incident,
        "3. Date of initial notification to the FDA": _day(course.fda_notified_at),
        "4. Date the company determined the product was illegitimate": _day(course.determined_at),
        "5. Classification of notification": CLASSIFICATIONS[classification],
        "6. Name of product as it appears on label": product.name,
        "7. Primary ingredients": product.ingredients,
        "8. Drug use": "Human use",
        "9. Drug description": "Finished prescription drug",
        "10. Strength": product.strength,
        "11. Dosage form": product.dosage_form,
        "12. Quantity of drug (number and unit)": f"{product.quantity} {product.unit}",
        "13. NDC number": product.ndc,
        "14. Serial numbers": ", ".join(product.serials),
        "15. Lot numbers": ", ".join(product.lot_numbers),
        "16. Expiration dates": ", ".join(f"{each:%m/%d/%Y}" for each in product.expires_on),
        "17. Description of event or issue": description,
        "18. Why the notification is no longer necessary": termination,
        "19. Company": company.name,
        "20. Address": company.address,
        "21. Company category": company.category,
        "22. Contact": company.contact,
        "23. Telephone": company.telephone,
        "24. Email": company.email,
    }


def _day(at: datetime | None) -> str:
    return f"{at:%m/%d/%Y}" if at else ""
