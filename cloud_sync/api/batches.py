"""The HTTP door for gateways."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.responses import JSONResponse

from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner
from cloud_sync.api.access import ApiRoute, Ledger
from cloud_sync.api.problems import answers, problem
from cloud_sync.api.schemas.common import Schema
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome, BatchReceipt
from cloud_sync.ingest.turns import Turns
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.receipts import Answer
from edge_agent.domain.wire.wire import WireError, split_units

UNITS_MAX = 1000
"""Batches in one message."""
GENUINE = (BatchOutcome.STORED, BatchOutcome.DUPLICATE)

_turns = Turns()

router = APIRouter(tags=["gateways"], route_class=ApiRoute)


class ReceiptOut(Schema):
    """What became of one batch. A gateway may forget a batch that is stored or a duplicate."""

    digest: str = Field(description="SHA-256 of the batch, 64 hex digits.")
    outcome: str = Field(
        description="stored, duplicate, or why it was not: refused, unknown, unread (of a later version), fork.",
        examples=["stored"],
    )
    reason: str = Field(description="In words, where it was not stored.", examples=[""])


class HandoverOut(Schema):
    """How the ledger came to its key: the one before (`by`) signed for it."""

    key: str
    by: str
    signature: str = Field(description="In base64, over three lines: `lotwarden handover 1`, by, key.")


class ReceiptsOut(Schema):
    """Receipts in the order of the batches."""

    receipts: Annotated[list[ReceiptOut], Field()]
    key: str = Field(description="The ledger's Ed25519 public key, 32 bytes in base64.")
    signature: str = Field(
        description="In base64, over two lines: `lotwarden receipts 1`, and the JSON array of [digest, outcome, "
        "reason] of each receipt, without spaces, anything but ASCII as `\\uXXXX`. A gateway that knows the ledger's "
        "key forgets nothing without it."
    )
    handovers: list[HandoverOut]
    protocols: list[int] = Field(description="Versions of batches that this ledger reads; of before, if left out: 1.")


@router.post(
    "/batches",
    summary="Send signed batches",
    response_model=ReceiptsOut,
    responses={key: value for key, value in answers(400, 413).items() if key not in (401, 403)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "Batches, each with its length before it (4 bytes big-endian).",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send_batches(request: Request, database: Ledger) -> JSONResponse:
    """Take in batches of gateways. The signature of each batch is the credential; no token is needed.

    Nothing is acknowledged unless it is durably stored. After 503 or a lost answer, send the same again: what was
    stored is acknowledged as a duplicate.
    """
    try:
        units = split_units(await request.body(), UNITS_MAX)
    except WireError as error:
        return problem(400, error.reason, "Nothing was stored. Send the whole message again.")
    if len(units) > UNITS_MAX:
        return problem(413, f"more than {UNITS_MAX} batches in one message", f"Send at most {UNITS_MAX} at once.")
    receipts, answer = await run_in_threadpool(_store, database, request.app.state.sign_receipts, units)
    if request.client is not None and any(each.outcome in GENUINE for each in receipts):
        request.app.state.doorkeeper.know(request.client.host)
    return JSONResponse(answer)


def _store(database: Database, sign: ReceiptSigner, units: tuple[bytes, ...]) -> tuple[list[BatchReceipt], Answer]:
    with _turns.taken():
        receipts = store_batches(database, units)
    answer = sign({"digest": r.digest, "outcome": str(r.outcome), "reason": r.reason or ""} for r in receipts)
    return receipts, answer
