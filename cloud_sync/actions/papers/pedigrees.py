"""The pedigree of a lot or a unit: what makers told, who had it, transaction documents, and the ledger's signature."""

import base64
import json
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.actions.papers.lots import id_of, lot_row, site_of_lot
from cloud_sync.actions.quality.trace import trace
from cloud_sync.actions.serials.units import unit_row
from cloud_sync.domain.trace import Direction
from cloud_sync.interop.epcis.identifiers import Gs1Id
from cloud_sync.papers.envelope import data_of, data_sha256
from cloud_sync.papers.kinds.pedigree import Pedigree
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case

ROWS_MAX = 2000
KIND = "pedigree"


def pedigree_of(database: Database, paper_id: str, at: datetime) -> Pedigree:
    """Of the lot with this id, or of ``ID:SERIAL``. Raises ``NotFound``."""
    number, _, serial = paper_id.partition(":")
    lot_id = id_of(number, "lot")
    with database.transaction() as connection:
        lot_row(connection, lot_id)
        if serial:
            unit_row(connection, lot_id, serial)
    traced = trace(database, lot_id, serial=serial, directions=frozenset({Direction.BACKWARD}))
    ends: list[dict[str, Any]] = json.loads(traced.backward.ends) if traced.backward else []
    with database.transaction() as connection:
        custody = list(
            queries("pedigree").custody_of_lot(connection, lot_id=lot_id, serial=serial, rows_max=ROWS_MAX + 1)
        )
        unsigned = Pedigree.model_validate({
            "site": site_of_lot(connection, lot_id), "lot": lot_row(connection, lot_id), "serial": serial,
            "maker": told_of(connection, lot_id, serial), "custody": custody[:ROWS_MAX],
            "sources": [{**row, "place": row["from_place"]} for row in ends],
            "transactions": list(queries("pedigree").transactions_of_lot(connection, lot_id=lot_id, serial=serial)),
            "documents": list(queries("devices").documents_of_lots(connection, lot_ids=[lot_id])),
            "is_cut": traced.is_cut or len(custody) > ROWS_MAX, "is_held": bool(traced.lot["held"]),
        })  # fmt: skip
        return _signed(connection, unsigned, paper_id, at)


def shown(database: Database, paper_id: str, at: datetime) -> dict[str, Any]:
    """A pedigree as data: what the paper says, and what to check it by."""
    return data_of(pedigree_of(database, paper_id, at))


def signed_words(digest: str) -> bytes:
    """What the ledger signs."""
    return f"lotwarden pedigree\n{digest}\n".encode()


def _signed(connection: Connection, unsigned: Pedigree, paper_id: str, at: datetime) -> Pedigree:
    """With the key that the ledger had then, so that making it again gives the same."""
    keys_in(connection)
    row = queries("pedigree").key_of_ledger(connection, at=at)
    key = Ed25519PrivateKey.from_private_bytes(bytes(row["private_key"]))
    digest = data_sha256(KIND, paper_id, data_of(unsigned))
    return unsigned.model_copy(update={
        "digest": digest,
        "key": base64.b64encode(bytes(row["public_key"])).decode(),
        "signature": base64.b64encode(key.sign(signed_words(digest))).decode(),
    })  # fmt: skip


def told_of(connection: Connection, lot_id: int, serial: str) -> list[dict[str, Any]]:
    """Events of partners that name the unit, or the lot."""
    row = queries("epcis").lot_named(connection, lot_id=lot_id)
    case = code_of_case(serial) if serial else None
    gtins = [case] if case and case.isdigit() else row["gtins"]
    own = serial.rpartition("(21)")[2] if case else serial
    keys = [Gs1Id("01", gtin, "21", own).uri for gtin in gtins] if serial else []
    keys += [Gs1Id("01", gtin, "10", row["lot_number"]).uri for gtin in row["gtins"]]
    if not serial:
        keys += [Gs1Id("01", gtin, "21", each).uri for gtin in row["gtins"] for each in row["serials"]]
    events = queries("epcis").captured_naming(connection, keys=keys, rows_max=ROWS_MAX)
    return sorted(
        (
            {
                "at": event["at"], "step": _word(event["body"].get("bizStep", event["body"]["type"])),
                "place": _word(event["body"].get("bizLocation", event["body"].get("readPoint", {})).get("id", "")),
                "told_by": event["told_by"], "event_id": event["event_id"],
            }
            for event in events
        ),
        key=lambda event: (event["at"], event["event_id"]),
    )  # fmt: skip


def _word(text: str) -> str:
    """The last part of a name of CBV: ``urn:epcglobal:cbv:bizstep:shipping`` is shipping; addresses stay."""
    return text if "//" in text else text.rpartition(":")[2]
