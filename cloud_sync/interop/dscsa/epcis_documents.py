"""Transaction information and statement as a document of EPCIS, as partners in the United States exchange them.

After the implementation guideline of GS1 US for DSCSA: products and parties are master data in the header, beside the
transaction statement (``gs1ushc``); a shipping event from owner to owner names the units, and what was commissioned or
packed says of which lot they are, when they expire, and in which package they lie. We commission nothing that somebody
else made, so that our shipping events carry lot and expiry themselves, one event a lot.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, unquote

from pydantic import ValidationError

from cloud_sync.interop.dscsa.transaction import STATEMENTS, Line, Party, Statement, Transaction
from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.documents import Document, UnreadableError, with_context
from cloud_sync.interop.epcis.facts import own_name
from cloud_sync.interop.epcis.hierarchy import DEPTH_MAX, Master, content_of, masters_of
from cloud_sync.interop.epcis.identifiers import Gs1Id, as_urn, canonical, read_id
from cloud_sync.interop.epcis.rules import Event, faults_of
from cloud_sync.interop.epcis.sbdh import HEADER

NAMESPACE = "http://epcis.gs1us.org/hc/ns"
"""Of what GS1 US adds to EPCIS for the act."""
STATEMENT = "gs1ushc:dscsaTransactionStatement"
LEGAL_NOTICE = "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G)."
_MDA = "urn:epcglobal:cbv:mda#"
_PRODUCT: Mapping[str, str] = {
    "regulatedProductName": "product_name",
    "strengthDescription": "strength",
    "dosageFormType": "dosage_form",
    "netContentDescription": "container_size",
}
_PARTY: Mapping[str, str] = {
    "name": "name",
    "streetAddressOne": "street",
    "city": "city",
    "state": "state",
    "postalCode": "postal_code",
    "countryCode": "country",
}
_NDC, _NDC_TYPE = "additionalTradeItemIdentification", "additionalTradeItemIdentificationTypeCode"


def company_prefixes(told: Transaction, own: str) -> frozenset[str]:
    """The company prefixes with GS1 that are known: our own, and of drugs that of their labeler (03 and its code).

    >>> party = Party(name="Acme")
    >>> line = Line(product_name="x", ndc="0116-4023-16", gtin="50301164023160", containers=1, lot_number="A")
    >>> sorted(company_prefixes(Transaction(reference="1", transaction_on="2026-05-31", seller=party, buyer=party,
    ...                                     lines=(line,)), "0614141"))
    ['030116', '0614141']
    """
    found = {own} if own else set[str]()
    for line in told.lines:
        labeler, _, _ = line.ndc.partition("-")
        if labeler.isdigit() and line.gtin[1:].startswith(f"03{labeler}"):
            found.add(f"03{labeler}")
    return frozenset(found)


def document_of(
    told: Transaction, *, at: str, shipped_at: str, offset: str, prefixes: Collection[str] = ()
) -> Document:
    """The document; ``at`` and ``shipped_at`` are ISO 8601 in UTC, ``offset`` that of the place (``-05:00``).

    ``prefixes`` are for keys of master data, which readers of 1.2 know as URNs.
    """
    named = {_product_key(line): line for line in told.lines}
    vocabularies = [
        _vocabulary("EPCClass", {_as_said(key, prefixes): _product(line) for key, line in named.items()}),
        _vocabulary(
            "Location", {_as_said(_party_key(each), prefixes): _address(each) for each in (told.seller, told.buyer)}
        ),
    ]  # fmt: skip
    header: dict[str, Any] = {HEADER: _envelope(told, at), "epcisMasterData": {"vocabularyList": vocabularies}}
    if told.statement is not None:
        is_affirmed = not told.statement.missing
        header[STATEMENT] = {
            "gs1ushc:affirmTransactionStatement": "true" if is_affirmed else "false",
            "gs1ushc:legalNotice": LEGAL_NOTICE,
        }
    events = [_shipping(told, line, shipped_at, offset) for line in told.lines]
    return with_context(events, {"gs1ushc": NAMESPACE}, creationDate=at, epcisHeader=header)


def _envelope(told: Transaction, at: str) -> dict[str, Any]:
    def identifier(party: Party) -> dict[str, Any]:
        return {"sbdh:Identifier": {"@Authority": "GLN" if party.gln else "", "@value": party.gln or party.name}}

    return {
        "sbdh:HeaderVersion": "1.0",
        "sbdh:Sender": identifier(told.seller),
        "sbdh:Receiver": identifier(told.buyer),
        "sbdh:DocumentIdentification": {
            "sbdh:Standard": "EPCglobal",
            "sbdh:TypeVersion": "1.0",
            "sbdh:InstanceIdentifier": told.reference,
            "sbdh:Type": "Events",
            "sbdh:CreationDateAndTime": at,
        },
    }


def _vocabulary(kind: str, elements: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        "type": f"urn:epcglobal:epcis:vtype:{kind}",
        "vocabularyElementList": [
            {"id": key, "attributes": [{"id": _MDA + name, "attribute": text} for name, text in said.items() if text]}
            for key, said in elements.items()
        ],
    }


def _product(line: Line) -> dict[str, str]:
    ndc = {_NDC: line.ndc, _NDC_TYPE: "US_FDA_NDC" if line.ndc else ""}
    return {**ndc, **{word: getattr(line, field) for word, field in _PRODUCT.items()}}


def _address(party: Party) -> dict[str, str]:
    return {word: getattr(party, field) for word, field in _PARTY.items()}


def _product_key(line: Line) -> str:
    return Gs1Id("01", line.gtin).uri if line.gtin else own_name("product", line.ndc or line.product_name)


def _party_key(party: Party) -> str:
    return Gs1Id("414", party.gln).uri if party.gln else own_name("party", party.name)


def _as_said(key: str, prefixes: Collection[str]) -> str:
    found = read_id(key) if prefixes else None
    return key if found is None else as_urn(found, prefixes)


def _shipping(told: Transaction, line: Line, shipped_at: str, offset: str) -> Event:
    units = [Gs1Id("01", line.gtin, "21", serial).uri for serial in line.serials] if line.gtin else []
    loose = line.containers - len(units)
    lot = Gs1Id("01", line.gtin, "10", line.lot_number).uri if line.gtin else _product_key(line)
    seller, buyer = _party_key(told.seller), _party_key(told.buyer)
    event: dict[str, Any] = {
        "type": "ObjectEvent", "eventTime": shipped_at, "eventTimeZoneOffset": offset,
        **({"epcList": units} if units else {}), "action": "OBSERVE", "bizStep": "shipping",
        "disposition": "in_transit", "readPoint": {"id": seller},
        "bizTransactionList": [{"type": "desadv", "bizTransaction": _business("desadv", told.seller, told.reference)}],
        **({"quantityList": [{"epcClass": lot, "quantity": loose}]} if loose > 0 else {}),
        "sourceList": [{"type": "owning_party", "source": seller}],
        "destinationList": [{"type": "owning_party", "destination": buyer}],
        "cbvmda:lotNumber": line.lot_number,
    }  # fmt: skip
    if told.order:
        event["bizTransactionList"].append({"type": "po", "bizTransaction": _business("po", told.buyer, told.order)})
    if line.expires_on is not None:
        event["cbvmda:itemExpirationDate"] = line.expires_on.isoformat()
    return event


def _business(kind: str, party: Party, number: str) -> str:
    return f"urn:epcglobal:cbv:bt:{party.gln}:{quote(number, safe='')}" if party.gln else own_name(kind, number)


def transaction_of(document: Document) -> Transaction:
    """The transaction that a document tells of. Raises ``UnreadableError`` for one that is none, or several.

    What it leaves out of what the law asks for is left out of the transaction, too, which says so.
    """
    if document.fault:
        raise UnreadableError(document.fault)
    for number, event in enumerate(document.events, start=1):
        if faults := faults_of(event):
            raise UnreadableError(f"event {number}: {faults[0]}")
    shipped = [e for e in document.events if e["type"] == "ObjectEvent" and e.get("bizStep") == "shipping"]
    if not shipped:
        raise UnreadableError("there is no shipping event, so nobody says who sold to whom")
    header = document.fields.get("epcisHeader") or {}
    vocabulary = _attributes(header.get("epcisMasterData") or {})
    orders, references = _numbers(shipped, "po"), _numbers(shipped, "desadv") or _numbers(shipped, "inv")
    if len(references) > 1:
        raise UnreadableError(f"it tells of {len(references)} shipments: {', '.join(references[:5])}; send one each")
    try:
        return Transaction(
            reference=references[0] if references else str(shipped[0].get("eventID", ""))[-100:],
            order=orders[0] if orders else "",
            transaction_on=_local_day(shipped[0]),
            seller=_party(shipped, "sourceList", "source", vocabulary),
            buyer=_party(shipped, "destinationList", "destination", vocabulary),
            lines=tuple(_lines(document.events, shipped, vocabulary)),
            statement=_statement(header.get(STATEMENT) or shipped[0].get(STATEMENT)),
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise UnreadableError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error


Attributes = Mapping[str, Mapping[str, str]]
"""Master data by canonical key and the word behind the ``#``."""


