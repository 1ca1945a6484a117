"""A document of events as a value, and its JSON-LD notation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from cloud_sync.interop.epcis.checks import is_uri, time
from cloud_sync.interop.epcis.rules import FIELDS, Event
from cloud_sync.interop.epcis.vocabulary import CONTEXT, PREFIXES

DOCUMENT = "EPCISDocument"
QUERY_DOCUMENT = "EPCISQueryDocument"
BYTES_MAX = 16 << 20
"""Of one document."""
EVENTS_MAX = 100_000
"""In one document."""

_OWN_FIELDS = frozenset(
    {
        "@context",
        "id",
        "type",
        "schemaVersion",
        "creationDate",
        "instanceIdentifier",
        "sender",
        "receiver",
        "epcisHeader",
        "epcisBody",
    }
)
_NEEDED = ("@context", "schemaVersion", "creationDate")


class UnreadableError(Exception):
    """Bytes that are no document of events. ``str()`` says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Document:
    """Events in their order, with all that the document says around them.

    ``fields`` are those of the document but for its body; ``results`` those of the query results of a query document
    but for the events; ``body`` what the body has beside them.
    """

    events: Sequence[Event]
    fields: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type of document."""
        return str(self.fields.get("type", DOCUMENT))

    @property
    def prefixes(self) -> dict[str, str]:
        """Namespaces of extensions by prefix, with those of the standard's own context."""
        return prefixes_of(self.fields.get("@context"))

    @property
    def fault(self) -> str:
        """What is wrong with the document itself, '' if nothing is; events are looked at one by one."""
        for name in _NEEDED if self.kind == DOCUMENT else ("@context",):
            if name not in self.fields:
                return f"{name}: is missing"
        if "creationDate" in self.fields and (fault := time(self.fields["creationDate"])):
            return f"creationDate{fault}"
        for name in self.fields:
            if name not in _OWN_FIELDS and not is_uri(name):
                return f"{name}: a document has no such field, and it has no prefix of an extension"
        return ""


def prefixes_of(context: object) -> dict[str, str]:
    """The namespaces that a ``@context`` declares, by prefix, and those of the standard's own."""
    found = dict(PREFIXES)
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, dict):
            found |= {prefix: uri for prefix, uri in part.items() if isinstance(uri, str) and ":" not in prefix}
    return found


def read_json(content: bytes) -> Document:
    """The document that ``content`` is: of events, of query results, or a single event. Raises ``UnreadableError``."""
    if len(content) > BYTES_MAX:
        raise UnreadableError(f"the document is larger than {BYTES_MAX} bytes")
    try:
        said = from_json(content, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise UnreadableError(f"this is not JSON: {error}") from error
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise UnreadableError("this is no EPCIS document: it is no object with a type")
    return document_of(said)


def document_of(said: dict[str, Any]) -> Document:
    """:func:`read_json` of what was JSON."""
    if said["type"] not in (DOCUMENT, QUERY_DOCUMENT):
        return _of_single_event(said)
    fields = {name: value for name, value in said.items() if name != "epcisBody"}
    body = said.get("epcisBody")
    if not isinstance(body, dict):
        raise UnreadableError("epcisBody: is missing")
    if said["type"] == DOCUMENT:
        around = {name: value for name, value in body.items() if name != "eventList"}
        return Document(_events_of(body, "epcisBody"), fields, body=around)
    results = body.get("queryResults")
    inner = results.get("resultsBody") if isinstance(results, dict) else None
    if not isinstance(inner, dict):
        raise UnreadableError("epcisBody.queryResults.resultsBody: is missing")
    around = {name: value for name, value in inner.items() if name != "eventList"}
    named = {name: value for name, value in (results or {}).items() if name != "resultsBody"}
    return Document(_events_of(inner, "epcisBody.queryResults.resultsBody"), fields, named, around)


def as_data(document: Document) -> dict[str, Any]:
    """The document as JSON."""
    events = list(document.events)
    if document.kind == QUERY_DOCUMENT:
        results = {**(document.results or {}), "resultsBody": {**document.body, "eventList": events}}
        return {**document.fields, "epcisBody": {"queryResults": results}}
    if document.kind == DOCUMENT:
        return {**document.fields, "epcisBody": {**document.body, "eventList": events}}
    return {**document.fields, **document.events[0]}


def write_json(document: Document) -> bytes:
    """The document in JSON-LD."""
    return json.dumps(as_data(document), ensure_ascii=False, separators=(",", ":")).encode()


def with_context(events: Sequence[Event], prefixes: Mapping[str, str] | None = None, **fields: Any) -> Document:
    """A document of our own for these events. ``prefixes``: namespaces of extensions in them."""
    context: list[Any] = [CONTEXT]
    context += [{prefix: uri} for prefix, uri in (prefixes or {}).items() if PREFIXES.get(prefix) != uri]
    return Document(events, {"@context": context, "type": DOCUMENT, "schemaVersion": "2.0", **fields})


def _events_of(body: Mapping[str, Any], where: str) -> list[Event]:
    events = body.get("eventList")
    if not isinstance(events, list):
        raise UnreadableError(f"{where}.eventList: is missing")
    if len(events) > EVENTS_MAX:
        raise UnreadableError(f"{where}.eventList: more than {EVENTS_MAX} events in one document")
    return events


def _of_single_event(said: dict[str, Any]) -> Document:
    if said["type"] not in FIELDS and not is_uri(said["type"]):
        raise UnreadableError(f"type: {said['type']!r} is no type of document or event")
    event = {name: value for name, value in said.items() if name != "@context"}
    context = {"@context": said["@context"]} if "@context" in said else {}
    return Document([event], {**context, "type": said["type"]})
