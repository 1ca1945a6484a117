"""Writes the evidence of one case as a zip that anybody can check offline, without this ledger and its software."""

import json
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from typing import Any, BinaryIO

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.domain.csv_text import csv_text
from cloud_sync.domain.personal_data import tokens_in
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.personal_data import values_of
from cloud_sync.seal.publishing import inclusion
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from cloud_sync.storage.tables import TABLES
from edge_agent.domain.seal.notes import opened_note

FORMAT = "lotwarden evidence 1"
ROWS_MAX = 100_000
KINDS = "excursion", "lot", "case"
README = """This is the evidence of {case}, as ledger {origin} held it on {made_at}.

report.pdf       for people
evidence.json    every row as it was sealed, with its place in the sealed tree, and the signed checkpoint
readings.csv     what the sensor measured, from an hour before to an hour after
batches/         what gateways signed, byte for byte
verify.py        checks all of it: python3 verify.py THIS.zip --key LEDGER_KEY

verify.py needs Python 3.11 and nothing else. Take it from your own copy of Lotwarden if you do not trust this file, and
the ledger's key from where you know it to be right (cloud-sync ledger-key show, or ledger.keys on a gateway).
"""


@dataclass(slots=True)
class _Scope:
    """What a case is about."""

    excursions: list[int] = field(default_factory=list)
    lots: list[int] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    @property
    def subjects(self) -> list[str]:
        named = ("excursion", self.excursions), ("lot", self.lots), ("case", self.cases)
        return [f"{kind}:{each}" for kind, ids in named for each in ids]


def write_evidence(database: Database, case: str, file: BinaryIO, *, now: datetime) -> dict[str, int]:
    """Write the evidence of ``excursion:ID``, ``lot:ID`` or ``case:ID`` to ``file``; gives how many rows and batches.

    Raises ``Invalid`` for another case, ``NotFound`` if nothing is known of it, ``Conflict`` while some of it is not
    sealed yet or if there are more than ``ROWS_MAX`` rows.
    """
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        scope = _scope(connection, case)
        rows = _rows(connection, scope)
        if not rows:
            raise NotFound(f"nothing is known of {case}", "Give the id of an excursion, a lot or a case: excursion:7.")
        evidence = _evidence(connection, rows)
        evidence |= {"case": case, "made_at": now.astimezone(UTC).isoformat(), "personal": _personal(connection, rows)}
        ids = [int(row["key"]) for row in rows if row["table"] == "evidence"]
        batches = list(queries("seal_evidence").raw_batches(connection, ids=ids))
        readings = [
            row for each in scope.excursions
            for row in queries("seal_evidence").readings_of_excursion(connection, excursion_id=each)
        ]  # fmt: skip
    from cloud_sync.seal.evidence_report import report_pdf  # the fonts of a report: long to load, and seldom wanted

    origin = opened_note(evidence["checkpoint"])[0].origin
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(case=case, origin=origin, made_at=evidence["made_at"]))
        archive.writestr("evidence.json", json.dumps(evidence, indent=1, ensure_ascii=False))
        archive.writestr("readings.csv", _csv(readings))
        for row in batches:
            archive.writestr(f"batches/{row['id']}-{row['gateway']}.lwb", bytes(row["raw"]))
        archive.writestr("report.pdf", report_pdf(evidence, readings, [row["id"] for row in batches]))
        archive.writestr("verify.py", (resources.files("cloud_sync.seal") / "offline_verifier.py").read_text("utf-8"))
    return {"rows": len(rows), "batches": len(batches), "readings": len(readings)}


def _scope(connection: Connection, case: str) -> _Scope:
    kind, _, number = case.partition(":")
    if kind not in KINDS or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Invalid(f"{case!r} is not a case", "Write excursion:ID, lot:ID or case:ID, as the event log has them.")
    scope = _Scope()
    if kind == "excursion":
        scope.excursions.append(int(number))
        lots = queries("seal_evidence").lots_of_excursion(connection, excursion_id=int(number))
        scope.lots += [row["lot_id"] for row in lots]
    elif kind == "lot":
        scope.lots.append(int(number))
    else:
        found = queries("seal_evidence").what_a_case_is_about(connection, case_id=int(number))
        if found is not None:
            scope.cases.append(found["id"])
            scope.lots += [found["lot_id"]] if found["lot_id"] else []
            scope.batches += [found["evidence_id"]] if found["evidence_id"] else []
    return scope


