"""Searches as FHIR writes them: which parameters there are, what they mean, and pages as Bundles. Pure."""

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from cloud_sync.interop.hospital.fhir_out import Json
from cloud_sync.interop.hospital.fhir_rules import Release

COUNT_DEFAULT = 100
COUNT_MAX = 1000
ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter: its name, type (of FHIR), and what it searches."""

    name: str
    type: str
    text: str


_COMMON = (
    Parameter("_id", "token", "Of these ids, separated by commas"),
    Parameter("_lastUpdated", "date", "Recorded then: geTIME and ltTIME narrow it from both sides"),
)
_STATUS = Parameter("status", "token", "With one of these states, separated by commas")


@dataclass(frozen=True, slots=True)
class Offered:
    """A resource type as this server offers it."""

    type: str
    text: str
    releases: tuple[Release, ...] = (Release.R4, Release.R5)
    parameters: tuple[Parameter, ...] = ()
    can_create: bool = False

    def takes(self, name: str) -> bool:
        """Whether it can be searched by this parameter."""
        return any(each.name == name for each in self.parameters)


OFFERED: Mapping[str, Offered] = {
    each.type: each
    for each in (
        Offered(
            "SupplyDelivery",
            "Stock that moved: receipts, transfers, refills of cabinets, shipments and returns.",
            parameters=(*_COMMON, Parameter("identifier", "token", "The movement's fact"), _STATUS),
        ),
        Offered(
            "SupplyRequest",
            "Lines of orders. What is created is a requisition, and waits for whoever approves.",
            parameters=(
                *_COMMON,
                Parameter("identifier", "token", "The number of the order"),
                Parameter("date", "date", "Requested then"),
            ),
            can_create=True,
        ),
        Offered(
            "MedicationDispense",
            "Stock that was dispensed. What is created was handed out already: it is booked, or becomes a case.",
            parameters=(
                *_COMMON,
                Parameter("identifier", "token", "The movement's fact"),
                Parameter("whenhandedover", "date", "Handed over then"),
                _STATUS,
            ),
            can_create=True,
        ),
        Offered(
            "InventoryItem",
            "Lots, and whether all or part of one is on hold.",
            (Release.R5,),
            (
                _COMMON[0],
                Parameter("code", "token", "The item's own name"),
                Parameter("lot", "string", "The lot number"),
            ),
        ),
        Offered(
            "InventoryReport",
            "What is in each place of the house now: what may be issued, and what is on hold.",
            (Release.R5,),
            (_COMMON[0], Parameter("identifier", "token", "The place's name")),
        ),
        Offered(
            "Location",
            "Places of the house, wards and production.",
            parameters=(_COMMON[0], Parameter("identifier", "token", "Its name")),
        ),
        Offered(
            "Organization",
            "Suppliers and customers.",
            parameters=(_COMMON[0], Parameter("identifier", "token", "Its name")),
        ),
    )
}
"""What there is, by type."""


class SearchFault(ValueError):
    """A search that cannot be done; the message says why. ``code`` is FHIR's of the issue."""

    def __init__(self, text: str, code: str = "invalid") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody searches for. ``after`` is the id of the last one of the page before, ids grow.

    ``tokens`` are the values of parameters of text; ``since`` and ``until`` bound ``dates[name]`` (until excluded).
    """

    type: str
    count: int = COUNT_DEFAULT
    after: str = ""
    tokens: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    given: tuple[tuple[str, str], ...] = ()

    def token(self, name: str) -> tuple[str, ...] | None:
        """The values of a parameter; None if it was not given."""
        return self.tokens.get(name)

    def between(self, name: str) -> tuple[datetime | None, datetime | None]:
        """From when until when."""
        return self.dates.get(name, (None, None))

    @property
    def ids(self) -> list[int] | None:
        """``_id`` as whole numbers: of others there is none. None: of any id."""
        said = self.token("_id")
        return None if said is None else [int(each) for each in said if re.fullmatch(r"[0-9]{1,18}", each)]


def parse_search(type_: str, release: Release, given: Iterable[tuple[str, str]], *, is_lenient: bool = False) -> Search:
    """The search that these parameters ask for. Raises ``SearchFault``.

    A parameter that there is not is refused: a filter that is passed over would answer another question. Who wants
    the rest
    all the same says ``Prefer: handling=lenient``.
    """
    offered = offered_in(type_, release)
    count, after = COUNT_DEFAULT, ""
    tokens: dict[str, tuple[str, ...]] = {}
    dates: dict[str, tuple[datetime | None, datetime | None]] = {}
    kept: list[tuple[str, str]] = []
    for name, value in given:
        if name in ("_format", "_pretty", "_summary", "_total") and value in (
            "json",
            "application/fhir+json",
            "application/json",
            "false",
            "true",
            "none",
        ):
            continue
        if name == "_count":
            count = _count(value)
        elif name == "_after":
            after = value
        elif known := next((each for each in offered.parameters if each.name == name), None):
            kept.append((name, value))
            if known.type == "date":
                dates[name] = _narrowed(dates.get(name, (None, None)), value, name)
            else:
                tokens[name] = tuple(each.rpartition("|")[2] for each in value.split(",") if each)
        elif not is_lenient:
            there = ", ".join(each.name for each in offered.parameters)
            raise SearchFault(f"{type_} is not searched by {name[:60]}; there are {there}, _count", "not-supported")
    return Search(type_, count, after, tokens, dates, tuple(kept))


def offered_in(type_: str, release: Release) -> Offered:
    """What is offered of a type. Raises ``SearchFault``."""
    offered = OFFERED.get(type_)
    if offered is None or release not in offered.releases:
        there = ", ".join(each.type for each in OFFERED.values() if release in each.releases)
        raise SearchFault(f"there is no {type_[:60]} in {release} here; there are {there}", "not-supported")
    return offered


def _count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", value) or int(value) < 1:
        raise SearchFault(f"_count is {value[:20]!r}; write a whole number from 1 to {COUNT_MAX}")
    return min(int(value), COUNT_MAX)


_DATE = re.compile(
    r"(eq|ge|gt|le|lt)?(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?"
)


def _narrowed(
    before: tuple[datetime | None, datetime | None], value: str, name: str
) -> tuple[datetime | None, datetime | None]:
    found = _DATE.fullmatch(value.replace(" ", "+"))
    if found is None:
        raise SearchFault(f"{name} is {value[:40]!r}; write a time as ge2026-11-29 or lt2026-11-29T12:00:00Z")
    try:
        first, last = _bounds(found)
    except (ValueError, OverflowError) as error:
        raise SearchFault(f"{name} is {value[:40]!r}, which is no time: {error}") from error
    sign = found[1] or "eq"
    since = {"eq": first, "ge": first, "gt": last}.get(sign)
    until = {"eq": last, "lt": first, "le": last}.get(sign)
    return (
        max((each for each in (before[0], since) if each is not None), default=None),
        min((each for each in (before[1], until) if each is not None), default=None),
    )


def _bounds(found: re.Match[str]) -> tuple[datetime, datetime]:
    """The first instant of a time, and the first after it."""
    _, year, month, day, hour, minute, second, fraction, offset = found.groups()
    if hour is not None:
        at = datetime.fromisoformat(
            f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{(fraction or '')[:7]}{offset}".replace(
                "Z", "+00:00"
            )
        )
        wide = timedelta(milliseconds=1) if fraction else timedelta(seconds=1) if second else timedelta(minutes=1)
        return at, at + wide
    first = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    days = (
        1
        if day
        else calendar.monthrange(int(year), int(month))[1]
        if month
        else 366
        if calendar.isleap(int(year))
        else 365
    )
    return first, first + timedelta(days=days)


def bundle(search: Search, resources: Sequence[Json], *, base: str, next_after: str | None) -> Json:
    """A page of a search. ``base`` is the address of the release; ``next_after``: where the next page begins, if
    there is one."""
    here = [*search.given, ("_count", str(search.count))]
    links = [
        {"relation": "self", "url": _url(base, search, [*here, *([("_after", search.after)] if search.after else [])])}
    ]
    if next_after is not None:
        links.append({"relation": "next", "url": _url(base, search, [*here, ("_after", next_after)])})
    page: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if resources:
        page["entry"] = [
            {"fullUrl": f"{base}/{each['resourceType']}/{each['id']}", "resource": each, "search": {"mode": "match"}}
            for each in resources
        ]
    return page


def _url(base: str, search: Search, given: Sequence[tuple[str, str]]) -> str:
    return f"{base}/{search.type}?{urlencode(given)}"


def outcome(text: str, code: str, *, severity: str = "error", more: Sequence[tuple[str, str, str]] = ()) -> Json:
    """An OperationOutcome. ``more`` are further issues: text, code and where in the resource ('': nowhere)."""
    issues: list[Json] = [{"severity": severity, "code": code, "details": {"text": text}}] if text else []
    for told, its_code, where in more:
        issues.append(
            {
                "severity": severity,
                "code": its_code,
                "details": {"text": told},
                **({"expression": [where]} if where else {}),
            }
        )
    return {"resourceType": "OperationOutcome", "issue": issues}


def capability(release: Release, *, base: str, version: str, at: datetime) -> Json:
    """The CapabilityStatement of a release."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "kind": "instance",
        "software": {"name": "Lotwarden", "version": version},
        "implementation": {"description": "Lotwarden lot ledger", "url": base},
        "fhirVersion": release.version,
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Searches are pages by id: follow the link next. Unknown parameters are refused, "
                "unless Prefer: handling=lenient.",
                "security": {"description": "Authorization: Bearer TOKEN, with a token of the ledger."},
                "resource": [_offer(each) for each in OFFERED.values() if release in each.releases],
            }
        ],
    }


def _offer(offered: Offered) -> Json:
    interactions = ["read", "search-type", *(["create"] if offered.can_create else [])]
    return {
        "type": offered.type,
        "documentation": offered.text,
        "interaction": [{"code": each} for each in interactions],
        "versioning": "no-version",
        "searchParam": [
            {"name": each.name, "type": each.type, "documentation": each.text} for each in offered.parameters
        ],
    }
