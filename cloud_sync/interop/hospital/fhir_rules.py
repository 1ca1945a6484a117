"""What FHIR requires of the resources that the ledger gives and takes: required value sets, cardinalities,
invariants. Pure.

From the definitions of R4 (4.0.1) and R5 (5.0.0), for the resources of this ledger alone. Libraries of models check the
shape of a resource and take any code for a status; what is here is the rest. A test holds these tables against such a
library.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = Mapping[str, Any]


class Release(StrEnum):
    """A release of FHIR, as addresses name it."""

    R4 = "R4"
    R5 = "R5"

    @property
    def version(self) -> str:
        """As CapabilityStatement.fhirVersion says it."""
        return {"R4": "4.0.1", "R5": "5.0.0"}[self.value]


ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
INSTANT = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
DATE_TIME = re.compile(
    r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)(\.[0-9]{1,9})?)?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?"
)

_SUPPLY_DELIVERY = frozenset({"in-progress", "completed", "abandoned", "entered-in-error"})
_SUPPLY_REQUEST = frozenset({"draft", "active", "suspended", "cancelled", "completed", "entered-in-error", "unknown"})
_PRIORITY = frozenset({"routine", "urgent", "asap", "stat"})
_DISPENSE = frozenset(
    {"preparation", "in-progress", "cancelled", "on-hold", "completed", "entered-in-error", "stopped", "declined",
     "unknown"}
)  # fmt: skip
_SEVERITY = frozenset({"fatal", "error", "warning", "information"})
_ISSUE = frozenset(
    {"invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
     "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
     "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
     "exception", "timeout", "incomplete", "throttled", "informational"}
)  # fmt: skip
_BUNDLE = frozenset(
    {"document", "message", "transaction", "transaction-response", "batch", "batch-response", "history", "searchset",
     "collection"}
)  # fmt: skip
_INTERACTION = frozenset(
    {"read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"}
)
_SEARCH_TYPE = frozenset({"number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"})
_PUBLICATION = frozenset({"draft", "active", "retired", "unknown"})
_LOCATION = frozenset({"active", "suspended", "inactive"})
_MEDICATION = frozenset({"active", "inactive", "entered-in-error"})

VALUE_SETS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "SupplyDelivery": {"status": _SUPPLY_DELIVERY},
    "SupplyRequest": {"status": _SUPPLY_REQUEST, "priority": _PRIORITY},
    "MedicationDispense": {"status": _DISPENSE},
    "Medication": {"status": _MEDICATION},
    "InventoryItem": {"status": frozenset({"active", "inactive", "entered-in-error", "unknown"})},
    "InventoryReport": {
        "status": frozenset({"draft", "requested", "active", "entered-in-error"}),
        "countType": frozenset({"snapshot", "difference"}),
    },
    "Location": {"status": _LOCATION, "mode": frozenset({"instance", "kind"})},
    "Bundle": {"type": _BUNDLE, "entry.search.mode": frozenset({"match", "include"})},
    "OperationOutcome": {"issue.severity": _SEVERITY, "issue.code": _ISSUE},
    "CapabilityStatement": {
        "status": _PUBLICATION,
        "kind": frozenset({"instance", "capability", "requirements"}),
        "fhirVersion": frozenset({"4.0.1", "5.0.0"}),
        "rest.mode": frozenset({"client", "server"}),
        "rest.resource.interaction.code": _INTERACTION,
        "rest.resource.versioning": frozenset({"no-version", "versioned", "versioned-update"}),
        "rest.resource.searchParam.type": _SEARCH_TYPE,
    },
}
"""Codes of elements whose binding is required, in both releases."""
OF_RELEASE: Mapping[tuple[str, str, Release], frozenset[str]] = {
    ("Bundle", "entry.search.mode", Release.R4): frozenset({"outcome"}),
    ("Bundle", "type", Release.R5): frozenset({"subscription-notification"}),
    ("OperationOutcome", "issue.severity", Release.R5): frozenset({"success"}),
}
"""Codes that one release has besides."""

REQUIRED: Mapping[tuple[str, Release | None], tuple[str, ...]] = {
    ("SupplyRequest", None): ("quantity",),
    ("SupplyRequest", Release.R5): ("item",),
    ("MedicationDispense", None): ("status",),
    ("MedicationDispense", Release.R5): ("medication", "subject"),
    ("InventoryItem", Release.R5): ("status",),
    ("InventoryReport", Release.R5): ("status", "countType", "reportedDateTime"),
    ("Bundle", None): ("type",),
    ("OperationOutcome", None): ("issue",),
    ("CapabilityStatement", None): ("status", "date", "kind", "fhirVersion", "format"),
}
"""Elements that have to be there."""

CHOICES: Mapping[tuple[str, Release], tuple[tuple[str, bool], ...]] = {
    ("SupplyRequest", Release.R4): (("item", True), ("occurrence", False)),
    ("SupplyRequest", Release.R5): (("occurrence", False),),
    ("SupplyDelivery", Release.R4): (("occurrence", False),),
    ("SupplyDelivery", Release.R5): (("occurrence", False),),
    ("MedicationDispense", Release.R4): (("medication", True), ("statusReason", False)),
}
"""Elements of several types: only one of them may be there, and whether one has to be."""


@dataclass(frozen=True, slots=True)
class RuleFault:
    """What breaks a rule of FHIR, and where: ``SupplyDelivery.status``."""

    path: str
    text: str
    code: str = "value"

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def faults_of(resource: Any, release: Release) -> list[RuleFault]:
    """Every broken rule of a resource and of those inside it; none if it is as FHIR wants it."""
    if not isinstance(resource, Mapping):
        return [RuleFault("", "is no resource: a JSON object is needed", "structure")]
    kind = resource.get("resourceType")
    if kind not in VALUE_SETS and kind != "Organization":
        return [RuleFault("resourceType", f"{str(kind)[:50]!r} is no resource of this ledger", "not-supported")]
    found = [
        *_elements(resource, str(kind)),
        *_codes(resource, str(kind), release),
        *_needed(resource, str(kind), release),
    ]
    for name, text, holds in INVARIANTS.get(str(kind), ()):
        if not holds(resource):
            found.append(RuleFault(str(kind), f"{name}: {text}", "invariant"))
    found += _contained(resource, str(kind), release)
    for number, entry in enumerate(_listed(resource, "entry")):
        if isinstance(entry.get("resource"), Mapping):
            found += [
                RuleFault(f"Bundle.entry[{number}].{fault.path}", fault.text, fault.code)
                for fault in faults_of(entry["resource"], release)
            ]
    return found


def _elements(value: Any, path: str) -> Iterator[RuleFault]:
    """What holds for every element (ele-1): nothing is empty, null or an empty text; ids and quantities are whole."""
    if isinstance(value, Mapping):
        yield from _object(value, path)
        for name, each in value.items():
            if not (path == "Bundle" and name == "entry"):
                yield from _elements(each, f"{path}.{name}")
    elif isinstance(value, list):
        if not value:
            yield RuleFault(path, "ele-1: an empty list is not written", "invariant")
        for number, each in enumerate(value):
            yield from _elements(each, f"{path}[{number}]")
    elif value is None:
        yield RuleFault(path, "null is no value", "structure")
    elif isinstance(value, str):
        yield from _words(value, path)


def _object(value: Json, path: str) -> Iterator[RuleFault]:
    if not value:
        yield RuleFault(path, "ele-1: an element has a value or children", "invariant")
    if "id" in value and "resourceType" in value and not (isinstance(value["id"], str) and ID.fullmatch(value["id"])):
        yield RuleFault(f"{path}.id", "1 to 64 letters, digits, - and . are needed")
    if "code" in value and "value" in value and "unit" in value and not value.get("system"):
        yield RuleFault(path, "qty-3: a code of a unit needs its system", "invariant")
    if isinstance(value.get("reference"), str) and "resourceType" not in value:
        yield from _reference(value["reference"], f"{path}.reference")


def _words(value: str, path: str) -> Iterator[RuleFault]:
    if not value.strip():
        yield RuleFault(path, "an empty text is no value")
    name = path.rpartition(".")[2]
    if name in _INSTANTS and not INSTANT.fullmatch(value):
        yield RuleFault(path, f"{value[:40]!r} is no instant: seconds and an offset are needed")
    elif name in _DATE_TIMES and not DATE_TIME.fullmatch(value):
        yield RuleFault(path, f"{value[:40]!r} is no time: YYYY-MM-DD, or with hours and an offset")


_INSTANTS = frozenset({"lastUpdated", "timestamp"})
_DATE_TIMES = frozenset(
    {"occurrenceDateTime", "whenHandedOver", "whenPrepared", "authoredOn", "expirationDate", "expiry",
     "reportedDateTime", "countingDateTime", "recorded", "start", "end", "date"}
)  # fmt: skip


def _reference(reference: str, path: str) -> Iterator[RuleFault]:
    if not re.fullmatch(
        r"#[A-Za-z0-9\-.]{1,64}|([a-z]+:\S+)|([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(/_history/\S+)?)", reference
    ):
        yield RuleFault(path, f"{reference[:60]!r} is no reference: TYPE/ID, #ID or an address is needed")


def codes_of(kind: str, path: str, release: Release) -> frozenset[str]:
    """The codes that a release allows at a path of a resource."""
    return VALUE_SETS[kind][path] | OF_RELEASE.get((kind, path, release), frozenset())


def _codes(resource: Json, kind: str, release: Release) -> Iterator[RuleFault]:
    for path in VALUE_SETS.get(kind, {}):
        allowed = codes_of(kind, path, release)
        for value in values_at(resource, path.split(".")):
            if value not in allowed:
                yield RuleFault(
                    f"{kind}.{path}",
                    f"{str(value)[:40]!r} is not in its required value set: " + ", ".join(sorted(allowed)),
                    "code-invalid",
                )
    if kind == "SupplyDelivery":
        for coding in values_at(resource, ["type", "coding"]):
            system, code = coding.get("system"), coding.get("code")
            if system == SUPPLY_ITEM_TYPE and code not in ("medication", "device", "biologicallyderivedproduct"):
                yield RuleFault(f"{kind}.type", f"{code!r} is no type of supply: medication or device", "code-invalid")


SUPPLY_ITEM_TYPE = "http://terminology.hl7.org/CodeSystem/supply-item-type"


def _needed(resource: Json, kind: str, release: Release) -> Iterator[RuleFault]:
    for of in (None, release):
        for name in REQUIRED.get((kind, of), ()):
            if name not in resource:
                yield RuleFault(f"{kind}.{name}", "is missing", "required")
    for name, has_to_be in CHOICES.get((kind, release), ()):
        there = [key for key in resource if key.startswith(name) and key[len(name) : len(name) + 1].isupper()]
        if len(there) > 1:
            yield RuleFault(f"{kind}.{name}[x]", f"only one of {', '.join(there)} may be there", "structure")
        if has_to_be and not there:
            yield RuleFault(f"{kind}.{name}[x]", "is missing", "required")


def _contained(resource: Json, kind: str, release: Release) -> Iterator[RuleFault]:
    """dom-2 to dom-5: what is contained is referenced, contains nothing itself, and has no version or security."""
    used = set(references_in({key: value for key, value in resource.items() if key not in ("contained", "entry")}))
    for number, inside in enumerate(_listed(resource, "contained")):
        path = f"{kind}.contained[{number}]"
        if "contained" in inside:
            yield RuleFault(path, "dom-2: a contained resource contains none", "invariant")
        if f"#{inside.get('id')}" not in used:
            yield RuleFault(path, "dom-3: a contained resource is referenced", "invariant")
        if {"versionId", "lastUpdated", "security"} & set(inside.get("meta", {})):
            yield RuleFault(path, "dom-4/dom-5: a contained resource has no version and no security label", "invariant")
        yield from (RuleFault(f"{path}.{fault.path}", fault.text, fault.code) for fault in faults_of(inside, release))
    own = {f"#{inside.get('id')}" for inside in _listed(resource, "contained")}
    for reference in sorted(used - own):
        if reference.startswith("#") and reference != "#":
            yield RuleFault(kind, f"ref-1: {reference} is not contained", "invariant")


def references_in(value: Any) -> Iterator[str]:
    """Every literal reference anywhere in a value."""
    if isinstance(value, Mapping):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from references_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from references_in(each)


def values_at(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path, of each element of the lists on the way."""
    if isinstance(value, list):
        for each in value:
            yield from values_at(each, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


def _listed(resource: Json, name: str) -> list[Json]:
    found = resource.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _handed_over_after_prepared(resource: Json) -> bool:
    prepared, handed = resource.get("whenPrepared"), resource.get("whenHandedOver")
    if not (isinstance(prepared, str) and isinstance(handed, str)) or "T" not in prepared or "T" not in handed:
        return True
    try:
        return datetime.fromisoformat(handed) >= datetime.fromisoformat(prepared)
    except ValueError:
        return True  # told by another rule


def _simple_quantities(resource: Json) -> bool:
    at = (["quantity"], ["suppliedItem", "quantity"], ["daysSupply"], ["inventoryListing", "item", "quantity"])
    return not any(
        "comparator" in each for path in at for each in values_at(resource, path) if isinstance(each, Mapping)
    )


def _is_searchset(bundle: Json) -> bool:
    return bundle.get("type") == "searchset"


_Invariant = tuple[str, str, Callable[[Json], bool]]
_SQQ: _Invariant = ("sqq-1", "a simple quantity has no comparator", _simple_quantities)
INVARIANTS: Mapping[str, tuple[_Invariant, ...]] = {
    "MedicationDispense": (
        ("mdd-1", "whenHandedOver cannot be before whenPrepared", _handed_over_after_prepared),
        _SQQ,
    ),
    "SupplyDelivery": (_SQQ,),
    "InventoryReport": (_SQQ,),
    "Organization": (
        (
            "org-1",
            "an organization has a name or an identifier",
            lambda it: bool(it.get("name") or it.get("identifier")),
        ),
    ),
    "CapabilityStatement": (
        (
            "cpb-1",
            "it describes REST, messaging or documents",
            lambda it: any(name in it for name in ("rest", "messaging", "document")),
        ),
        (
            "cpb-2",
            "it has a description, software or an implementation",
            lambda it: any(name in it for name in ("description", "software", "implementation")),
        ),
        (
            "cpb-9",
            "a resource is named once for each role",
            lambda it: all(
                len(names) == len(set(names))
                for names in ([each.get("type") for each in _listed(rest, "resource")] for rest in _listed(it, "rest"))
            ),
        ),
        (
            "cpb-12",
            "a search parameter is named once",
            lambda it: all(
                len(names) == len(set(names))
                for names in (
                    [each.get("name") for each in _listed(of, "searchParam")]
                    for rest in _listed(it, "rest")
                    for of in _listed(rest, "resource")
                )
            ),
        ),
        (
            "cpb-14",
            "an instance describes the server",
            lambda it: it.get("kind") != "instance" or "implementation" in it,
        ),
        (
            "cpb-15",
            "an instance names its software or implementation",
            lambda it: it.get("kind") != "instance" or "software" in it or "implementation" in it,
        ),
    ),
    "Bundle": (
        (
            "bdl-1",
            "only searches and histories have a total",
            lambda it: "total" not in it or it.get("type") in ("searchset", "history"),
        ),
        (
            "bdl-2",
            "only a search has entry.search",
            lambda it: _is_searchset(it) or not any("search" in each for each in _listed(it, "entry")),
        ),
        (
            "bdl-5",
            "an entry has a resource, unless it says what was done",
            lambda it: all(
                "resource" in each or "request" in each or "response" in each for each in _listed(it, "entry")
            ),
        ),
        (
            "bdl-7",
            "full addresses are there once",
            lambda it: (lambda urls: len(urls) == len(set(urls)))(
                [each["fullUrl"] for each in _listed(it, "entry") if "fullUrl" in each]
            ),
        ),
        (
            "bdl-8",
            "a full address names no version",
            lambda it: not any("/_history/" in str(each.get("fullUrl")) for each in _listed(it, "entry")),
        ),
    ),
}
"""Invariants of FHIR by resource: name, what it says, and whether it holds."""
