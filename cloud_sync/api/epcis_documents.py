"""Events as answers: JSON-LD, or XML where that is asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from fastapi import Request, Response

from cloud_sync.actions.interop.epcis_answers import JSON_LD, answer_document
from cloud_sync.actions.interop.epcis_events import Found
from cloud_sync.errors import Invalid
from cloud_sync.interop.epcis.documents import Document, with_context, write_json
from cloud_sync.interop.epcis.facts import NAMESPACE, PREFIX
from cloud_sync.interop.epcis.vocabulary import CONTEXT
from cloud_sync.interop.epcis.xml_out import UnwritableError, write_xml
from cloud_sync.interop.epcis.xml_shape import Version

XML = "application/xml"
_ANY = {"schema": {"type": "object"}}
MEDIA: dict[str, Any] = {
    "description": "Events in JSON-LD, or in XML (1.2, or 2.0 with the header `GS1-EPCIS-Min: 2.0`).",
    "content": {JSON_LD: _ANY, "application/json": _ANY, XML: {"schema": {"type": "string"}}},
}
HASH_HEADER = "Lotwarden-Event-Hash"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the answer is to be written: ``version`` of XML, None for JSON. ``at`` is when it was asked for."""

    media_type: str
    version: Version | None
    at: str
    prefixes: frozenset[str]


async def wanted_by(request: Request) -> Wanted:
    """What a request accepts. XML is 1.2, which partners read today, unless they ask for 2.0."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
    at = request.app.state.clock().astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    prefix = request.app.state.label_settings.company_prefix
    prefixes = frozenset({prefix} if prefix else ())
    for media_type in accepted:
        if media_type in ("*/*", "application/*", JSON_LD):
            return Wanted(JSON_LD, None, at, prefixes)
        if media_type == "application/json":
            return Wanted(media_type, None, at, prefixes)
        if media_type in (XML, "text/xml"):
            lowest = request.headers.get("gs1-epcis-min", "")
            return Wanted(media_type, Version.V2_0 if lowest.startswith("2") else Version.V1_2, at, prefixes)
    raise Invalid(f"events are not written as {accepted[0]}", f"Accept {JSON_LD}, application/json or {XML}.")


def events_answer(found: Sequence[Found], wanted: Wanted, headers: Mapping[str, str], *, name: str) -> Response:
    """The answer of a query."""
    document = answer_document(found, at=wanted.at, name=name, with_hashes=wanted.version is None)
    return _answer(document, wanted, headers)


def event_answer(found: Found, wanted: Wanted, headers: Mapping[str, str]) -> Response:
    """One event by itself; XML has it in a document."""
    headers = {**headers, HASH_HEADER: found.hash}
    prefixes = {**found.prefixes, PREFIX: NAMESPACE}
    if wanted.version is not None:
        return _answer(with_context([found.event], prefixes, creationDate=wanted.at), wanted, headers)
    context = [CONTEXT, *({prefix: uri} for prefix, uri in prefixes.items())]
    body = json.dumps({"@context": context, **found.event}, ensure_ascii=False).encode()
    return Response(body, media_type=wanted.media_type, headers=dict(headers))


def _answer(document: Document, wanted: Wanted, headers: Mapping[str, str]) -> Response:
    if wanted.version is None:
        return Response(write_json(document), media_type=wanted.media_type, headers=dict(headers))
    try:
        body = write_xml(document, wanted.version, prefixes=wanted.prefixes)
    except UnwritableError as error:
        raise Invalid(f"XML cannot say it: {error}", f"Accept {JSON_LD}.") from error
    said = {**headers, "GS1-EPCIS-Version": wanted.version.value}
    return Response(body, media_type=wanted.media_type, headers=said)
