"""Answers of the FHIR door: resources as ``application/fhir+json``, errors as OperationOutcome."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import Response

from cloud_sync.errors import LedgerError
from cloud_sync.interop.hospital.fhir_search import outcome

PREFIX = "/fhir/"
MEDIA_TYPE = "application/fhir+json"
CODES = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported",
    409: "conflict", 413: "too-long", 422: "processing", 429: "throttled", 503: "transient",
}  # fmt: skip
"""FHIR's code of an issue, by the status of HTTP."""


class FhirRefused(LedgerError):
    """A request that FHIR has a status of its own for. ``more`` are further issues: text, code, where."""

    what_to_do = "See /fhir/R4/metadata for what this server offers."

    def __init__(self, status: int, error: str, code: str, *, more: Sequence[tuple[str, str, str]] = ()) -> None:
        super().__init__(error)
        self.status = status
        self.code = code
        self.more = more


def answer(resource: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A resource."""
    content = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
    return Response(content, status, headers, f"{MEDIA_TYPE}; charset=utf-8")


def refused(status: int, error: str, what_to_do: str, headers: dict[str, str] | None = None) -> Response:
    """An error."""
    return answer(outcome(f"{error}. {what_to_do}", CODES.get(status, "processing")), status, headers)


def refused_by_fhir(error: FhirRefused) -> Response:
    """A :class:`FhirRefused`."""
    return answer(outcome(str(error), error.code, more=error.more), error.status)


def answers_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of an endpoint for OpenAPI: those every endpoint has, and ``statuses``."""
    schema = {MEDIA_TYPE: {"schema": {"type": "object", "required": ["resourceType"]}}}
    titles = {
        200: "The resource, or a Bundle of them",
        201: "It is new",
        202: "Kept; an exception says why it is not booked",
        400: "The search or the body is not well-formed",
        401: "No token, or an unknown one",
        403: "The role may not do this",
        404: "No such thing",
        406: "Only JSON is given",
        409: "It contradicts what the ledger holds",
        413: "Too large",
        422: "The resource breaks a rule of FHIR or of the ledger",
        503: "The database does not answer",
    }
    every = (200, 401, 403, 422, 503, *statuses)
    return {status: {"description": titles[status], "content": schema} for status in every}
