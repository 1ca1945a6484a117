"""Our own facts as events: what the ledger booked, held, measured and decided, in the words of EPCIS and CBV.

====================  ======================  =====================================================================
fact                  event                   words
====================  ======================  =====================================================================
receipt, opening      ObjectEvent OBSERVE     receiving, in_progress
put away, moved       ObjectEvent OBSERVE     storing (what may be done with it, holds and decisions say)
picked                ObjectEvent OBSERVE     picking, in_progress
shipped               ObjectEvent OBSERVE     shipping, in_transit
dispensed             ObjectEvent OBSERVE     dispensing, dispensed
returned              ObjectEvent OBSERVE     receiving, returned
destroyed             ObjectEvent DELETE      destroying, destroyed
count difference      ObjectEvent OBSERVE     stock_taking
made                  TransformationEvent     commissioning, inactive: nobody has released it yet
serial given here     ObjectEvent ADD         commissioning, active
case opened           AggregationEvent DELETE unpacking
tote packed           AggregationEvent ADD    packing, in_progress
tote unpacked         AggregationEvent DELETE unpacking
hold                  ObjectEvent OBSERVE     holding, non_sellable_other (recall: recalled); also set to persist
hold lifted           ObjectEvent OBSERVE     storing, sellable_not_accessible; the persistent one is unset
excursion             ObjectEvent OBSERVE     holding, non_sellable_other, with the sensor's report and its exception
decision              ObjectEvent OBSERVE     storing, sellable_not_accessible; or holding, non_conformant
====================  ======================  =====================================================================

There is no disposition "quarantined" in CBV: holding with non_sellable_other is what it calls that. Lots stand in the
class of an event's quantities, never in its master data. Times are cut to milliseconds. What was corrected later (the
time of a movement, the number of a lot, the expiry of one that was made here) is told twice: as it was said, with an
error declaration, and as it was.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from cloud_sync.interop.epcis.corrected import as_known, corrections_of
from cloud_sync.interop.epcis.identifiers import Gs1Id
from cloud_sync.interop.epcis.rules import Event
from edge_agent.domain.barcodes.item_codes import code_of_case

Row = Mapping[str, Any]
NAMESPACE = "urn:x-lotwarden:"
"""Of names that only this ledger gives: places without a GLN, items without a GTIN, orders, batches."""
PREFIX = "lotwarden"
UNITS: Mapping[str, str] = {"ml": "MLT", "l": "LTR", "g": "GRM", "mg": "MGM", "kg": "KGM"}
"""Units of measure of items as UN/CEFACT Recommendation 20 codes them; what is counted has none."""
SENSED: Mapping[str, tuple[str, str]] = {
    "temp_c": ("Temperature", "CEL"),
    "rh_pct": ("RelativeHumidity", "P1"),
    "dp_pa": ("Pressure", "PAL"),
    "pressure_pa": ("Pressure", "PAL"),
}
"""What a channel measures, by the metric's name: type of measurement and unit."""


class Source(IntEnum):
    """Where an event comes from; the order of events of the same moment, and part of their ids."""

    CAPTURED = 0
    MOVEMENT = 1
    CORRECTED = 2
    HOLD = 3
    LIFTED = 4
    EXCURSION = 5
    DECISION = 6
    RETOLD = 7
    PACKED = 8


_STEPS: Mapping[str, tuple[str, str, str]] = {
    "receive": ("OBSERVE", "receiving", "in_progress"),
    "opening": ("OBSERVE", "receiving", "in_progress"),
    "put_away": ("OBSERVE", "storing", ""),
    "move": ("OBSERVE", "storing", ""),
    "pick": ("OBSERVE", "picking", "in_progress"),
    "ship": ("OBSERVE", "shipping", "in_transit"),
    "dispense": ("OBSERVE", "dispensing", "dispensed"),
    "return": ("OBSERVE", "receiving", "returned"),
    "destroy": ("DELETE", "destroying", "destroyed"),
    "count": ("OBSERVE", "stock_taking", ""),
}
"""Action, step and disposition of each kind of movement. What was consumed stands in the event of what was made."""
STEPS_OF_MOVEMENTS: Mapping[str, tuple[str, ...]] = {
    step: tuple(action for action, said in _STEPS.items() if said[1] == step)
    for step in {step for _, step, _ in _STEPS.values()}
} | {"commissioning": ("receive", "commission"), "unpacking": ("open_case",)}
"""The kinds of movements that may be told by a step."""
_PARTNERS = frozenset({"supplier", "customer", "ward"})