def _attributes(master_data: Mapping[str, Any]) -> Attributes:
    found: dict[str, dict[str, str]] = {}
    for vocabulary in master_data.get("vocabularyList") or []:
        for element in vocabulary.get("vocabularyElementList") or []:
            said = found.setdefault(canonical(str(element.get("id", ""))), {})
            for each in element.get("attributes") or []:
                said[str(each.get("id", "")).rpartition("#")[2]] = _text(each.get("attribute"))
    return found


def _numbers(events: Iterable[Event], kind: str) -> list[str]:
    """The numbers of business transactions of a kind, each once."""
    said = [
        unquote(str(each["bizTransaction"]).rpartition(":")[2])
        for event in events
        for each in event.get("bizTransactionList", ())
        if each.get("type") == kind
    ]
    return list(dict.fromkeys(said))


def _local_day(event: Event) -> date:
    at = instant_of(event["eventTime"])
    zone = instant_of(f"2000-01-01T00:00:00{event['eventTimeZoneOffset']}")
    assert at is not None and zone is not None  # noqa: S101 - the rules have seen to it
    return at.astimezone(zone.tzinfo).date()


def _party(events: Sequence[Event], listed: str, member: str, vocabulary: Attributes) -> Party:
    said = [each for event in events for each in event.get(listed, ())]
    owners = [each for each in said if each.get("type") == "owning_party"] or said
    keys = list(dict.fromkeys(canonical(each[member]) for each in owners))
    if len(keys) != 1:
        raise UnreadableError(f"{listed} names {len(keys)} owners where there is one")
    gs1 = read_id(keys[0])
    gln = gs1.gln if gs1 is not None else ""
    # A party may stand in the header as a place: the same number under another identifier.
    same = (vocabulary[key] for key in vocabulary if gln and (other := read_id(key)) is not None and other.gln == gln)
    known = vocabulary.get(keys[0]) or next(same, {})
    fields = {field: known.get(word, "") for word, field in _PARTY.items()}
    return Party(**{name: text for name, text in fields.items() if text or name != "country"}, gln=gln)


