"""Transaction information and statement: who sold which product to whom (21 USC 360eee (26) and (27)).

The same value is what comes in, what goes out, and what is kept: as JSON (:func:`encode`, :func:`decode`), the same
bytes for the same value.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from cloud_sync.domain.master_records import LOT_NUMBER, as_day

FORMAT = "lotwarden-dscsa-1"
LINES_MAX = 5_000
SERIALS_MAX = 100_000
CONTAINERS_MAX = 10**9
SHIPPED_LATER_DAYS = 1
"""The date of shipment is told when it is more than 24 hours after the transaction."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300, strip_whitespace=True)]
Reference = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=100, strip_whitespace=True)]
Gln = Annotated[str, StringConstraints(pattern=r"^([0-9]{13})?$")]
Day = Annotated[date, BeforeValidator(as_day)]
Serial = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=100)]

STATEMENTS: dict[str, str] = {
    "is_authorized": "it is authorized as required by the act",
    "received_from_authorized": "it received the product from a person that is authorized",
    "received_information": "it received transaction information and a transaction statement from the prior owner",
    "did_not_ship_suspect": "it did not knowingly ship a suspect or illegitimate product",
    "had_systems": "it had systems and processes in place to comply with verification requirements",
    "did_not_provide_false": "it did not knowingly provide false transaction information",
    "did_not_alter_history": "it did not knowingly alter the transaction history",
}
"""What the entity that transfers ownership states, (A) to (G), in words."""


class Value(BaseModel):
    """Base of the parts: unknown fields are faults, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(Value):
    """A business with its address: who sells, or who buys."""

    name: Text
    street: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Text = ""
    country: Text = "US"
    gln: Gln = Field("", description="Global Location Number, if it has one.")

    @property
    def address(self) -> str:
        """The address in one line; empty if there is none."""
        town = " ".join(part for part in (self.state, self.postal_code) if part)
        return ", ".join(part for part in (self.street, self.city, town, self.country) if part)

    @property
    def is_complete(self) -> bool:
        """Whether it has a name and an address."""
        return bool(self.name and self.street and self.city)


class Line(Value):
    """Containers of one lot of a product. ``serials``: those of the packages, where they are told."""

    product_name: Text
    strength: Text = ""
    dosage_form: Text = ""
    ndc: Text = ""
    container_size: Text = ""
    containers: Annotated[int, Field(ge=1, le=CONTAINERS_MAX, strict=True)]
    lot_number: Annotated[str, StringConstraints(pattern=LOT_NUMBER, max_length=100)]
    expires_on: Day | None = None
    gtin: Annotated[str, StringConstraints(pattern=r"^([0-9]{14})?$")] = ""
    serials: Annotated[tuple[Serial, ...], Field(max_length=SERIALS_MAX)] = ()


class Statement(Value):
    """What the seller states, item by item; a statement that leaves one out is none."""

    is_authorized: bool
    received_from_authorized: bool
    received_information: bool
    did_not_ship_suspect: bool
    had_systems: bool
    did_not_provide_false: bool
    did_not_alter_history: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """What it does not state, in words."""
        return tuple(words for name, words in STATEMENTS.items() if not getattr(self, name))


def _each_serial_once(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    seen: set[tuple[str, str]] = set()
    for line in lines:
        for serial in line.serials:
            key = (line.gtin or line.ndc, serial)
            if key in seen:
                raise ValueError(f"serial {serial} stands there twice")
            seen.add(key)
    return lines


class Transaction(Value):
    """Transaction information and statement of one shipment. ``reference`` is the seller's own number of it."""

    format: Literal["lotwarden-dscsa-1"] = "lotwarden-dscsa-1"
    reference: Annotated[Reference, Field(min_length=1)]
    order: Reference = Field("", description="The buyer's order.")
    transaction_on: Day
    shipped_on: Day | None = Field(None, description="If more than 24 hours after the transaction.")
    seller: Party
    buyer: Party
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=LINES_MAX), AfterValidator(_each_serial_once)]
    statement: Statement | None = None

    @property
    def serial_count(self) -> int:
        """Serials of all lines."""
        return sum(len(line.serials) for line in self.lines)


OF_PRODUCT = {
    "product_name": "name of the product",
    "strength": "strength",
    "dosage_form": "dosage form",
    "ndc": "National Drug Code",
    "container_size": "container size",
}
"""What each line has to tell of its product, 21 USC 360eee (26)(A) to (D)."""


def faults_of(told: Transaction) -> tuple[str, ...]:
    """What the law asks for and this does not tell, in words; empty when it is complete.

    >>> party = Party(name="Acme", street="1 Main St", city="Austin")
    >>> line = Line(product_name="Insulin", strength="100 U/mL", dosage_form="injection", ndc="0002-8215-01",
    ...             container_size="10 mL vial", containers=5, lot_number="A1")
    >>> faults_of(Transaction(reference="S-1", transaction_on="2026-05-31", seller=party, buyer=party, lines=(line,)))
    ('there is no transaction statement',)
    """
    found: list[str] = []
    for word, party in (("seller", told.seller), ("buyer", told.buyer)):
        if not party.is_complete:
            found.append(f"the name or address of the {word} is missing")
    for number, line in enumerate(told.lines, start=1):
        lacks = [words for field, words in OF_PRODUCT.items() if not getattr(line, field)]
        if lacks:
            found.append(f"line {number} (lot {line.lot_number}) does not tell {', '.join(lacks)}")
        if line.serials and len(line.serials) > line.containers:
            found.append(
                f"line {number} (lot {line.lot_number}) names {len(line.serials)} serials of {line.containers}"
            )
    return (*found, *_faults_of_statement(told.statement))


def _faults_of_statement(statement: Statement | None) -> tuple[str, ...]:
    if statement is None:
        return ("there is no transaction statement",)
    return tuple(f"the seller does not state that {words}" for words in statement.missing)


def is_about(party: Party, ours: Sequence[Party]) -> bool:
    """Whether a party is one of ours: by GLN where both have one, by name and postal code otherwise.

    >>> us = Party(name="St Mary Pharmacy, Inc.", postal_code="78701", gln="0614141000012")
    >>> is_about(Party(name="ST. MARY PHARMACY INC", postal_code="78701-1234"), [us])
    True
    >>> is_about(Party(name="St Mary Pharmacy, Inc.", postal_code="78701", gln="0614141000029"), [us])
    False
    """
    return any(_is_same(party, each) for each in ours)


def _is_same(one: Party, other: Party) -> bool:
    if one.gln and other.gln:
        return one.gln == other.gln
    near = not (one.postal_code and other.postal_code) or one.postal_code[:5] == other.postal_code[:5]
    return _plain(one.name) == _plain(other.name) and near


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def encode(told: Transaction) -> bytes:
    """As JSON, the same bytes for the same value."""
    data = told.model_dump(mode="json")
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(content: bytes) -> Transaction:
    """What :func:`encode` wrote, or a partner in the same format. Raises ``pydantic.ValidationError``."""
    return Transaction.model_validate_json(content)
