"""The columns of imports: what kind of value each holds, and what people call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cloud_sync.domain.master_records import KINDS
from cloud_sync.domain.purchase_orders import COLUMNS as ORDER_COLUMNS
from cloud_sync.domain.purchase_orders import NEEDED as ORDER_NEEDED

PURCHASE_ORDERS = "purchase-orders"


class FieldKind(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    WHOLE = "whole"
    DECIMAL = "decimal"
    DAY = "day"
    GTIN = "gtin"
    IDENTIFIER = "identifier"
    """Lot numbers and serials: a spreadsheet that took them for numbers has lost their leading zeros."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an import. ``names``: what else people call it, in lower case."""

    name: str
    kind: FieldKind = FieldKind.TEXT
    is_needed: bool = False
    names: frozenset[str] = frozenset()


OF_KIND: Mapping[str, FieldKind] = {
    "quantity": FieldKind.WHOLE, "reorder_point": FieldKind.WHOLE, "par_level": FieldKind.WHOLE,
    "allowance_minutes": FieldKind.WHOLE, "shelf_life_days": FieldKind.WHOLE, "receipt_days_min": FieldKind.WHOLE,
    "shelf_life_days_min": FieldKind.WHOLE, "cost": FieldKind.DECIMAL, "allowance_c_max": FieldKind.DECIMAL,
    "expires_on": FieldKind.DAY, "qualified_until": FieldKind.DAY, "valid_from": FieldKind.DAY,
    "gtin": FieldKind.GTIN, "lot_number": FieldKind.IDENTIFIER, "serial": FieldKind.IDENTIFIER,
    "order": FieldKind.IDENTIFIER,
}  # fmt: skip
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "item": (
        "product", "article", "artikel", "material", "sku", "item name", "item code", "product code", "artikelnummer",
    ),
    "lot_number": (
        "lot", "lot no", "lot no.", "lot nr", "batch", "batch no", "batch no.", "batch number", "charge",
        "chargennummer", "lote",
    ),
    "place": ("location", "bin", "storage location", "lagerort", "lagerplatz", "warehouse", "store", "ort"),
    "to_place": ("ship to", "deliver to", "delivery place", "to", "destination", "lieferort"),
    "quantity": ("qty", "on hand", "stock", "menge", "bestand", "units", "count", "cantidad"),
    "expires_on": (
        "expiry", "expires", "expiry date", "exp", "exp date", "exp. date", "expiration", "expiration date", "use by",
        "verfall", "verfallsdatum", "verwendbar bis", "caducidad",
    ),
    "serial": ("serial number", "serial no", "s/n", "seriennummer"),
    "gtin": ("ean", "gtin-14", "gtin14", "barcode", "upc"),
    "supplier": ("vendor", "lieferant", "proveedor"),
    "order": (
        "order number", "po", "po number", "purchase order", "bestellung", "bestellnummer", "order no", "order no.",
    ),
    "cost": ("unit cost", "unit price", "price", "preis", "stückpreis"),
    "currency": ("währung", "curr"),
    "valid_from": ("valid since", "from", "gültig ab", "price date"),
    "title": ("description", "name of item", "bezeichnung", "beschreibung"),
    "note": ("remark", "remarks", "comment", "bemerkung"),
    "owner": ("stock owner", "eigentümer"),
    "name": ("code", "id"),
}  # fmt: skip
BY_GTIN = frozenset({"opening-balances", "costs", "reorder-levels"})
"""Kinds whose item may be named by a GTIN instead."""


def fields_of(kind: str) -> tuple[Field, ...]:
    """The columns of an import of a kind. Raises ``KeyError``."""
    if kind == PURCHASE_ORDERS:
        return tuple(_field(name, name in ORDER_NEEDED) for name in ORDER_COLUMNS)
    model = KINDS[kind]
    found = [_field(name, field.is_required()) for name, field in model.model_fields.items()]
    if kind in BY_GTIN:
        found = [_field(field.name, field.is_needed and field.name != "item") for field in found]
        found.append(_field("gtin", is_needed=False))
    return tuple(found)


def _field(name: str, is_needed: bool) -> Field:
    names = {name, name.replace("_", " "), *SYNONYMS.get(name, ())}
    return Field(name, OF_KIND.get(name, FieldKind.TEXT), is_needed, frozenset(names))
