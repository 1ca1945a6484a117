"""FHIR resources that others send, as facts and orders. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from cloud_sync.interop.hospital.facts import LABEL_NUMBER, HospitalFact, HospitalOrder, Told
from cloud_sync.interop.hospital.fhir_models import shape_faults_of
from cloud_sync.interop.hospital.fhir_out import (
    GTIN_SYSTEM,
    HOUSE,
    ITEM_SYSTEM,
    NDC_SYSTEM,
    ORDER_SYSTEM,
    OWNER,
    SERIAL_SYSTEM,
)
from cloud_sync.interop.hospital.fhir_rules import Release, RuleFault, faults_of
from edge_agent.domain.barcodes.item_codes import scanned_ndc
from edge_agent.domain.wire.records import Action

BYTES_MAX = 1 << 20
QUANTITY_MAX = 10**9
TEXT_MAX = 200
TAKEN = ("MedicationDispense", "SupplyRequest")
GTIN_SYSTEMS = frozenset({GTIN_SYSTEM, "http://www.gs1.org/gtin", "https://id.gs1.org/01", "urn:oid:1.3.160"})
PLACE_BY_ID = "#"
"""Begins a place that is named by its id in the ledger, not by its name."""


class ResourceFault(ValueError):
    """A resource that cannot become facts; ``faults`` say why and where."""

    def __init__(self, faults: list[RuleFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a resource says. ``identifier`` is its own (system|value): the same again is the same fact.

    Places that it names by id are ``#12``, for the ledger to look up. ``unit``: what its quantity counts, as it says
    it. ``owner``: whose stock it is.
    """

    identifier: str
    told: Told
    unit: str
    owner: str = HOUSE


def read_resource(resource: Any, release: Release, type_: str) -> Incoming:
    """What a resource of this type says. Raises ``ResourceFault`` with every fault at once."""
    faults = faults_of(resource, release)
    if not faults:
        faults = shape_faults_of(resource, release, type_)
    if isinstance(resource, Mapping) and resource.get("resourceType") != type_:
        faults.insert(0, RuleFault("resourceType", f"{type_} is needed here", "invalid"))
    if faults:
        raise ResourceFault(faults[:50])
    reader = _Reader(resource, type_)
    incoming = reader.dispense(release) if type_ == "MedicationDispense" else reader.request(release)
    if reader.faults:
        raise ResourceFault(reader.faults)
    return incoming


