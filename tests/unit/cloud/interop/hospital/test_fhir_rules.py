"""The rules of FHIR that this ledger checks are those of FHIR: held against the models of another library."""

from importlib import import_module
from typing import Any

import pytest

from cloud_sync.interop.hospital.fhir_rules import REQUIRED, VALUE_SETS, Release, codes_of, faults_of
from cloud_sync.interop.hospital.fhir_search import OFFERED, SearchFault, bundle, outcome, parse_search

PACKAGES = {Release.R4: "fhir.resources.R4B", Release.R5: "fhir.resources"}


def model(release: Release, type_: str) -> Any:
    try:
        return getattr(import_module(f"{PACKAGES[release]}.{type_.lower()}"), type_)
    except ImportError:
        return None


def field_of(release: Release, type_: str, path: str) -> Any:
    """The field at a path of a model, as the library describes it."""
    at: Any = model(release, type_)
    module = import_module(at.__module__)
    *parents, last = path.split(".")
    for name in parents:
        kind = str(at.model_fields[name].annotation)
        at = next(
            getattr(module, each)
            for each in dir(module)
            if f"{each}Type" in kind and hasattr(getattr(module, each), "model_fields")
        )
    return at.model_fields[last]


@pytest.mark.parametrize("release", Release)
def test_the_required_value_sets_are_fhirs(release: Release) -> None:
    checked = 0
    for type_, paths in VALUE_SETS.items():
        if model(release, type_) is None:
            continue
        for path in paths:
            allowed = codes_of(type_, path, release)
            known = (field_of(release, type_, path).json_schema_extra or {}).get("enum_values")
            if known and path != "fhirVersion":
                # Where the definition shortens a long list, the library has + for the rest.
                named = set(known) - {"+"}
                assert named <= allowed if "+" in known else named == allowed, (release, type_, path)
                checked += 1
    assert checked >= 10


@pytest.mark.parametrize("release", Release)
def test_what_is_required_is_fhirs(release: Release) -> None:
    for (type_, of), names in REQUIRED.items():
        if of not in (None, release):
            continue
        for name in names:
            field = field_of(release, type_, name)
            extra = field.json_schema_extra or {}
            assert field.is_required() or extra.get("element_required"), (release, type_, name)


def test_broken_rules_are_named_with_their_place() -> None:
    contained = {"resourceType": "Medication", "id": "m", "meta": {"versionId": "1"}}
    for resource, path, text in (
        ([], "", "is no resource"),
        ({"resourceType": "Patient"}, "resourceType", "is no resource of this ledger"),
        ({"resourceType": "SupplyDelivery", "contained": [contained]}, "SupplyDelivery.contained[0]", "dom-3"),
        ({"resourceType": "SupplyDelivery", "contained": [contained]}, "SupplyDelivery.contained[0]", "dom-4"),
        ({"resourceType": "SupplyDelivery", "basedOn": [{"reference": "#x"}]}, "SupplyDelivery", "ref-1"),
        (
            {"resourceType": "SupplyDelivery", "basedOn": [{"reference": "no where"}]},
            "SupplyDelivery.basedOn[0].reference",
            "is no reference",
        ),
        ({"resourceType": "Organization"}, "Organization", "org-1"),
        ({"resourceType": "Bundle", "type": "collection", "total": 3}, "Bundle", "bdl-1"),
        ({"resourceType": "Bundle", "type": "searchset", "entry": [{}]}, "Bundle", "bdl-5"),
        (
            {"resourceType": "OperationOutcome", "issue": [{"severity": "bad", "code": "value"}]},
            "OperationOutcome.issue.severity",
            "value set",
        ),
        ({"resourceType": "Location", "id": "a b"}, "Location.id", "64 letters"),
        (
            {"resourceType": "Location", "meta": {"lastUpdated": "2026-01-01"}},
            "Location.meta.lastUpdated",
            "no instant",
        ),
    ):
        faults = [(fault.path, fault.text) for fault in faults_of(resource, Release.R4)]
        assert any(path == at and text in told for at, told in faults), (resource, faults)


def test_a_page_says_where_the_next_one_is() -> None:
    wanted = parse_search(
        "SupplyDelivery", Release.R4, [("_count", "2"), ("_lastUpdated", "ge2026-01"), ("_format", "json")]
    )
    page = bundle(wanted, [{"resourceType": "SupplyDelivery", "id": "7"}], base="http://x/fhir/R4", next_after="7")
    assert (faults_of(page, Release.R4), page["link"][1]["url"]) == (
        [], "http://x/fhir/R4/SupplyDelivery?_lastUpdated=ge2026-01&_count=2&_after=7",
    )  # fmt: skip
    first, until = wanted.between("_lastUpdated")
    assert (first is not None and first.month, until) == (1, None)
    narrowed = parse_search(
        "MedicationDispense", Release.R4, [("whenhandedover", "ge2026-02-03"), ("whenhandedover", "le2026-02-03")]
    )
    assert [each and each.day for each in narrowed.between("whenhandedover")] == [3, 4]
    for given, code in (
        ([("colour", "red")], "not-supported"),
        ([("_count", "0")], "invalid"),
        ([("_lastUpdated", "ge2026-13")], "invalid"),
        ([("_lastUpdated", "now")], "invalid"),
    ):
        with pytest.raises(SearchFault) as refused:
            parse_search("SupplyDelivery", Release.R4, given)
        assert refused.value.code == code
    assert parse_search("SupplyDelivery", Release.R4, [("colour", "red")], is_lenient=True).given == ()
    with pytest.raises(SearchFault, match="there is no InventoryItem in R4 here"):
        parse_search("InventoryItem", Release.R4, [])


def test_every_type_that_is_offered_has_a_model_elsewhere() -> None:
    for type_, offered in OFFERED.items():
        assert all(model(release, type_) is not None for release in offered.releases)
    assert faults_of(outcome("wrong", "invalid", more=[("and more", "value", "X.y")]), Release.R5) == []
