"""Verification of product identifiers after the GS1 Lightweight Messaging Standard (1.3), pure.

A question is an address: ``/gtin/{gtin}/lot/{lot}/ser/{serial}?exp=YYMMDD&linkType=verificationService&context=...
&reqGLN=...&corrUUID=...``; the answer is JSON with ``verified`` and, where it is false, a reason of a closed list.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from edge_agent.domain.barcodes.gs1_dates import date_of

LINK_TYPE = "verificationService"


class Context(StrEnum):
    """Why somebody asks."""

    SALEABLE_RETURN = "dscsaSaleableReturn"
    SUSPECT = "dscsaSuspect"
    OTHER = "dscsaOther"


class FailureReason(StrEnum):
    """Why a product identifier is not verified."""

    GTIN_SERIAL = "No_match_GTIN_Serial"
    LOT_AND_EXPIRY = "No_match_GTIN_Serial_Lot_Expiry"
    LOT = "No_match_GTIN_Serial_Lot"
    EXPIRY = "No_match_GTIN_Serial_Expiry"
    NOT_FOR_REDISTRIBUTION = "Not_for_re-distribution"
    NO_REASON = "No_reason_provided"


class AdditionalInfo(StrEnum):
    """What else is known of a product that is asked for."""

    RECALLED = "Recalled"
    SUSPECT = "Suspect"
    ILLEGITIMATE = "Illegitimate"
    EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class Identifier:
    """What stands on a package. ``expires_on`` None: the month of its expiry has no day, or none was told."""

    gtin: str
    lot_number: str
    serial: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class KnownPackage:
    """A package with this GTIN and serial as the ledger knows it."""

    lot_number: str
    expires_on: date | None
    is_recalled: bool = False
    is_suspect: bool = False
    is_illegitimate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it is verified; if not, why; and what else is known."""

    is_verified: bool
    reason: FailureReason | None = None
    info: AdditionalInfo | None = None


def judge(asked: Identifier, known: tuple[KnownPackage, ...], *, on: date) -> Answer:
    """The answer on a day: by the package of that serial that fits best, if there are several.

    >>> package = KnownPackage("A1", date(2027, 1, 31))
    >>> judge(Identifier("00312345678906", "A1", "S1", date(2027, 1, 31)), (package,), on=date(2026, 6, 1)).is_verified
    True
    >>> judge(Identifier("00312345678906", "A2", "S1", date(2027, 1, 31)), (package,), on=date(2026, 6, 1)).reason
    <FailureReason.LOT: 'No_match_GTIN_Serial_Lot'>
    """
    if not known:
        return Answer(False, FailureReason.GTIN_SERIAL)
    best = max(known, key=lambda each: (each.lot_number == asked.lot_number, each.expires_on == asked.expires_on))
    fits_lot, fits_expiry = best.lot_number == asked.lot_number, best.expires_on == asked.expires_on
    if not (fits_lot and fits_expiry):
        reason = {
            (False, False): FailureReason.LOT_AND_EXPIRY,
            (False, True): FailureReason.LOT,
            (True, False): FailureReason.EXPIRY,
        }[fits_lot, fits_expiry]
        return Answer(False, reason)
    if best.is_illegitimate:
        return Answer(False, FailureReason.NOT_FOR_REDISTRIBUTION, AdditionalInfo.ILLEGITIMATE)
    if best.is_suspect:
        return Answer(False, FailureReason.NOT_FOR_REDISTRIBUTION, AdditionalInfo.SUSPECT)
    if best.is_recalled:
        return Answer(True, None, AdditionalInfo.RECALLED)
    if best.expires_on is not None and best.expires_on < on:
        return Answer(True, None, AdditionalInfo.EXPIRED)
    return Answer(True)


def expiry_day(said: str, *, on: date) -> date:
    """YYMMDD as a day, seen from a day; day 00 is the last of its month. Raises ``ValueError`` with the reason."""
    return date_of(said, today=on)


def message_of(answer: Answer, *, at: datetime, responder_gln: str, correlation: str) -> dict[str, Any]:
    """The answer as it is sent."""
    data: dict[str, Any] = {"verified": answer.is_verified}
    if answer.reason is not None:
        data["verificationFailureReason"] = answer.reason.value
    if answer.info is not None:
        data["additionalInfo"] = answer.info.value
    return {
        "verificationTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "responderGLN": responder_gln,
        "data": data,
        "corrUUID": correlation,
    }


def address_of(base: str, asked: Identifier, *, context: Context, requester_gln: str, correlation: str) -> str:
    """Where to ask, at a responder's verification service.

    >>> address_of("https://vrs.example/v1/", Identifier("00312345678906", "A/1", "S 1", date(2027, 1, 31)),
    ...            context=Context.SUSPECT, requester_gln="0614141000012", correlation="c-1").partition("?")[0]
    'https://vrs.example/v1/gtin/00312345678906/lot/A%2F1/ser/S%201'
    """
    path = f"/gtin/{asked.gtin}/lot/{quote(asked.lot_number, safe='')}/ser/{quote(asked.serial, safe='')}"
    query = {
        "exp": f"{asked.expires_on:%y%m%d}" if asked.expires_on else "",
        "linkType": LINK_TYPE,
        "context": context.value,
        "reqGLN": requester_gln,
        "corrUUID": correlation,
    }
    return f"{base.rstrip('/')}{path}?{urlencode({name: value for name, value in query.items() if value})}"


def answer_in(message: Any) -> Answer:
    """What a responder answered. Raises ``ValueError`` for what is no answer to a verification."""
    data = message.get("data") if isinstance(message, dict) else None
    verified = data.get("verified") if isinstance(data, dict) else None
    if isinstance(verified, str) and verified.lower() in ("true", "false"):  # as some services write it
        verified = verified.lower() == "true"
    if not isinstance(data, dict) or not isinstance(verified, bool):
        raise ValueError("the answer does not say whether the product identifier is verified")
    return Answer(verified, _reason_in(data, verified), _info_in(data))


def _reason_in(data: dict[str, Any], verified: bool) -> FailureReason | None:
    if verified:
        return None
    said = str(data.get("verificationFailureReason", "")).casefold()
    return next((each for each in FailureReason if each.value.casefold() == said), FailureReason.NO_REASON)


def _info_in(data: dict[str, Any]) -> AdditionalInfo | None:
    said = str(data.get("additionalInfo", "")).casefold()
    return next((each for each in AdditionalInfo if each.value.casefold() == said), None)