def _lines(events: Sequence[Event], shipped: Sequence[Event], vocabulary: Attributes) -> list[Line]:
    masters = masters_of(events)
    groups: dict[tuple[str, Master], tuple[list[str], float]] = {}
    for event in shipped:
        own = Master(_text(event.get("cbvmda:lotNumber")), _text(event.get("cbvmda:itemExpirationDate"))[:10])
        for key, quantity in _goods(event, events).items():
            master = masters.get(key, Master())
            gs1 = read_id(key)
            lot = (gs1.lot if gs1 else "") or master.lot or own.lot
            if not lot:
                raise UnreadableError(f"{key}: nothing says of which lot it is")
            product = Gs1Id("01", gs1.gtin).uri if gs1 and gs1.gtin else key
            serials, loose = groups.setdefault((product, Master(lot, master.expires_on or own.expires_on)), ([], 0))
            if gs1 and gs1.serial:
                serials.append(gs1.serial)
            else:
                groups[product, Master(lot, master.expires_on or own.expires_on)] = (serials, loose + quantity)
    return [_line(key, master, serials, loose, vocabulary) for (key, master), (serials, loose) in groups.items()]


def _goods(event: Event, events: Sequence[Event]) -> dict[str, float]:
    """What was shipped, down to units and lots: packages are looked into."""
    found: dict[str, float] = {}
    waiting = [(canonical(key), 0) for key in event.get("epcList", ())]
    while waiting:
        key, depth = waiting.pop()
        content = content_of(key, events)
        if not content or depth >= DEPTH_MAX:
            if (gs1 := read_id(key)) is not None and gs1.sscc:
                raise UnreadableError(f"{key}: nothing says what is in this package")
            found[key] = 1
            continue
        waiting += [(each, depth + 1) for each in content.keys]
        for each, quantity in content.classes.items():
            found[each] = found.get(each, 0) + quantity
    for each in event.get("quantityList", ()):
        key = canonical(each["epcClass"])
        found[key] = found.get(key, 0) + each.get("quantity", 0)
    return found


def _line(key: str, master: Master, serials: list[str], loose: float, vocabulary: Attributes) -> Line:
    said, gs1 = vocabulary.get(key, {}), read_id(key)
    ndc = said.get(_NDC, "")
    if said.get(_NDC_TYPE) == "FDA_NDC_11" and len(ndc) == len("00116402316") and ndc.isdigit():
        ndc = f"{ndc[:5]}-{ndc[5:9]}-{ndc[9:]}"
    if loose != int(loose):
        raise UnreadableError(f"{key}: {loose} is no whole number of packages")
    return Line(
        **{field: said.get(word, "") for word, field in _PRODUCT.items()},
        ndc=ndc,
        containers=len(serials) + int(loose),
        lot_number=master.lot,
        expires_on=master.expires_on or None,
        gtin=gs1.gtin if gs1 else "",
        serials=tuple(sorted(serials)),
    )


def _statement(said: Any) -> Statement | None:
    affirmed = said.get("gs1ushc:affirmTransactionStatement") if isinstance(said, dict) else None
    is_affirmed = affirmed is True or _text(affirmed).lower() == "true"
    return Statement(**dict.fromkeys(STATEMENTS, True)) if is_affirmed else None


def _text(value: Any) -> str:
    value = value.get("@value") if isinstance(value, dict) else value
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)