def _rows(connection: Connection, scope: _Scope) -> list[dict[str, Any]]:
    """The rows as they are, with their entries in the tree."""
    wanted: dict[str, list[Row]] = defaultdict(list)
    found = queries("seal_evidence").rows_of(
        connection,
        excursion_ids=scope.excursions,
        lot_ids=scope.lots,
        case_ids=scope.cases,
        evidence_ids=scope.batches,
        subjects=scope.subjects,
    )
    found = list(found)
    names = [row["row_key"] or str(row["row_id"]) for row in found]
    erasures = queries("seal_evidence").erasures_of(
        connection, tables=[row["of_table"] for row in found], row_names=names
    )
    known = {(row["of_table"], name) for row, name in zip(found, names, strict=True)}
    for row in (*found, *(each for each in erasures if (each["of_table"], str(each["row_id"])) not in known)):
        wanted[row["of_table"]].append(row)
    if sum(map(len, wanted.values())) > ROWS_MAX:
        raise Conflict(f"there are more than {ROWS_MAX} rows", "Export an excursion or a case instead of a whole lot.")
    rows = []
    for name, each in wanted.items():
        texts = queries("seal_evidence").sealed_texts(
            connection,
            of_table=name,
            left_out=list(TABLES[name].not_sealed),
            row_ids=[row["row_id"] for row in each if row["row_id"] is not None],
            row_keys=[row["row_key"] for row in each if row["row_key"] is not None],
        )
        rows += [
            {
                "table": name,
                "key": row["row_key"] or str(row["row_id"]),
                "text": row["text"],
                "salt": bytes(row["salt"] or b"").hex(),
                "entry": row["entry"],
                "seal_id": row["seal_id"],
            }
            for row in texts
        ]
    return rows


def _evidence(connection: Connection, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What ``evidence.json`` says; each of the rows gets its place and its proof."""
    seal_ids = [row.pop("seal_id") for row in rows]
    leaves = {row["id"]: row["leaf"] for row in queries("seal_evidence").leaf_numbers(connection, seal_ids=seal_ids)}
    best: Row | None = None
    if len(leaves) == len(set(seal_ids)):
        best = queries("seal_evidence").best_checkpoint(connection, size=max(leaves.values()) + 1)
    if best is None:
        raise Conflict(
            "some of this is not sealed yet",
            "The ledger seals it within a second while it runs (cloud-sync serve): try again in a moment.",
        )
    for row, seal_id in zip(rows, seal_ids, strict=True):
        row["index"] = leaves[seal_id]
        row["proof"] = [each.hex() for each in inclusion(connection, leaves[seal_id], best["size"])]
    lines = queries("seal").cosignature_lines(connection, size=best["size"])
    keys = keys_in(connection)
    first = keys.handovers[0]["by"] if keys.handovers else keys.public_key
    return {
        "format": FORMAT,
        "checkpoint": best["note"] + "".join(row["line"] for row in lines),
        "ledger_key": first,
        "handovers": [dict(each) for each in keys.handovers],
        "gateways": [dict(row) for row in queries("seal_evidence").gateway_keys(connection)],
        "rows": sorted(rows, key=lambda row: row["index"]),
    }


def _personal(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    """What the tokens in the rows stand for; of what was erased there is neither value nor salt."""
    tokens = sorted(tokens_in(row["text"] for row in rows))
    return [
        {
            "token": row["token"],
            "value": row["value"] if row["salt"] else None,
            "salt": bytes(row["salt"]).hex() if row["salt"] else None,
        }
        for row in values_of(connection, tokens)
    ]


def _csv(readings: list[Row]) -> str:
    rows: list[tuple[object, ...]] = [("at", "device", "metric", "value", "clock_synchronised", "batch")]
    for row in readings:
        at = row["at"].astimezone(UTC).isoformat()
        rows.append((at, row["device"], row["metric"], row["value"], row["synced"], row["evidence_id"]))
    return csv_text(rows)
