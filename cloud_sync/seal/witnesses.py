"""Gateways as witnesses: each is shown how the log goes on from what it saw, and says so by a signature.

A gateway cosigns one history only. So an administrator of the ledger who makes up another one finds no witness for it.
"""

import base64
import logging
from datetime import datetime
from typing import Any

from cloud_sync.actions.gateways.desk import Asked, genuine_gateway
from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.seal.epochs import Origins, origin_in
from cloud_sync.seal.publishing import last_checkpoint, proof_of_continuation
from cloud_sync.seal.verification import cosigned_at, is_cosignature
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.seal.epochs import EPOCHS_MAX, epoch_of
from edge_agent.domain.seal.notes import Checkpoint

log = logging.getLogger(__name__)


def checkpoint_for(
    database: Database, asked: Asked, from_size: int, origin: str = "", *, now: datetime
) -> dict[str, Any]:
    """The latest checkpoint for a gateway that saw ``from_size`` leaves of the log ``origin`` last, with the proof that
    it goes on. If that log ended with a restore, the proof goes from there, and the epochs since say so.

    If the gateway saw more than there is, this ledger was set back: a case says so, and the gateway judges for itself.
    Raises ``NotKnown`` for a request that is not genuine, ``NotFound`` before the first checkpoint.
    """
    with database.transaction() as connection:
        genuine_gateway(connection, asked, now)
    with database.transaction() as connection:
        last = last_checkpoint(connection)
        since = _since(connection, origin)
        came_back = since[0]["restored_size"] if since else last["size"]
        if from_size > came_back:
            _note_set_back(connection, asked.gateway, from_size, came_back)
        proof = proof_of_continuation(connection, min(from_size, came_back, last["size"]), last["size"])
        return {
            "checkpoint": last["note"],
            "proof": [base64.b64encode(each).decode() for each in proof],
            "handovers": [dict(each) for each in keys_in(connection).handovers],
            "epochs": [
                {
                    "words": each["statement"],
                    "by": base64.b64encode(bytes(each["public_key"])).decode(),
                    "signature": base64.b64encode(bytes(each["signature"])).decode(),
                }
                for each in since[-EPOCHS_MAX:]
            ],
        }


def _since(connection: Connection, origin: str) -> list[Row]:
    """The restores since the log had this name; none if it has it now, or was never named so."""
    epochs = list(Origins(connection).epochs)
    ended = [at for at, row in enumerate(epochs) if epoch_of(row["statement"]).restored.origin == origin]
    return epochs[ended[0] :] if ended else []


def add_cosignature(database: Database, gateway: str, size: int, line: str) -> None:
    """Keep a gateway's cosignature of the checkpoint of ``size`` leaves. The signature is the credential.

    Raises ``NotFound`` if there is no such gateway or checkpoint, ``Invalid`` if it is not this gateway's signature.
    """
    with database.transaction() as connection:
        known: Row | None = queries("seal").gateway_to_witness(connection, name=gateway)
        checkpoint: Row | None = queries("seal").checkpoint_of_size(connection, size=size)
        if known is None or checkpoint is None:
            raise NotFound("there is no such gateway or checkpoint", "Ask for the latest checkpoint and cosign that.")
        signed = Checkpoint(Origins(connection).at(size), size, bytes(checkpoint["root"]))
        key = bytes(known["public_key"])
        if not is_cosignature(line, gateway, key, signed):
            raise Invalid("this is not a cosignature of that checkpoint by this gateway", "See C2SP tlog-cosignature.")
        queries("seal").add_cosignature(
            connection, size=size, gateway_id=known["id"], public_key=key, line=line.rstrip("\n") + "\n"
        )


def seal_status(database: Database) -> dict[str, Any]:
    """How far the ledger is sealed, and how far each gateway has witnessed it. Raises ``NotFound`` before the first."""
    with database.transaction() as connection:
        last = last_checkpoint(connection)
        witnesses = queries("seal").witnesses(connection)
        return {
            "origin": origin_in(connection),
            "size": last["size"],
            "root": base64.b64encode(bytes(last["root"])).decode(),
            "at": last["at"],
            "ledger_key": keys_in(connection).public_key,
            "witnesses": [{**each, "at": cosigned_at(each["line"])} for each in witnesses],
        }


def _note_set_back(connection: Connection, gateway: str, seen: int, size: int) -> None:
    text = (
        f"gateway {gateway} has seen {seen} sealed rows, and this ledger holds {size}: it was set back to an older "
        "state. Find out who restored which backup, and what is missing since"
    )
    log.error("%s", text)
    open_case(connection, Case("seal_set_back", f"gateway:{gateway}", text, data={"seen": seen, "size": size}))