ROW_BITS, REVISION_BITS = 46, 8


class Statement(NamedTuple):
    """Which event of ours: where it comes from, the row, and after how many corrections of what it says."""

    source: Source
    row_id: int
    revision: int = 0

    @property
    def number(self) -> int:
        """One number for all of it."""
        return int(self.source) << ROW_BITS + REVISION_BITS | self.revision << ROW_BITS | self.row_id


def statement_of(number: int) -> Statement:
    """The statement with this :attr:`Statement.number`.

    >>> statement_of(Statement(Source.HOLD, 77, 2).number)
    Statement(source=<Source.HOLD: 3>, row_id=77, revision=2)
    """
    row_id, revision = number & (1 << ROW_BITS) - 1, number >> ROW_BITS & (1 << REVISION_BITS) - 1
    return Statement(Source(number >> ROW_BITS + REVISION_BITS), row_id, revision)


def event_id(ledger: bytes, source: Source, row_id: int, revision: int = 0) -> str:
    """The id of an event of ours: a UUID (version 8, RFC 9562) of the ledger, where it comes from, and which it is.

    ``ledger`` is what tells this ledger from others, its first public key. ``revision``: how often what it says had
    been corrected.
    """
    high = int.from_bytes(sha256(ledger).digest()[:8], "big") & ~0xF000 | 0x8000
    low = 0b10 << 62 | int(source) << 56 | min(revision, (1 << REVISION_BITS) - 1) << ROW_BITS | row_id
    return f"urn:uuid:{UUID(int=high << 64 | low)}"


def row_of_event_id(ledger: bytes, said: str) -> Statement | None:
    """Which statement an id of :func:`event_id` names; None if it is no id of this ledger.

    >>> row_of_event_id(b"key", event_id(b"key", Source.HOLD, 77, 1))
    Statement(source=<Source.HOLD: 3>, row_id=77, revision=1)
    """
    try:
        low = UUID(said.removeprefix("urn:uuid:")).int & (1 << 62) - 1
        found = Statement(Source(low >> 56), low & (1 << ROW_BITS) - 1, low >> ROW_BITS & (1 << REVISION_BITS) - 1)
    except ValueError:
        return None
    return found if event_id(ledger, *found) == said.lower() else None


def place_uri(row: Row, side: str = "") -> str:
    """The address of a place: that of its GLN, or a name of ours. ``side`` is what the row's columns begin with."""
    if row[f"{side}gln"]:
        extension = row[f"{side}gln_extension"]
        return Gs1Id("414", row[f"{side}gln"], "254" if extension else "", extension).uri
    return own_name("place", row[f"{side}place"])


def party_uri(row: Row, side: str) -> str:
    """The address of who is at a place: partners are known as parties (417), their places as locations (414)."""
    return Gs1Id("417", row[f"{side}gln"]).uri if row[f"{side}gln"] else place_uri(row, side)


def own_name(kind: str, *names: str) -> str:
    """A name that only this ledger gives."""
    return NAMESPACE + ":".join([kind, *(quote(name, safe="") for name in names)])


