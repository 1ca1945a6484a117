"""A field map: where in a sender's HL7 messages the ledger finds what. Data, one TOML file a sender. Pure.

``config/hl7/pharmacy-rds.toml`` shows every key. Nothing that decides on stock has a silent default: a unit, a
coding system
or a kind of transaction that the map does not name is a fault that names it, and the message waits until the map does.
"""

import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloud_sync.interop.hospital.facts import Becomes
from cloud_sync.interop.hospital.hl7 import FieldPath, parse_path
from edge_agent.domain.stock.expiry import UnknownZoneError, zone_named

LITERAL = "="
"""Begins what is no path but the value itself: ``from = "=pharmacy"``."""
Paths = str | tuple[str, ...]


class CodeSystem(StrEnum):
    """How a code names an item."""

    NDC = "ndc"
    GTIN = "gtin"
    HIBC = "hibc"
    PPN = "ppn"
    ITEM = "item"
    """By the name that the item has in the ledger, or that ``[items]`` gives."""
    IGNORED = "ignored"
    """It names nothing that the ledger knows; another code of the field does."""


class Unit(StrEnum):
    """What a quantity counts."""

    BASE = "base"
    PACK = "pack"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Part):
    """``when``: the messages that an entry is for."""

    path: str
    one_of: Annotated[tuple[str, ...], Field(min_length=1)]


class Fields(_Part):
    """``fields``: where each value stands. A list is tried from its beginning; ``=text`` is the text itself.

    ``item`` names whole fields of coded values (code, text, system, and the alternate three), ``quantity`` and the
    others components.
    """

    item: Paths = ()
    quantity: Paths = ()
    unit: Paths = ()
    lot: Paths = ()
    expires_on: Paths = ()
    serial: Paths = ()
    at: Paths = ()
    from_place: Paths = ()
    to_place: Paths = ()
    operator: Paths = ()
    order: Paths = ()
    patient: Paths = ()


NEEDED: Mapping[Becomes, tuple[str, ...]] = {
    **dict.fromkeys(
        (Becomes.DISPENSE, Becomes.WITHDRAW, Becomes.REFILL, Becomes.UNLOAD, Becomes.RETURN),
        ("item", "quantity", "lot", "at", "from_place", "to_place"),
    ),
    Becomes.WASTE: ("item", "quantity", "lot", "at", "from_place"),
    Becomes.ORDER: ("item", "quantity", "order", "from_place", "to_place"),
    Becomes.NOTE: (),
}
"""What a map has to say the place of."""


class MessageEntry(_Part):
    """``[[messages]]``: what a type of message becomes. ``each``: one line for every segment of this name;
    ``group``: the
    segment with which a group of them begins (ORC, say)."""

    type: Annotated[str, Field(pattern=r"^[A-Z0-9]{3}(\^[A-Z0-9]{3})?$")]
    becomes: Becomes
    each: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2}$")] = "MSH"
    group: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9]{2})?$")] = ""
    when: tuple[Condition, ...] = ()
    cancels_when: Condition | None = None
    fields: Fields = Fields()

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        missing = [name for name in NEEDED[self.becomes] if not getattr(self.fields, name)]
        if missing:
            raise ValueError(f"fields: {', '.join(missing)} missing; a {self.becomes} cannot be booked without")
        if self.cancels_when and self.becomes is not Becomes.ORDER:
            raise ValueError("cancels_when: only an order can be cancelled")
        conditions = [*self.when, *([self.cancels_when] if self.cancels_when else [])]
        for condition in conditions:
            parse_path(condition.path)
        for name, written in self.fields:
            for each in paths_of(written):
                if not each.startswith(LITERAL):
                    path = parse_path(each)
                    if name == "item" and path.component:
                        raise ValueError(f"fields.item: write {path.segment}-{path.field}: the whole field is read")
        return self


class FieldMap(_Part):
    """The whole file."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    charset: Literal["ascii", "utf-8", "iso-8859-1", "cp1252"] = "ascii"
    zone: str = ""
    processing_ids: tuple[str, ...] = ("P",)
    quantity_unit: Unit | None = None
    systems: dict[str, CodeSystem] = {}
    units: dict[str, Unit] = {}
    places: dict[str, str] = {}
    items: dict[str, str] = {}
    messages: tuple[MessageEntry, ...]

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if not self.messages:
            raise ValueError("messages: write at least one entry [[messages]]")
        if self.zone:
            try:
                zone_named(self.zone)
            except UnknownZoneError as error:
                raise ValueError(f"zone: {error}") from error
        for number, entry in enumerate(self.messages, start=1):
            fields = entry.fields
            if fields.quantity and not fields.unit and self.quantity_unit is None:
                raise ValueError(
                    f"messages, entry {number}: nothing says what its quantity counts; write fields.unit, or "
                    'quantity_unit = "base" or "pack" for all of them'
                )
            if fields.item and not self.systems:
                raise ValueError('systems: write which coding systems name items, as NDC = "ndc"')
        return self

    def entries_of(self, type_: str) -> tuple[MessageEntry, ...]:
        """What is said of a type of message."""
        return tuple(entry for entry in self.messages if entry.type in (type_, type_.partition("^")[0]))


class MapFault(ValueError):
    """A file is no field map; ``faults`` are what to mend, one a line."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def load_map(text: str, *, name: str = "the field map") -> FieldMap:
    """The field map in a TOML text. Raises ``MapFault`` with every fault at once."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapFault((f"{name} is not TOML: {error}",)) from error
    try:
        return FieldMap.model_validate(raw)
    except ValidationError as error:
        raise MapFault(tuple(_told(name, fault) for fault in error.errors())) from error


_INSTEAD = {"missing": "add it", "extra_forbidden": "remove it or correct its spelling"}


def _told(name: str, fault: Any) -> str:
    keys = [f"{key + 1}" if isinstance(key, int) else str(key) for key in fault["loc"]]
    message = str(fault["msg"]).removeprefix("Value error, ")
    instead = _INSTEAD.get(fault["type"])
    where = f"{name}: {'.'.join(keys)}: " if keys else f"{name}: "
    return where + message + (f"; {instead}" if instead else "")


def paths_of(written: Paths) -> tuple[str, ...]:
    """What stands at a key, as a list."""
    return (written,) if isinstance(written, str) else written


def field_paths(written: Paths) -> Iterator[FieldPath | str]:
    """Paths in their order; a literal as its text."""
    for each in paths_of(written):
        yield each.removeprefix(LITERAL) if each.startswith(LITERAL) else parse_path(each)