class _Reader:
    """Reads a resource and collects what is wrong with it."""

    def __init__(self, resource: Mapping[str, Any], type_: str) -> None:
        self._it = resource
        self._type = type_
        self.faults: list[RuleFault] = []

    def dispense(self, release: Release) -> Incoming:
        """A dispense that was done."""
        if self._it.get("status") != "completed":
            self._fault(
                "status", f"{self._it.get('status')} was not handed out; only completed is booked", "business-rule"
            )
        concept, batch, serial = self._medication(release)
        at = self._time("whenHandedOver")
        fact = HospitalFact(
            action=Action.DISPENSE,
            codes=self._codes(concept, "medication"),
            quantity=self._quantity(),
            in_packs=False,
            lot=self._number(_text(batch.get("lotNumber")), "batch.lotNumber"),
            serial=self._number(serial, "identifier of the medication"),
            expires_on=self._expiry(batch.get("expirationDate")),
            from_place=self._place("location"),
            to_place=self._place("destination"),
            earliest_at=at[0] if at else None,
            latest_at=at[1] if at else None,
            order=self._order("authorizingPrescription"),
            patient=_who(self._it.get("subject")),
        )
        return Incoming(self._identifier(), Told((fact,)), _unit(self._it), self._owner())

    def request(self, release: Release) -> Incoming:
        """A requisition."""
        if self._it.get("status") not in (None, "draft", "active"):
            self._fault(
                "status", f"{self._it.get('status')} asks for nothing; only draft and active are taken", "business-rule"
            )
        concept = self._it.get("itemCodeableConcept") if release is Release.R4 else _at(self._it, "item", "concept")
        identifier = self._identifier()
        number = next(
            (_text(each.get("value")) for each in self._identifiers() if each.get("system") == ORDER_SYSTEM),
            identifier.rpartition("|")[2],
        )
        order = HospitalOrder(
            number=number,
            codes=self._codes(concept, "item"),
            quantity=self._quantity(),
            in_packs=False,
            from_place=self._place("deliverFrom"),
            to_place=self._place("deliverTo"),
            patient=_who(self._it.get("deliverFor")),
        )
        return Incoming(identifier, Told(orders=(order,)), _unit(self._it), self._owner())

    def _medication(self, release: Release) -> tuple[Any, Mapping[str, Any], str]:
        """The concept, the batch and the serial of what was dispensed."""
        reference = (
            _at(self._it, "medicationReference") if release is Release.R4 else _at(self._it, "medication", "reference")
        )
        concept = (
            _at(self._it, "medicationCodeableConcept")
            if release is Release.R4
            else _at(self._it, "medication", "concept")
        )
        if reference is None:
            return concept, {}, ""
        name = _text(_at(reference, "reference")).removeprefix("#")
        contained = self._it.get("contained")
        for inside in contained if isinstance(contained, list) else []:
            if isinstance(inside, Mapping) and inside.get("id") == name and inside.get("resourceType") == "Medication":
                serials = [each for each in inside.get("identifier", []) if _at(each, "system") == SERIAL_SYSTEM]
                batch = inside.get("batch")
                return (
                    inside.get("code"),
                    batch if isinstance(batch, Mapping) else {},
                    _text(_at(serials[0], "value")) if serials else "",
                )
        self._fault(
            "medication", "write the medication into contained: a reference elsewhere is not followed", "not-supported"
        )
        return None, {}, ""

    def _codes(self, concept: Any, where: str) -> tuple[str, ...]:
        found: list[str] = []
        codings = _at(concept, "coding")
        for coding in codings if isinstance(codings, list) else []:
            system, code = _text(_at(coding, "system")), _text(_at(coding, "code"))
            if system == ITEM_SYSTEM:
                found.append(f"item:{code}")
            elif system in GTIN_SYSTEMS and code.isascii() and code.isdigit() and len(code) <= 14:
                found.append(code.zfill(14))
            elif system == NDC_SYSTEM and (ndc := scanned_ndc(code)):
                found.append(ndc)
        if not found and not self.faults:
            systems = f"{NDC_SYSTEM}, {GTIN_SYSTEM} or {ITEM_SYSTEM}"
            self._fault(where, f"no coding names the item: one of {systems} is needed", "code-invalid")
        return tuple(dict.fromkeys(found))

    def _quantity(self) -> int:
        value = _at(self._it, "quantity", "value")
        try:
            number = (
                Decimal(str(value))
                if not isinstance(value, bool) and isinstance(value, int | float | str | Decimal)
                else Decimal("NaN")
            )
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number != number.to_integral_value() or not 0 < number <= QUANTITY_MAX:
            self._fault("quantity", f"{str(value)[:30]} is no whole quantity above zero")
            return 0
        return int(number)

    def _time(self, name: str) -> tuple[datetime, datetime] | None:
        text = _text(self._it.get(name))
        if not text:
            self._fault(name, "is missing: when was it handed out?", "required")
            return None
        if "T" in text:
            at = datetime.fromisoformat(text.replace("Z", "+00:00")[:40]).astimezone(UTC)
            return at, at
        if len(text) != len("2026-11-29"):
            self._fault(name, f"{text} is no day")
            return None
        try:
            first = datetime.combine(date.fromisoformat(text), time(), UTC)
        except ValueError:
            self._fault(name, f"{text} is no day")
            return None
        # Somewhere on earth it was that day: nobody says where.
        return first - timedelta(hours=14), first + timedelta(days=1, hours=12)

    def _expiry(self, said: Any) -> date | None:
        text = _text(said)[: len("2026-11-29")]
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._fault("batch.expirationDate", f"{text} is no day")
            return None

    def _number(self, text: str, where: str) -> str | None:
        """A lot or serial number: what no label can hold is none."""
        if text and not LABEL_NUMBER.fullmatch(text):
            self._fault(where, f"{text[:40]!r} is no number that a label can hold")
        return text or None

    def _place(self, name: str) -> str:
        """The name of a place, or ``#`` and its id."""
        reference = _at(self._it, name)
        if value := _text(_at(reference, "identifier", "value")):
            return value
        kind, slash, number = _text(_at(reference, "reference")).rpartition("/")
        if slash and kind.rpartition("/")[2] in ("Location", "Organization") and number.isascii() and number.isdigit():
            return f"{PLACE_BY_ID}{number[:18]}"
        self._fault(
            name, "is missing: refer to a Location of this ledger (Location/12), or by its identifier", "required"
        )
        return ""

    def _order(self, name: str) -> str:
        references = self._it.get(name)
        for each in references if isinstance(references, list) else []:
            if value := _text(_at(each, "identifier", "value")):
                return value
        return ""

    def _owner(self) -> str:
        """Whose stock it is: the house's, if no extension says otherwise."""
        said = self._it.get("extension")
        for each in said if isinstance(said, list) else []:
            if _at(each, "url") == OWNER:
                return _text(_at(each, "valueString")) or HOUSE
        return HOUSE

    def _identifiers(self) -> list[Mapping[str, Any]]:
        said = self._it.get("identifier")
        return [each for each in said if isinstance(each, Mapping)] if isinstance(said, list) else []

    def _identifier(self) -> str:
        for each in self._identifiers():
            if value := _text(each.get("value")):
                return f"{_text(each.get('system'))}|{value}"
        self._fault("identifier", "is missing: by it, the same sent twice is booked once", "required")
        return ""

    def _fault(self, where: str, text: str, code: str = "value") -> None:
        self.faults.append(RuleFault(f"{self._type}.{where}", text, code))


def _unit(resource: Mapping[str, Any]) -> str:
    return _text(_at(resource, "quantity", "unit"))


def _who(reference: Any) -> str:
    """Whose it is: by identifier, or the reference as it is; never a name."""
    return _text(_at(reference, "identifier", "value")) or _text(_at(reference, "reference"))


def _text(value: Any) -> str:
    return value.strip()[:TEXT_MAX] if isinstance(value, str) else ""


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
