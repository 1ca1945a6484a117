"""The ledger's facts as FHIR resources, R4 and R5. Pure: from rows of ``storage/fhir.sql`` to JSON values.

A patient is a reference by identifier alone: no resource here holds a person's data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloud_sync.interop.hospital.fhir_rules import SUPPLY_ITEM_TYPE, Release

Row = Mapping[str, Any]
Json = dict[str, Any]

ITEM_SYSTEM = "urn:x-lotwarden:item"
LOT_SYSTEM = "urn:x-lotwarden:lot"
ORDER_SYSTEM = "urn:x-lotwarden:order"
OWNER = "urn:x-lotwarden:owner"
"""The extension that says whose stock it is, where that is not the house's."""
HOUSE = "house"
MOVEMENT_SYSTEM = "urn:x-lotwarden:movement"
PLACE_SYSTEM = "urn:x-lotwarden:place"
SERIAL_SYSTEM = "urn:x-lotwarden:serial"
PATIENT_SYSTEM = "urn:x-lotwarden:patient"
SUPPLIED_FROM = "urn:x-lotwarden:supplied-from"
"""Extension of SupplyDelivery: FHIR names who supplied, not where from."""
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
GTIN_SYSTEM = "https://www.gs1.org/gtin"
NDC_SYSTEM = "http://hl7.org/fhir/sid/ndc"
ORGANIZATIONS = frozenset({"supplier", "customer"})
"""Kinds of places that are somebody else."""


@dataclass(frozen=True, slots=True)
class Item:
    """How resources name an item: its own name, what it is called, its base unit, and the codes of one base unit."""

    name: str
    title: str
    base_unit: str
    gtins: tuple[str, ...] = ()
    ndc: str = ""

    def as_concept(self) -> Json:
        """A CodeableConcept."""
        coding: list[Json] = [{"system": ITEM_SYSTEM, "code": self.name}]
        coding += [{"system": GTIN_SYSTEM, "code": gtin} for gtin in self.gtins]
        if self.ndc:
            coding.append({"system": NDC_SYSTEM, "code": self.ndc})
        return {"coding": coding, "text": self.title or self.name}

    def quantity(self, value: int) -> Json:
        """A SimpleQuantity in base units."""
        return {"value": value, "unit": self.base_unit}


