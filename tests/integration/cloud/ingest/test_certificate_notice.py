"""A certificate that is about to end: from the file on the gateway to a notice in the ledger."""

from datetime import UTC, datetime
from pathlib import Path

from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import Lane, Record
from edge_agent.runtime.scheduled_jobs import Calendar
from edge_agent.timekeeping.clock import ManualClock
from tests.support.certificates import certificates
from tests.support.journal_parts import GATEWAY, IDENTITY, open_journal


async def test_the_ledger_is_told_of_each_certificate_that_ends_soon(tmp_path: Path, database: Database) -> None:
    ca_file, gateway_file = certificates(tmp_path / "files")  # they end tomorrow
    uplink = {"url": "https://ledger.example", "ca_file": ca_file, "client_cert_file": gateway_file}
    config = GatewayConfig.model_validate({"gateway": {"name": GATEWAY, "data_dir": tmp_path}, "uplink": uplink})
    with open_journal(tmp_path / "journal") as journal:

        async def keep(record: Record) -> None:
            journal.append(Lane.SCANS, [record])

        async def status() -> JournalStatus:
            return journal.status()

        await Calendar(config, ManualClock(datetime.now(UTC)), keep, status).remind_of_certificates()
        batches = journal.pending(Lane.SCANS, bytes_max=10**6, batches_max=10)
    add_gateway(database, GATEWAY, IDENTITY.public_key, actor="test")
    assert [store_batch(database, batch.raw).outcome for batch in batches] == [BatchOutcome.STORED] * 2
    with database.transaction() as connection:
        rows = connection.execute("SELECT kind, subject, text, data FROM notice ORDER BY evidence_id").fetchall()
    assert [(row["kind"], Path(row["subject"]).name) for row in rows] == [
        ("certificate_expires", "server.pem"),
        ("certificate_expires", "ca.pem"),
    ]
    assert all(row["data"]["days_left"] in (0, 1) and "ends" in row["text"] for row in rows)