def goods_of(row: Row, *, quantity: int | None) -> dict[str, list[Any]]:
    """The goods of a row: a serial as EPC, a lot as class with its quantity; base units, of which the GTIN is one."""
    serial, gtin = row["serial"], row["gtin"]
    if serial:
        case = code_of_case(serial)
        code, number = (case, serial.rpartition("(21)")[2]) if case else (gtin, serial)
        if code and code.isdigit():
            return {"epcs": [Gs1Id("01", code, "21", number).uri]}
        return {"epcs": [own_name("unit", row["item"], row["lot_number"], serial)]}
    lot = Gs1Id("01", gtin, "10", row["lot_number"]).uri if gtin else own_name("lot", row["item"], row["lot_number"])
    unit = UNITS.get(str(row["base_unit"]).lower())
    counted = {} if quantity is None else {"quantity": quantity, **({"uom": unit} if unit else {})}
    return {"classes": [{"epcClass": lot, **counted}]}


def events_of_movement(row: Row, ledger: bytes, inputs: Sequence[Row] = ()) -> list[Event]:
    """The event of a movement as a list of one, which is empty for what was consumed.

    ``row["source"]``: of one whose time was corrected, ``MOVEMENT`` is as it was said. ``row["revision"]``: after how
    many corrections of its lots; None or nothing: all of them. ``inputs``: what went into the batch it came out of.
    """
    is_as_said = row["source"] == Source.MOVEMENT and row["said_at"] is not None
    now = Source.CORRECTED if row["said_at"] is not None else Source.MOVEMENT
    at = row["said_at"] if is_as_said else row["occurred_at"]
    (known, *consumed), _ = as_known([row, *inputs], row)
    head = _head_of(row, ledger, Source(row["source"]), at, row["recorded_at"], row["zone"], now=now)
    if row["from_kind"] == "production":
        return [{**head, **_made(known, consumed)}]
    if row["action"] == "commission":  # loose stock that got serials: told once, of the units
        return [{**head, **_commissioned(known)}] if row["from_kind"] == "unpacking" else []
    if row["action"] == "open_case":
        return [{**head, **_opened(known)}] if row["from_kind"] == "unpacking" else []
    return [{**head, **_moved(known)}] if row["action"] in _STEPS else []


def event_of_packing(row: Row, ledger: bytes) -> Event:
    """What was packed into a tote, or taken out of it: ``row["goods"]`` with their quantities."""
    is_out = row["is_unpacking"]
    goods = [goods_of(each, quantity=each["quantity"]) for each in as_known(row["goods"], row)[0]]
    epcs = [epc for each in goods for epc in each.get("epcs", [])]
    classes = [one for each in goods for one in each.get("classes", [])]
    return {
        **_head_of(row, ledger, Source.PACKED, row["occurred_at"], row["recorded_at"], row["zone"]),
        "type": "AggregationEvent", "action": "DELETE" if is_out else "ADD",
        "bizStep": "unpacking" if is_out else "packing", "disposition": "in_progress",
        "parentID": Gs1Id("00", row["sscc"]).uri,
        **({"childEPCs": epcs} if epcs else {}), **({"childQuantityList": classes} if classes else {}),
        **_where(row), **_order(row),
    }  # fmt: skip


def _moved(row: Row) -> dict[str, Any]:
    action, step, disposition = _STEPS[row["action"]]
    goods = goods_of(row, quantity=row["quantity"])
    # Where it was seen: goods that leave are seen where they left.
    seen = "from_" if row["to_kind"] in {*_PARTNERS, "scrap", "count_difference"} else "to_"
    event: dict[str, Any] = {"type": "ObjectEvent", **_object(goods), "action": action, "bizStep": step}
    if disposition:
        event["disposition"] = disposition
    event["readPoint"] = {"id": place_uri(row, seen)}
    if step not in ("shipping", "dispensing", "destroying"):
        event["bizLocation"] = {"id": place_uri(row, seen)}
    event |= _order(row)
    if row["from_kind"] in _PARTNERS:
        event["sourceList"] = [{"type": "possessing_party", "source": party_uri(row, "from_")}]
    if row["to_kind"] in _PARTNERS:
        event["destinationList"] = [{"type": "possessing_party", "destination": party_uri(row, "to_")}]
    return event


def _object(goods: Mapping[str, list[Any]]) -> dict[str, Any]:
    epcs, classes = goods.get("epcs", []), goods.get("classes", [])
    return {
        **({"epcList": epcs} if epcs or not classes else {}),
        **({"quantityList": classes} if classes else {}),
    }