def instant(at: datetime) -> str:
    """As FHIR writes an instant."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def place_reference(place_id: int, name: str, kind: str) -> Json:
    """A reference to a place: a Location of the house, an Organization of somebody else."""
    of = "Organization" if kind in ORGANIZATIONS else "Location"
    return {"reference": f"{of}/{place_id}", "display": name}


def supply_delivery(row: Row, item: Item, release: Release) -> Json:
    """A movement of stock."""
    supplied: Json = {"quantity": item.quantity(row["quantity"])}
    resource: Json = {
        "resourceType": "SupplyDelivery",
        "id": str(row["id"]),
        "meta": {"lastUpdated": instant(row["recorded_at"])},
        "identifier": [{"system": MOVEMENT_SYSTEM, "value": row["fact"]}],
        "status": "completed",
        "type": {
            "coding": [{"system": SUPPLY_ITEM_TYPE, "code": "medication"}],
            "text": row["action"].replace("_", " "),
        },
        "occurrenceDateTime": instant(row["occurred_at"]),
    }
    if release is Release.R4:
        resource["contained"] = [_medication(row, item)]
        supplied["itemReference"] = {"reference": "#medication", "display": f"{item.name}, lot {row['lot_number']}"}
        resource["suppliedItem"] = supplied
    else:
        supplied["itemReference"] = {
            "reference": f"InventoryItem/{row['lot_id']}",
            "display": f"{item.name}, lot {row['lot_number']}",
        }
        resource["suppliedItem"] = [supplied]
    source = place_reference(row["from_id"], row["from_place"], row["from_kind"])
    if row["from_kind"] in ORGANIZATIONS:
        resource["supplier"] = source
    else:
        resource["extension"] = [{"url": SUPPLIED_FROM, "valueReference": source}]
    if row["to_kind"] not in ORGANIZATIONS:
        resource["destination"] = place_reference(row["to_id"], row["to_place"], row["to_kind"])
    else:
        resource["receiver"] = [place_reference(row["to_id"], row["to_place"], row["to_kind"])]
        if release is Release.R4:  # R4 receives by people alone: whose organization it is, they are
            resource["receiver"] = [{"type": "Practitioner", "display": row["to_place"]}]
    if row["order_ref"]:
        resource["basedOn"] = [
            {"type": "SupplyRequest", "identifier": {"system": ORDER_SYSTEM, "value": row["order_ref"]}}
        ]
    return resource


def medication_dispense(row: Row, item: Item, release: Release) -> Json:
    """A movement by which stock was dispensed."""
    resource: Json = {
        "resourceType": "MedicationDispense",
        "id": str(row["id"]),
        "meta": {"lastUpdated": instant(row["recorded_at"])},
        "contained": [_medication(row, item)],
        "identifier": [{"system": MOVEMENT_SYSTEM, "value": row["fact"]}],
        "status": "completed",
        "quantity": item.quantity(row["quantity"]),
        "whenHandedOver": instant(row["occurred_at"]),
        "location": place_reference(row["from_id"], row["from_place"], "room"),
    }
    if row["owner"] != HOUSE:
        resource["extension"] = [{"url": OWNER, "valueString": row["owner"]}]
    inside = {"reference": "#medication", "display": f"{item.name}, lot {row['lot_number']}"}
    if release is Release.R4:
        resource["medicationReference"] = inside
    else:
        resource["medication"] = {"reference": inside}
    if row["to_kind"] not in ORGANIZATIONS:
        resource["destination"] = place_reference(row["to_id"], row["to_place"], row["to_kind"])
    if row["patient"]:
        resource["subject"] = {"type": "Patient", "identifier": {"system": PATIENT_SYSTEM, "value": row["patient"]}}
    elif release is Release.R5:
        resource["subject"] = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
    if row["order_ref"]:
        resource["note"] = [{"text": f"for order {row['order_ref']}"}]
    return resource


def _medication(row: Row, item: Item) -> Json:
    batch: Json = {"lotNumber": row["lot_number"]}
    if row["expires_on"]:
        batch["expirationDate"] = row["expires_on"].isoformat()
    medication: Json = {"resourceType": "Medication", "id": "medication", "code": item.as_concept(), "batch": batch}
    if row["serial"]:
        medication["identifier"] = [{"system": SERIAL_SYSTEM, "value": row["serial"]}]
    return medication


def supply_request(row: Row, item: Item, release: Release) -> Json:
    """A line of an order (a row of ``order_lines_for_fhir`` with its ``status``)."""
    resource: Json = {
        "resourceType": "SupplyRequest",
        "id": f"{row['order_id']}-{row['line']}",
        "meta": {"lastUpdated": instant(row["requested_at"])},
        "identifier": [{"system": ORDER_SYSTEM, "value": row["number"]}],
        "status": row["status"],
        "quantity": item.quantity(row["quantity"]),
        "authoredOn": instant(row["requested_at"]),
        "requester": {"type": "Practitioner", "display": row["requested_by"]},
        "deliverFrom": place_reference(row["from_id"], row["from_place"], row["from_kind"]),
        "deliverTo": place_reference(row["to_id"], row["to_place"], row["to_kind"]),
    }
    if release is Release.R4:
        resource["itemCodeableConcept"] = item.as_concept()
    else:
        resource["item"] = {"concept": item.as_concept()}
        if row["patient"]:
            resource["deliverFor"] = {
                "type": "Patient",
                "identifier": {"system": PATIENT_SYSTEM, "value": row["patient"]},
            }
    return resource


def inventory_item(row: Row, item: Item) -> Json:
    """A lot (R5)."""
    instance: Json = {
        "identifier": [{"system": LOT_SYSTEM, "value": str(row["lot_id"])}],
        "lotNumber": row["lot_number"],
    }
    if row["expires_on"]:
        instance["expiry"] = row["expires_on"].isoformat()
    return {
        "resourceType": "InventoryItem",
        "id": str(row["lot_id"]),
        "identifier": [{"system": LOT_SYSTEM, "value": str(row["lot_id"])}],
        "status": "active",
        "code": [item.as_concept()],
        "inventoryStatus": [{"text": "held" if row["is_held"] else "available"}],
        "baseUnit": {"text": item.base_unit},
        "instance": instance,
    }


def inventory_report(place: Row, stock: Sequence[tuple[Row, Item]], *, at: datetime) -> Json:
    """What is in a place ``at`` that time (R5): one list of what may be issued, one of what is held."""
    report: Json = {
        "resourceType": "InventoryReport",
        "id": str(place["id"]),
        "meta": {"lastUpdated": instant(at)},
        "identifier": [{"system": PLACE_SYSTEM, "value": place["name"]}],
        "status": "active",
        "countType": "snapshot",
        "reportedDateTime": instant(at),
    }
    where = place_reference(place["id"], place["name"], place["kind"])
    listings = []
    for status, is_held in (("available", False), ("held", True)):
        counted = [
            {
                "quantity": item.quantity(row["quantity"]),
                "item": {
                    "reference": {
                        "reference": f"InventoryItem/{row['lot_id']}",
                        "display": f"{item.name}, lot {row['lot_number']}",
                    }
                },
            }
            for row, item in stock
            if row["is_held"] is is_held
        ]
        if counted:
            listings.append(
                {"location": where, "itemStatus": {"text": status}, "countingDateTime": instant(at), "item": counted}
            )
    if listings:
        report["inventoryListing"] = listings
    return report


def location(place: Row) -> Json:
    """A place of the house."""
    resource: Json = {
        "resourceType": "Location",
        "id": str(place["id"]),
        "identifier": [{"system": PLACE_SYSTEM, "value": place["name"]}],
        "status": "active",
        "name": place["title"] or place["name"],
        "mode": "instance",
    }
    if place["parent_id"]:
        resource["partOf"] = {"reference": f"Location/{place['parent_id']}"}
    return resource


def organization(place: Row) -> Json:
    """A supplier or customer."""
    return {
        "resourceType": "Organization",
        "id": str(place["id"]),
        "identifier": [{"system": PLACE_SYSTEM, "value": place["name"]}],
        "active": True,
        "name": place["title"] or place["name"],
    }
