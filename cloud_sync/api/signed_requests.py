"""Requests of gateways that need no token: the gateway's signature, in four headers, is the credential."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from pydantic import StringConstraints
from starlette.responses import JSONResponse

from cloud_sync.actions.gateways.desk import Asked
from cloud_sync.api.problems import note_refusal, problem
from cloud_sync.api.schemas.common import Name
from cloud_sync.errors import NotKnown
from edge_agent.domain.wire.request_signing import (
    GATEWAY_HEADER,
    NONCE_HEADER,
    NOW_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    written,
)

HeaderText = Annotated[str, StringConstraints(max_length=200)]
AskingGateway = Annotated[Name | None, Query(description="The gateway's name.")]


@dataclass(frozen=True, slots=True)
class RequestSignature:
    """What the headers say of who asks; nothing of it is proven yet."""

    gateway: str
    at: str
    nonce: str
    signature: str

    def over(self, method: str, path: str) -> Asked:
        """The credentials of a request to this path."""
        return Asked(self.gateway, self.at, self.nonce, self.signature, method, path)

    def of(self, gateway: str | None, path: str) -> Asked:
        """The credentials of fetching this path for ``gateway``, which asks for itself only."""
        asked = self.over("GET", path)
        return asked if self.gateway == gateway else Asked("", asked.at, asked.nonce, asked.signature, "GET", path)


def _signature(
    signed_by: Annotated[HeaderText, Header(alias=GATEWAY_HEADER)] = "",
    at: Annotated[HeaderText, Header(alias=TIME_HEADER)] = "",
    nonce: Annotated[HeaderText, Header(alias=NONCE_HEADER)] = "",
    signature: Annotated[HeaderText, Header(alias=SIGNATURE_HEADER)] = "",
) -> RequestSignature:
    return RequestSignature(signed_by, at, nonce, signature)


Signed = Annotated[RequestSignature, Depends(_signature)]


def not_genuine(request: Request, error: NotKnown, now: datetime) -> JSONResponse:
    """Refuse whoever is not known. A gateway whose clock is not set yet learns the time from here, and asks again."""
    note_refusal(request, str(error))
    return problem(401, str(error), error.what_to_do, {NOW_HEADER: written(now)})
