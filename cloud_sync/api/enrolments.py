"""The door for gateways that are not known yet."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from cloud_sync.actions.gateways.enrolment import Enrolment, enrol
from cloud_sync.api.access import ApiRoute, Ledger, Now
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Name, Schema
from cloud_sync.errors import NotFound

router = APIRouter(tags=["gateways"], route_class=ApiRoute)


class EnrolmentIn(Schema):
    """A gateway's name and public key, its one-time code, and the proof that it has the private key."""

    model_config = ConfigDict(extra="forbid")

    gateway: Name = Field(examples=["gw-cold-1"])
    public_key: Annotated[str, Field(max_length=100, description="Ed25519 public key, 32 bytes in base64.")]
    code: Annotated[str, Field(max_length=100, description="From `cloud-sync gateway invite`.")]
    proof: Annotated[
        str,
        Field(
            max_length=100,
            description="Ed25519 signature in base64 over four lines: `lotwarden enrolment 1`, the name, the public "
            "key, the code without dashes.",
        ),
    ]


class EnrolledOut(Schema):
    """The gateway as the ledger knows it now."""

    name: str
    public_key: str
    ledger_key: str = Field(description="The public key with which this ledger signs receipts, 32 bytes in base64.")


@router.post(
    "/enrolments",
    summary="Enrol a gateway with a one-time code",
    status_code=201,
    response_model=EnrolledOut,
    responses={key: value for key, value in answers(409, 429).items() if key != 401},
)
def create_enrolment(request: EnrolmentIn, asked: Request, database: Ledger, now: Now) -> dict[str, object]:
    """Believe a gateway's batches from now on. The code is the credential; no token is needed."""
    address = asked.client.host if asked.client is not None else ""
    return enrol(database, Enrolment(**request.model_dump()), now=now, address=address)


@router.get(
    "/authority",
    summary="The ledger's own certificate authority",
    response_class=Response,
    responses={
        200: {"content": {"application/x-pem-file": {}}, "description": "Its certificate in PEM."},
        **{key: value for key, value in answers(404).items() if key not in (401, 403)},
    },
)
def read_authority(asked: Request) -> Response:
    """What a gateway compares with the fingerprint of its invitation before it trusts it. Public."""
    authority: bytes | None = asked.app.state.authority
    if authority is None:
        raise NotFound("this ledger has no authority of its own", "Its certificate is another authority's.")
    return Response(authority, media_type="application/x-pem-file")