def _order(row: Row) -> dict[str, Any]:
    if not row["order_ref"]:
        return {}
    return {"bizTransactionList": [{"type": "po", "bizTransaction": own_name("order", row["order_ref"])}]}


def _made(row: Row, inputs: Sequence[Row]) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "TransformationEvent"}
    consumed = [goods_of(each, quantity=each["quantity"]) for each in inputs]
    made = goods_of(row, quantity=row["quantity"])
    for name, goods in (("input", consumed), ("output", [made])):
        epcs = [epc for each in goods for epc in each.get("epcs", [])]
        classes = [one for each in goods for one in each.get("classes", [])]
        event |= {f"{name}EPCList": epcs} if epcs else {}
        event |= {f"{name}QuantityList": classes} if classes else {}
    return event | {
        "transformationID": own_name("batch", row["from_place"]),
        "bizStep": "commissioning",
        "disposition": "inactive",
        "readPoint": {"id": place_uri(row, "to_")},
        "bizLocation": {"id": place_uri(row, "to_")},
        **({"ilmd": expiry} if (expiry := _expiry(row)) else {}),
    }


def _expiry(row: Row) -> dict[str, str]:
    """The day on which goods expire, as master data of them; nothing if nobody said it."""
    return {"cbvmda:itemExpirationDate": str(row["expires_on"])[:10]} if row.get("expires_on") else {}


def _commissioned(row: Row) -> dict[str, Any]:
    where = {"id": place_uri(row, "to_")}
    return {
        "type": "ObjectEvent", **_object(goods_of(row, quantity=row["quantity"])), "action": "ADD",
        "bizStep": "commissioning", "disposition": "active", "readPoint": where, "bizLocation": where,
        "ilmd": {"cbvmda:lotNumber": row["lot_number"], **_expiry(row)},
    }  # fmt: skip


def _opened(row: Row) -> dict[str, Any]:
    """What came out of a case, of which ``row["parent"]`` is the serial; '' where nobody named it."""
    goods = goods_of(row, quantity=row["quantity"])
    event: dict[str, Any] = {"type": "AggregationEvent", "action": "DELETE", "bizStep": "unpacking"}
    if row["parent"]:
        event["parentID"] = goods_of({**row, "serial": row["parent"]}, quantity=None)["epcs"][0]
    else:
        event["parentID"] = own_name("case", row["item"], row["lot_number"], str(row["id"]))
    if goods.get("epcs"):
        event["childEPCs"] = goods["epcs"]
    else:
        event["childQuantityList"] = goods["classes"]
    return event | {"readPoint": {"id": place_uri(row, "to_")}, "bizLocation": {"id": place_uri(row, "to_")}}


def event_of_hold(row: Row, ledger: bytes) -> Event:
    """A hold, or its end: ``row["source"]`` says which; ``row["goods"]`` what it is on (rows as of goods)."""
    source = Source(row["source"])
    word = "recalled" if row["kind"] == "recall" else "non_sellable_other"
    ended = source is Source.LIFTED
    at = row["lifted_at"] if ended else row["since"] or row["placed_at"]
    event = _head_of(row, ledger, source, at, row["lifted_at"] if ended else row["placed_at"], row["zone"])
    event |= {"type": "ObjectEvent", **_all_goods(row), "action": "OBSERVE"}
    event |= _standing(is_free=ended, word=word)
    return event | _where(row)


