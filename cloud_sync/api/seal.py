"""The seal of the audit trail: checkpoints, tiles and proofs for whoever may read, and the door for witnesses."""

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from cloud_sync.api.access import ApiRoute, Ledger, Now, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import In, Name, Schema
from cloud_sync.api.signed_requests import AskingGateway, Signed, not_genuine
from cloud_sync.errors import NotFound, NotKnown
from cloud_sync.seal import publishing, witnesses
from edge_agent.domain.seal.witnessing import WITNESS_PATH

router = APIRouter(prefix="/seal", tags=["seal"], route_class=ApiRoute, responses=answers(404))

Size = Annotated[int, Query(ge=0, lt=2**63, description="Leaves of the tree that was seen before.")]
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
_NUMBER = re.compile(r"((?:x[0-9]{3}/){0,5})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class HandoverOut(Schema):
    """How the ledger came to its key: the one before (`by`) signed for it."""

    key: str
    by: str
    signature: str


class ContinuationOut(Schema):
    """A signed checkpoint, and the proof that it goes on from an older tree."""

    checkpoint: str = Field(description="A signed note (C2SP tlog-checkpoint).")
    proof: list[str] = Field(description="Hashes of the consistency proof of RFC 6962, section 2.1.2, in base64.")


class EpochOut(Schema):
    """The ledger's word that it was restored, and its log goes on under another name."""

    words: str = Field(description="What is signed; see edge_agent/domain/seal/epochs.py.")
    by: str = Field(description="The ledger's key, base64.")
    signature: str = Field(description="Ed25519, base64.")


class ShownOut(ContinuationOut):
    """The same for a witness."""

    handovers: list[HandoverOut]
    epochs: list[EpochOut] = Field(description="The restores from backups since the log that the gateway saw.")


class WitnessOut(Schema):
    """How far a gateway has witnessed the log."""

    gateway: str
    size: int
    at: datetime = Field(description="By the gateway's own clock.")


class SealOut(Schema):
    """How far the ledger is sealed."""

    origin: str
    size: int
    root: str
    at: datetime
    ledger_key: str
    witnesses: list[WitnessOut]


class CosignatureIn(In):
    """A gateway's signature of a checkpoint."""

    gateway: Name
    size: Annotated[int, Field(ge=0, lt=2**63)]
    line: Annotated[str, Field(max_length=400, description="As C2SP tlog-cosignature writes it.")]


@router.get("", summary="See how far the ledger is sealed", response_model=SealOut)
def get_seal(database: Ledger, _: Reader) -> Any:
    """The latest checkpoint, and how far each gateway has witnessed."""
    return witnesses.seal_status(database)


@router.get("/checkpoint", summary="Fetch the latest checkpoint", response_class=PlainTextResponse)
def get_checkpoint(database: Ledger, _: Reader) -> str:
    """The signed note, and the cosignatures of gateways to it."""
    return publishing.latest_note(database)


@router.get("/consistency", summary="Prove that the log goes on", response_model=ContinuationOut)
def get_consistency(database: Ledger, _: Reader, from_size: Size) -> Any:
    """The latest checkpoint, and the proof that it contains the tree of that many leaves."""
    return publishing.continuation(database, from_size)


@router.get(
    "/tile/entries/{number:path}", summary="Fetch a bundle of entries", response_class=Response, responses=BINARY
)
def get_entries(database: Ledger, _: Reader, number: Annotated[str, Path(max_length=40)]) -> Response:
    """256 entries, or the first of them (`.p/W`), each with its length before it (C2SP tlog-tiles)."""
    return _binary(publishing.entries(database, *_tile_of(number)))


@router.get("/tile/{level}/{number:path}", summary="Fetch a tile of hashes", response_class=Response, responses=BINARY)
def get_tile(
    database: Ledger, _: Reader, level: Annotated[int, Path(ge=0, le=6)], number: Annotated[str, Path(max_length=40)]
) -> Response:
    """256 hashes of a level, or the first of them (`.p/W`) (C2SP tlog-tiles)."""
    tile, width = _tile_of(number)
    return _binary(publishing.tile(database, level, tile, width))


@router.get("/witness", summary="Fetch what a witness is shown", response_model=ShownOut)
def get_witness(
    request: Request,
    database: Ledger,
    now: Now,
    signed: Signed,
    from_size: Size = 0,
    origin: Annotated[str, Query(max_length=200, description="The log that it saw last, from its checkpoint.")] = "",
    gateway: AskingGateway = None,
) -> Any:
    """The latest checkpoint, and how it goes on from what the gateway saw. Its signature is the credential."""
    asked = signed.of(gateway, WITNESS_PATH)
    try:
        return witnesses.checkpoint_for(database, asked, from_size, origin, now=now)
    except NotKnown as error:
        return not_genuine(request, error, now)


@router.post(
    "/cosignatures",
    summary="Witness a checkpoint",
    status_code=204,
    responses={key: value for key, value in answers(404).items() if key not in (401, 403)},
)
def add_cosignature(said: CosignatureIn, database: Ledger) -> None:
    """A gateway has seen that the log goes on. The signature itself is the credential; no token is needed."""
    witnesses.add_cosignature(database, said.gateway, said.size, said.line)


def _tile_of(number: str) -> tuple[int, int]:
    found = _NUMBER.fullmatch(number)
    if found is None:
        raise NotFound("there is no such tile", "Write its number as C2SP tlog-tiles does: x001/x234/067, or 000.p/7.")
    return int(found[1].replace("x", "").replace("/", "") + found[2]), int(found[3] or 256)


def _binary(raw: bytes) -> Response:
    return Response(raw, media_type="application/octet-stream")