def event_of_excursion(row: Row, ledger: bytes) -> Event:
    """An excursion with the sensor's report: with the goods that it exposed, or of the room alone."""
    event = _head_of(row, ledger, Source.EXCURSION, row["began_at"], row["recorded_at"], row["zone"])
    event |= {"type": "ObjectEvent", **_all_goods(row), "action": "OBSERVE"}
    event |= _standing(is_free=False, word="non_sellable_other") if row["goods"] else {"bizStep": "sensor_reporting"}
    event |= _where(row)
    said = {"startTime": _time(row["began_at"])}
    if row["ended_at"] is not None:
        said["endTime"] = _time(row["ended_at"])
    device = own_name("device", row["gateway"], row["device"])
    rule = own_name("rule", row["policy"] or "none", row["rule"])
    metadata = {**said, "deviceID": device, "bizRules": rule}
    return event | {"sensorElementList": [{"sensorMetadata": metadata, "sensorReport": [_report(row)]}]}


def _report(row: Row) -> dict[str, Any]:
    if row["rule"] == "no_data":
        return {"type": SENSED.get(row["metric"], ("Dimensionless", ""))[0], "exception": "ERROR_CONDITION"}
    kind, unit = SENSED.get(row["metric"], ("Count" if row["metric"].endswith("_count") else "Dimensionless", ""))
    worst = "minValue" if row["is_below"] else "maxValue"
    return {"type": kind, "exception": "ALARM_CONDITION", worst: row["worst"], **({"uom": unit} if unit else {})}


def event_of_decision(row: Row, ledger: bytes) -> Event:
    """What quality decided on goods that an excursion exposed: free again, not conformant, or to be destroyed."""
    event = _head_of(row, ledger, Source.DECISION, row["decided_at"], row["decided_at"], row["zone"])
    event |= {"type": "ObjectEvent", **_all_goods(row), "action": "OBSERVE"}
    is_free = row["decision"] == "release"
    event |= _standing(is_free=is_free, word="non_sellable_other" if is_free else "non_conformant")
    return event | _where(row)


def _standing(*, is_free: bool, word: str) -> dict[str, Any]:
    if is_free:
        persistent = {"unset": [word]}
        return {
            "bizStep": "storing", "disposition": "sellable_not_accessible", "persistentDisposition": persistent
        }  # fmt: skip
    return {"bizStep": "holding", "disposition": word, "persistentDisposition": {"set": [word]}}


def _all_goods(row: Row) -> dict[str, Any]:
    goods = [goods_of(each, quantity=None) for each in as_known(row["goods"], row)[0]]
    found: dict[str, list[Any]] = {
        "epcs": list(dict.fromkeys(epc for each in goods for epc in each.get("epcs", []))),
        "classes": list({one["epcClass"]: one for each in goods for one in each.get("classes", [])}.values()),
    }
    return _object(found)


def _where(row: Row) -> dict[str, Any]:
    return {} if row["place"] is None else {"readPoint": {"id": place_uri(row)}, "bizLocation": {"id": place_uri(row)}}


def _head_of(
    row: Row,
    ledger: bytes,
    source: Source,
    at: datetime,
    recorded_at: datetime,
    zone: str | None,
    *,
    now: Source | None = None,
) -> dict[str, Any]:
    """What an event begins with; a statement that does not hold any more says which one does. ``now``: the source of
    the one that holds, if it is another."""
    corrections = corrections_of(row)
    _, revision = as_known((), row)
    now = source if now is None else now
    head: dict[str, Any] = {
        "eventID": event_id(ledger, source, row["id"], revision),
        "eventTime": _time(at),
        "recordTime": _time(corrections[revision - 1].decided_at if revision else recorded_at),
        "eventTimeZoneOffset": _offset(at, zone or "UTC"),
    }
    if now is not source or revision < len(corrections):
        declared_at = corrections[revision].decided_at if revision < len(corrections) else recorded_at
        head["errorDeclaration"] = {
            "declarationTime": _time(declared_at),
            "reason": "incorrect_data",
            "correctiveEventIDs": [event_id(ledger, now, row["id"], len(corrections))],
        }
    return head


def _time(at: datetime) -> str:
    """UTC, cut to milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _offset(at: datetime, zone: str) -> str:
    """What clocks on the wall of the place showed.

    >>> _offset(datetime(2026, 7, 1, tzinfo=UTC), "America/Chicago")
    '-05:00'
    """
    text = at.astimezone(ZoneInfo(zone)).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"
