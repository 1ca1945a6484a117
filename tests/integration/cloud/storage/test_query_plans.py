"""No named query reads a whole big table, when the tables are big and the planner knows it; or it says why it may.

Every query of every ``.sql`` file is looked at. Its parameters take the values of ``USUAL``, by name, and where a query
means something else by a name, or is asked in several ways, those of ``ASKED``. What may read a whole table stands in
``WHOLE_ON_PURPOSE`` with the reason.
"""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
import pytest

from cloud_sync.storage.database import SESSION_OPTIONS
from cloud_sync.storage.queries import queries
from tests.bench.ledger_data import fill
from tests.conftest import TEMPLATE, database_url

LOTS, MORE_LOTS = 2_500, 20_000
LARGE = "lotwarden_large"
BIG = {
    "movement", "position", "residency", "exposure", "reading", "reading_hour", "unusable_reading", "evidence", "event",
    "reservation", "lot", "notice", "excursion", "excursion_version", "exception_case", "disposition", "hold",
    "hold_goods", "hold_reach",
    "stock_order", "order_line", "order_step", "count_line", "doubtful_scan", "recall_lot", "batch_fact",
    "envelope", "envelope_point", "retold_reading", "probe_excursion", "alert", "alert_message", "alert_message_line",
    "tote", "tote_packing", "tote_packing_line", "epcis_event", "epcis_event_key",
    "transaction_record", "transaction_line", "transaction_serial", "transaction_movement", "partner_message",
    "product_verification",
}  # fmt: skip
"""Tables that grow with every day of work. The others are master data, or kept short."""
AT = datetime(2026, 1, 10, tzinfo=UTC)
JOURNAL = "11111111-1111-4111-8111-111111111111"
Parameters = dict[str, Any]

FILL_MORE = """
    INSERT INTO gateway (name, public_key) VALUES ('gw-1', sha256('1'));
    INSERT INTO channel (gateway_id, device, metric, place_id)
    SELECT 1, 'probe-' || n, 'temp_c', (SELECT id FROM place WHERE name = 'bin-' || n) FROM generate_series(1, 100) n;
    SELECT make_reading_partitions('2026-01-01', '2026-02-20');
    INSERT INTO reading
    SELECT 1 + n % 100, timestamptz '2026-01-01 00:00Z' + n * interval '40 s', n, 5, true, 1
    FROM generate_series(1, 100000) n;
    INSERT INTO event (actor, kind, subject) SELECT 'a', 'moved', 'lot:' || n % 5000 FROM generate_series(1, 100000) n;
    INSERT INTO evidence (gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)
    SELECT 1, '11111111-1111-4111-8111-111111111111', 'readings', n * 10 + 1, n * 10 + 10, sha256(n::text::bytea),
           sha256(''), 'x' FROM generate_series(0, 99999) n;
    INSERT INTO excursion (channel_id, place_id, rule, began_at, ended_at, worst)
    SELECT 1 + n % 100, (SELECT place_id FROM channel WHERE id = 1 + n % 100), 'too-warm',
           timestamptz '2026-01-01 00:00Z' + n * interval '20 min',
           timestamptz '2026-01-01 00:05Z' + n * interval '20 min', 9 FROM generate_series(1, 20000) n;
    INSERT INTO probe_excursion (channel_id, place_id, rule, severity, began_at, ended_at, worst)
    SELECT channel_id, place_id, rule, severity, began_at, ended_at, worst FROM excursion;
    INSERT INTO exposure (excursion_id, lot_id, place_id, residency_began_at, since)
    SELECT 1 + (row_number() OVER (ORDER BY lot_id)) % 20000, lot_id, place_id, began_at, began_at FROM residency
    ON CONFLICT DO NOTHING;
    INSERT INTO reservation (client_id, lot_id, place_id, quantity, demand, reserved_by, ended_at, ended_as)
    SELECT gen_random_uuid(), lot_id, place_id, 1, 'SO-' || n % 5000, 'amy', CASE WHEN n % 10 > 0 THEN now() END,
           CASE WHEN n % 10 > 0 THEN 'void' END
    FROM (SELECT lot_id, place_id, row_number() OVER () AS n FROM residency) r;
    INSERT INTO track SELECT id, 'too-warm', '{}', '2026-02-16', NULL, false, NULL FROM channel;
    INSERT INTO place (name, kind, ancestors) VALUES ('B1', 'production', ARRAY[currval('place_id_seq') + 1]);
    INSERT INTO master_formulation_record (name, version, item_id, body, drafted_by) VALUES ('f', 1, 1, '{}', 'a');
    INSERT INTO production_batch (place_id, master_formulation_record_id, quantity, owner, planned_by)
    SELECT id, 1, 1, 'house', 'a' FROM place WHERE name = 'B1';
    INSERT INTO reading_hour
    SELECT 1 + n % 100, timestamptz '2025-01-01 00:00Z' + n / 100 * interval '1 hour', 9, 1, 2, 3
    FROM generate_series(1, 20000) n;
    INSERT INTO unusable_reading (gateway_id, device, at, seq, quality, evidence_id)
    SELECT 1, 'probe-' || n % 100, timestamptz '2026-01-01 00:00Z' + n * interval '1 min', n, 'timeout', 1
    FROM generate_series(1, 20000) n;
    INSERT INTO envelope (channel_id, began_at, ended_at, readings, lowest, mean, highest, gap_s, synced, seq,
                          evidence_id)
    SELECT 1 + n % 100, timestamptz '2025-01-01 00:00Z' + n * interval '10 min',
           timestamptz '2025-01-01 00:09Z' + n * interval '10 min', 60, 1, 2, 3, 10, true, n, 1 + n % 90000
    FROM generate_series(1, 20000) n;
    INSERT INTO envelope_point SELECT id, channel_id, began_at, lowest, highest FROM envelope;
    INSERT INTO retold_reading SELECT 1, '11111111-1111-4111-8111-111111111111', n, n + 900000
    FROM generate_series(1, 20000) n;
    INSERT INTO notice
    SELECT n, 1, 1, timestamptz '2026-01-01 00:00Z' + n * interval '1 min', 'started', 'gateway', '', '{}'
    FROM generate_series(1, 20000) n;
    INSERT INTO excursion_version (excursion_id, version, change, channel_id, place_id, rule, began_at, worst)
    SELECT id, 1, 'opened', channel_id, place_id, rule, began_at, worst FROM excursion;
    INSERT INTO exception_case (kind, key, text, lot_id, opened_at, resolved_at)
    SELECT (ARRAY['unknown_item', 'negative_balance', 'order_mismatch'])[1 + n % 3], 'key:' || n, '', n,
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min', CASE WHEN n % 50 > 0 THEN now() END
    FROM generate_series(1, 20000) n;
    INSERT INTO disposition (excursion_id, lot_id, decision, reason, decided_by, began_at, ended_at, worst, evidence)
    SELECT excursion_id, lot_id, 'release', '', 'q', since, since, 9, 'x' FROM exposure WHERE excursion_id % 2 = 0;
    INSERT INTO hold (kind, lot_id, reason, placed_by, lifted_by, lifted_at)
    SELECT 'manual', n, '', 'a', CASE WHEN n % 50 > 0 THEN 'q' END, CASE WHEN n % 50 > 0 THEN now() END
    FROM generate_series(1, 20000) n;
    INSERT INTO hold_goods (hold_id, lot_id, serial, place_id, at)
    SELECT 1 + (row_number() OVER (ORDER BY lot_id)) % 20000, lot_id, serial, place_id, began_at FROM residency;
    INSERT INTO hold_reach SELECT hold_id, lot_id, serial, place_id, at, at FROM hold_goods ON CONFLICT DO NOTHING;
    INSERT INTO stock_order (number, kind, from_place, to_place, owner, requested_by)
    SELECT 'SO-' || n, (ARRAY['requisition', 'purchase'])[1 + n % 2], 1 + n % 2000, 1 + n % 500, 'house', 'a'
    FROM generate_series(1, 20000) n;
    INSERT INTO order_line (order_id, line, item_id, quantity) SELECT id, 1, 1 + id % 500, 5 FROM stock_order;
    INSERT INTO order_step (order_id, step, by_whom) SELECT id, 'approved', 'b' FROM stock_order;
    INSERT INTO interop_document (kind, media_type, content, bytes, sha256, told_by)
    VALUES ('epcis', 'application/ld+json', 'x', 1, sha256('x'), 'partner');
    INSERT INTO epcis_capture (id, document_id, error_behaviour, told_by, events, events_kept)
    VALUES ('11111111-1111-4111-8111-111111111111', 1, 'rollback', 'partner', 20000, 20000);
    INSERT INTO epcis_event (capture_id, event_id, hash, digest, type, event_time, recorded_at, body)
    SELECT '11111111-1111-4111-8111-111111111111', 'urn:uuid:' || n, sha256('x'), sha256(n::text::bytea), 'ObjectEvent',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min', now(), '{}' FROM generate_series(1, 20000) n;
    INSERT INTO epcis_event_key SELECT 'key:' || id % 9000, event_time, id, id % 5 = 0 FROM epcis_event;
    INSERT INTO stock_count (number, place_id, opened_by) SELECT 'C-' || n, n, 'a' FROM generate_series(1, 500) n;
    INSERT INTO count_line (fact, count_id, lot_id, place_id, quantity, counted_by, counted_at)
    SELECT 'c' || n, 1 + n % 500, n, 1 + n % 2000, 1, 'a', now() FROM generate_series(1, 20000) n;
    INSERT INTO doubtful_scan
    SELECT 'd' || n, 1, ('11111111-1111-4111-8111-' || lpad(to_hex(n % 500), 12, '1'))::uuid, n, 'boot-' || n % 100, n,
           now()
    FROM generate_series(1, 20000) n;
    INSERT INTO recall (title, reason, is_mock, opened_by) SELECT 'r', '', false, 'q' FROM generate_series(1, 500);
    INSERT INTO recall_scope (recall_id, item_id) SELECT id, id FROM recall;
    INSERT INTO recall_lot (recall_id, lot_id, is_product)
    SELECT 1 + n % 500, n, false FROM generate_series(1, 20000) n;
    INSERT INTO alert (kind, severity, key, subject, sites, title, text, path, needs_acknowledgement, event_id,
                       occurred_at, raised_at, acknowledged_at)
    SELECT 'hold_placed', 'action', 'lot:' || n % 500, 'lot:' || n, '{1}', 'x', 'x', '/', true, n,
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min', CASE WHEN n % 50 > 0 THEN now() END
    FROM generate_series(1, 20000) n;
    INSERT INTO alert_target (name, channel, address, shown, created_by)
    SELECT name, 'mail', 'x', 'x', 'a' FROM unnest(ARRAY['amy', 'bo', 'cy']) AS name;
    INSERT INTO alert_message (target, bundle, reason, made_at, due_at, sent_at)
    SELECT (ARRAY['amy', 'bo', 'cy'])[1 + n % 3], 'alert:' || n % 50, 'alert',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min', CASE WHEN n % 100 > 0 THEN now() END
    FROM generate_series(1, 20000) n;
    INSERT INTO alert_message_line SELECT n, n, 'all', 0 FROM generate_series(1, 20000) n;
    INSERT INTO tote (sscc, order_id, numbered_by)
    SELECT lpad(n::text, 18, '0'), o.id, 'a' FROM generate_series(1, 20000) n
    LEFT JOIN stock_order o ON o.number = 'SO-' || n % 5000;
    INSERT INTO tote_packing (tote_id, is_unpacking, place_id, occurred_at, packed_by, client_id)
    SELECT id, false, 20, timestamptz '2026-01-01 00:00Z' + id * interval '1 min', 'a', gen_random_uuid() FROM tote;
    INSERT INTO tote_packing_line SELECT id, 1, id, '', 1 FROM tote_packing;
    INSERT INTO transaction_record (direction, partner_id, reference, order_ref, transaction_on, content, sha256,
                                    told_by, told_at, finished_by, finished_at)
    SELECT (ARRAY['in', 'out'])[1 + n % 2], 1 + n % 2000, 'R-' || n, 'SO-' || n, '2026-01-01', '{}', n, 'a',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min', CASE WHEN n % 50 > 0 THEN 'a' END,
           CASE WHEN n % 50 > 0 THEN now() END
    FROM generate_series(1, 20000) n;
    INSERT INTO transaction_line SELECT id, 1, 1 + id % 500, '09501101530003', '0002-8215-01', 'L' || id, 1
    FROM transaction_record;
    INSERT INTO transaction_serial SELECT id, 1, 's' || id FROM transaction_record;
    INSERT INTO transaction_movement SELECT n, n, 1 FROM generate_series(1, 20000) n;
    INSERT INTO partner_message (partner_id, kind, case_id, subject, body, made_at, sent_by, sent_at, sent_how)
    SELECT 1 + n % 2000, 'shortage', n, 'x', 'x', timestamptz '2026-01-01 00:00Z' + n * interval '1 min',
           CASE WHEN n % 50 > 0 THEN 'a' END, CASE WHEN n % 50 > 0 THEN now() END, CASE WHEN n % 50 > 0 THEN 'x' END
    FROM generate_series(1, 20000) n;
    INSERT INTO product_verification (direction, gtin, lot_number, serial, verified, person, at)
    SELECT 'answered', '09501101530003', 'L' || n % 5000, 's' || n, true, 'a',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 min' FROM generate_series(1, 20000) n;
    INSERT INTO batch_fact (batch_id, kind, actor, occurred_at, event_id)
    SELECT n % 2000, 'step', 'a', now(), 1 FROM generate_series(1, 20000) n;
"""


@pytest.fixture(scope="module")
def large(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A ledger with about a hundred thousand rows in every big table, analysed; all workers look at the same one."""
    url = database_url(postgres_url, LARGE)
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(hashtext(%s))", (LARGE,))
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (LARGE,)).fetchone():
            unfinished = f"{LARGE}_unfinished"
            server.execute(f"CREATE DATABASE {unfinished} TEMPLATE {TEMPLATE}")  # type: ignore[call-overload]
            fill(database_url(postgres_url, unfinished), LOTS, cold_lots=MORE_LOTS)
            with psycopg.connect(database_url(postgres_url, unfinished), autocommit=True) as connection:
                connection.execute("SET timezone = 'UTC'")
                connection.execute("SET session_replication_role = replica")
                connection.execute(FILL_MORE)  # type: ignore[call-overload]
                connection.execute("SELECT drop_month_if_empty('reading_2026_03')")  # or it is read whole, empty
                connection.execute("VACUUM ANALYZE")
            server.execute(f"ALTER DATABASE {unfinished} RENAME TO {LARGE}")  # type: ignore[call-overload]
    with psycopg.connect(url, autocommit=True, options=SESSION_OPTIONS) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


PLACE, PLACES = 20, [20, 21]
RULE = {
    "channel_id": 7, "is_above": True, "limit": 8.0, "hysteresis": 0.5, "on_limit_is_outside": False, "at_most": 2001,
}  # fmt: skip
NUMBERS = ["SO-5", "SO-6"]
ADDED = dict.fromkeys((
    "actor", "base_unit", "change", "closed_by", "closed_reason", "decided_by", "drafted_by", "ended_reason",
    "invited_by", "lifted_by", "lifted_reason", "note", "nonce", "opened_by", "placed_by", "planned_by", "prefix",
    "reason", "requested_by", "resolution", "resolved_by", "resolved_role", "sent_by", "sent_how", "text", "title",
    "approved_by", "acknowledged_by", "acknowledged_text", "by_whom", "reserved_by", "added_by", "reference",
    "origin", "ndc", "patient_ref", "metric", "body", "prescription",
), "x")  # fmt: skip
"""Texts that are only written."""
SEAL: Parameters = {
    "high": 100,
    "left_out": [],
    "case_ids": [5],
    "previous_size": 1200,
    "evidence_ids": [5],
    "row_ids": [5],
    "row_keys": [],
    "seal_ids": [5],
    "state_signature": b"x",
    "subjects": ["lot:5"],
    "level": 0,
    "low": 1,
    "n": 5,
    "rows_after": 0,
    "sealed_to": "900:900:",
    "size": 1300,
    "snapshot": "950:950:",
    "width": 256,
}
AUDIT: Parameters = {
    "record_ids": ["SO-5", "SO-6"],
    "token": "personal:00", "tokens": ["personal:00"], "field": "printed name", "value": "Amy", "salt": bytes(16),
    "gateway_record": None, "happened_from": None, "happened_until": None,
    "recorded_from": None, "recorded_until": None, "after_id": 0,
}  # fmt: skip
EPCIS: Parameters = {
    "after_at": AT, "before_at": AT, "before_id": uuid.UUID(JOURNAL), "capture_id": uuid.UUID(JOURNAL),
    "are_parents": [True], "event_names": ["urn:uuid:5"], "biz_steps": ["holding"], "biz_locations": ["x"],
    "bodies": ["{}"], "digests": [b"x" * 32], "document_id": 1, "error_behaviour": "rollback", "errors": "[]",
    "event_count": 1, "events_kept": 1, "event_times": [AT], "events": [1], "extension": "", "gln": "0614141000012",
    "hashes": [b"x" * 32], "is_lifted": False, "item_names": ["item-1"], "parameters": "{}", "parents": ["key:5"],
    "prefixes": "{}", "recorded_at": AT, "types": ["ObjectEvent"],
}  # fmt: skip
FLEET: Parameters = {
    "protocols": [1], "config": "{}", "release": "{}", "health": "{}", "toml": "", "profiles": "{}", "policies": "{}",
    "set_by": "a", "approved_by": "b", "cohort": "canary", "roll_out_id": 1, "waves": [1], "wave": 1,
    "soak_minutes": 60, "faults": [], "start": 0, "signed_by": "k", "bytes": 1,
}  # fmt: skip
EXCHANGE: Parameters = {
    "url": "", "shown": "", "scopes": ["feed"], "event_kinds": ["*"], "requests_per_minute": 60, "followed_to": 5,
    "key_sha256": "x", "connection": "erp", "per_minute": 60, "positions": [1, 2], "document_id": 5,
    "valid_from": AT.date(), "codes": ["09501101530003"], "order": "SO-5",
    "registered_at": AT, "cost": 1, "currency": "EUR", "day": AT.date(),
}  # fmt: skip
"""What other systems ask, and what they are told."""
ARCHIVE: Parameters = {
    "gateway": "gw-1", "stays": "{}", "plan": "[]", "instants": [AT], "manifest": 1, "file_id": 1, "footer_bytes": 1,
    "footer_sha256": b"x", "byte_offset": 0, "is_home": False,
}  # fmt: skip
"""Months of readings in files."""
HOSPITAL: Parameters = {
    "connection_name": "cabinet", "control_id": "C1", "format": "hl7v2", "received_at": AT, "but_id": 5, "outcome": "",
    "answer": "AA", "faults": "[]", "map_sha256": "", "by_whom": "cabinet", "message_id": 5, "message_ids": [5],
    "patient": "personal:x", "recorded_since": None, "recorded_until": None, "occurred_since": None,
    "occurred_until": None, "after_order": 0, "after_line": 0, "order_ids": None, "lot_numbers": None,
}  # fmt: skip
"""What hospitals' systems tell and ask."""
QUALITY: Parameters = {
    "version": 1, "body": "{}", "effective_from": AT, "proposed_by": "amy", "approved_by": "bo", "study_id": 1,
    "session_id": 1, "sample_id": 1, "sample_ids": [1, 2], "study_ids": [1], "session_ids": [1], "plan_id": 1,
    "day": 20, "point": "bench", "code": "PL-1", "note": "x", "test": "assay", "value": 1.0, "conforms": None,
    "verdict": "pass", "by_exception": False, "storage": "room", "plan_name": "stability", "preparation": "category_1",
    "persons": ["amy"], "ats": [AT], "room": "bin-3", "report_id": 1, "until": AT.date(),
}  # fmt: skip
"""Of plans, samples and results."""
CLAIMS: Parameters = {
    "complaint_id": 5, "claim_id": 5, "evidence_id": 5, "claim_ids": [5, 6], "observed_at": AT, "opened_at": AT,
    "finding": "confirmed", "finding_text": "x", "investigated_by": "q", "investigated_at": AT, "logger_file_id": None,
    "added_at": AT, "wants": "credit", "amount": 1, "amount_by": "stated", "evidence_sha256": "0" * 64,
    "payer_class": "340B", "table_id": 1, "hcpcs": "J9999", "dose_unit": "mg", "dose_per_base_unit": 100,
    "dose_per_billing_unit": 10, "ndc_unit": "ML", "ndc_units_per_base_unit": 4, "container": "single_dose",
    "rounding": "none", "administration_id": 5, "administration_ids": [5, 6], "patients": None, "is_charged": None,
    "dose": 1, "wasted": 0, "given_by": "a", "given_at": AT, "witness": "", "not_charged": "", "conversion_id": 1,
    "part": "given", "units": 1, "modifier": "JZ", "ndc_units": 1, "imported_by": "a", "imported_at": AT,
    "dispensed": 1, "charged": 1, "differences": "[]", "run_at": AT,
    "schedule": "II", "blind_count": True, "double_count": True, "witnessed_waste": True, "resolve_hours": 24,
    "inventory_months": 24, "set_at": AT, "schedules": ["II"], "finished_by": "a", "takes_unit": True, "unit": "",
    "wasted_by": "a", "wasted_at": AT, "witnessed_at": AT, "witnessed_how": "dock", "waste_id": None,
    "taken_on": AT.date(), "taken_when": "close", "counts": ["C-5"], "inventory_id": 1, "counted_by": ["a"],
    "closed_as": "settled", "settled_by": "q", "settled_at": AT, "by_lot": True,
}  # fmt: skip
USUAL: Parameters = {
    "permission": "lift holds and decide on exposures",
    **QUALITY,
    "erasure_id": 1, "sealed": ["event", "hold"], "columns": ["reason"], "row_names": ["5"],
    **ARCHIVE,
    "movement_mark": 10**9, "as_of": AT, "line_count": 1, "inputs_sha256": "00", "results_sha256": "00", "run_id": 1,
    "inputs": ["{}"], "results": ["{}"], "only_to_order": True, "proposed_at": AT, "decided_at": AT,
    "decision_reason": "x", "order_number": "PO-5", "until_day": AT.date(), "supply": 1, "wanted": 1,
    "used_items": [5, 6], "used_places": [7, 8],
    "shortage_id": 1, "priority": 1, "rate": 1.0, "stock": 0, "proposed": 1, "share": 1, "ended_by": "amy",
    "ended_reason": "x", "neighbour_id": 8, "unit_cost": 1, "care_priority": 3, "service_level": 0.9, "pack_size": 1,
    "order_min": 1, "cycle_days": 14, "room_max": None, "currency": "USD",
    **EPCIS,
    **EXCHANGE,
    **HOSPITAL,
    **CLAIMS,
    "challenge": b"x", "purpose": "sign", "credential_id": b"x", "domain": "ledger", "sign_count": 1,
    "signature_sha256": "x", "client_data": b"x", "authenticator_data": b"x", "key_signature": b"x",
    "urgency": "urgent",
    "media_type": "application/json", "content": b"x", "told_by": "partner",
    **FLEET,
    **SEAL,
    **AUDIT,
    "oldest_first": False, "sort": "", "is_descending": True, "state": "", "action": "ship",
    "roles": ["operator"], "site_ids": [1], "record_kind": "order", "record_id": "SO-5", "record_ids": ["SO-5"],
    "record_sha256": "x",
    "meaning": "approval", "proof": "password", "signed_at": AT, "from_value": 1, "changed_by": "a",
    "changed_reason": "x", "person": "amy", "since_of_address": AT,
    "id_sha256": "x", "used_after": AT, "began_after": AT, "but": "",
    "has_second_factor": False, "secret": b"x", "totp_step": 1, "code_digest": "x", "printed_name": "Amy",
    "password_hash": "x", "one_time_until": AT, "created_by": "a", "granted_by": "a", "previous_until": AT,
    "address": "192.0.2.7", "but_by": "amy", "from_names": ["bin-1"], "gateways": ["gw-1"], "known": ["movement"],
    "may_change": [], "of_table": "movement", "only_where": "", "privileges": "SELECT",
    "sha256": "00", "to_names": ["bin-2"],
    "standing": "doubted", "why": "unannounced", "follows": JOURNAL, "is_doubted": True,
    "effect": "{}", "needs_second_person": True, "numbered_item_ids": [5],
    "next_at": AT, "was_at": AT, "language": "de", "page": "a4", "temperature": "C",
    "at_once": 2,
    **ADDED, **RULE, "rows_max": 101, "rows_skipped": 0, "after": AT, "after_s": 900.0, "ancestors": PLACES,
    "today": AT.date(), "after_words": "LOT-5\U0010ffff", "words": "LOT-5", "marks": [AT, AT],
    "actor": "amy", "assignee": None,
    "at": AT, "badge": "B", "batch": None, "batch_id": 1, "before": AT, "began_at": AT,
    "made_for": "", "picked_for": "SO-5",
    "below": None, "boot": "boot-1", "boots": ["boot-1", "boot-2"], "but_demand": "SO-5", "but_reservation": None,
    "case_id": 5, "channel_ids": [7, 8], "client_id": uuid.UUID(int=1), "code_sha256": b"x", "count": 50,
    "count_id": 5, "data": "{}", "days": 1, "decision": "approved", "definition": "{}", "demand": "SO-5",
    "devices": ["probe-1", "probe-2"], "edge": 8.0, "ended_as": "void", "ended_at": AT, "event_id": 1,
    "everywhere": True, "evidence_id": 5, "excursion_id": 7, "excursion_ids": [5], "expires_at": AT,
    "expires_on": AT.date(), "expires_hour": None, "expires_exactly": AT, "zone": "UTC",
    "expiry_required": True, "facts": ["bench/1/r", "bench/2/r"], "first": AT,
    "first_at": AT, "firsts": [AT, AT], "from_place": PLACE, "from_places": ["acme"], "gateway": "gw-1",
    "gateway_id": 1, "gateway_ids": [1], "gtin": "09501101530003", "gtins": ["09501101530003"], "hold_id": 5,
    "hold_ids": [5], "fact": "bench/1/r", "counted": [1, 1], "expected": [1, 1], "difference_place": 3,
    "movement_id": 5,
    "horizon": AT, "id": 5, "ids": [5, 6], "is_decided": False, "is_forward": True, "is_mock": False, "item": None,
    "item_id": 3, "item_ids": [1, 2], "journal": JOURNAL, "journals": [JOURNAL] * 2, "key": "key:5",
    "keys": ["key:5", "key:6"], "kind": "unknown_item", "kinds": ["unknown_item", "unknown_place"],
    "lane": "readings", "lanes": ["readings"] * 2, "last": AT + timedelta(hours=1), "last_at": AT,
    "last_ats": [AT, AT], "last_day": AT.date(), "last_out_at": AT, "last_seq": 500, "last_seqs": [500, 600],
    "lasts": [AT, AT], "line": 1, "longest_gap_s": 1.0, "lot_id": 77, "lot_ids": [101, 102], "lot_number": "L3",
    "lot_numbers": ["L1", "L2"], "metrics": ["temp_c", "temp_c"], "mono_ms": [5, 6], "movement_ids": [5, 6],
    "name": "item-3", "names": ["item-3", "bin-3"], "notice_id": 1, "number": "SO-5", "numbers": NUMBERS,
    "older_than": None, "on_edge_is_outside": True, "only_open": False, "order_id": 5, "order_ids": [5, 6],
    "order_ref": None, "outcome": "completed", "outside_since": None, "opened": False, "owner": "house",
    "owners": ["house", "house"], "place": None, "place_id": PLACE, "place_ids": PLACES, "place_names": ["bin-3"],
    "parent_id": None, "policy": None, "public_key": b"x", "quantities": [1, 1], "quantity": 1, "recall_id": 1,
    "recipient": None, "replaces": False, "reservation_id": 9, "returns_order": None, "room_id": 21,
    "rule": "too-warm", "rules": ["too-warm"] * 2, "said_at": [AT, AT], "seq": 1, "serial": "", "serials": ["", ""],
    "severity": "action", "since": AT, "site": None, "site_id": 1, "step": "approved", "subject": "lot:77",
    "supplier": None, "supplier_ids": [2], "until": AT + timedelta(hours=1), "version": 1, "worst": 9.0,
    "shelf_life_days_min": 1, "qualified_until": None, "status": "qualified", "active": True, "supplier_id": None,
    "span": timedelta(hours=8), "came_from": AT - timedelta(days=7),
    "reorder_point": 1, "par_level": 2, "token_sha256": "x", "kept": None, "serial_tracked": False,
    "storage_class": None, "allowance_minutes": None, "allowance_c_max": None, "receipt_inspection": False,
    "shelf_life_days": None, "receipt_days_min": None, "controlled_schedule": "", "compounding": "", "base_units": 1,
    "role": "auditor", "actions": ["move"] * 2, "operators": ["a"] * 2, "order_refs": [""] * 2, "event_ids": [1, 1],
    "to_places": [22, 23], "occurred_at": AT, "to_place": PLACE, "places": None, "master_formulation_record_id": 1,
    "dispensed_for": [None, None], "issuing": ["ship"], "code": "x", "said": True, "envelope_ids": [5, 6],
    "keys_max": 10, "lots_max": 1001, "rooms_key": 1, "pin": "00:00",
    "is_version": True, "reach_from": None, "reach_until": None, "gap_s": 600.0, "sensors": "any",
    "is_high_worse": True, "evidence": "a report", "said_by": "x", "pattern": "^x-v", "after_lot_id": 100,
    "earliest_at": AT, "latest_at": AT, "first_seq": 5, "reaches_s": [3600.0, 0.0], "young_at": AT, "roots": [101],
    "seqs": [5, 6], "exposed": False, "demands": ["SO-5", "SO-6"], "reserved_bys": ["amy", "amy"],
    "subjects": ["request:5", "lot:6"], "reasons": ["", ""], "client_ids": [uuid.UUID(int=1), uuid.UUID(int=2)],
    "seen": "900:900:", "after_id": 5, "target": "amy", "bundle": "alert:1", "due_at": AT, "busy": ["bo"],
    "undelivered_before": AT, "message_id": 5, "last_error": "x", "only_unsent": True, "comment": "x", "as_rota": False,
    "effective_from": AT, "change_control_id": None, "years": 6, "what": "x",
    "risk_level": "low", "risk": "x", "sop": "x", "proposed_by": "a", "grace_days": 14, "required_since": AT,
    "set_by": "a", "maker": "x", "model": "x", "serial_number": "x", "device": "probe-1", "equipment": "probe-1",
    "certificate": "K-1", "laboratory": "x", "calibrated_on": AT.date(), "due_on": AT.date(), "passed": True,
    "points": "[]", "next_due_on": AT.date(), "state_digest": "x", "browser_digest": "x", "issuer": "x", "next": "/",
    "verifier": "x",
    "bytes": 1, "made_at": AT, "made_by": "a", "row_count": 1, "sealed_size": 1, "read_back": "decrypted", "month": AT,
    "restored_size": 1, "statement": "x", "signature": b"x", "begun_at": AT, "begun_by": "a", "last_value": 1,
    "spans_max": 100, "lead": 1, "sealed_at": AT,
    "operator": "amy", "sscc": "000000000000000105", "numbered_by": "amy", "ssccs": ["000000000000000105"],
    "schedule": None, "report_if_empty": False, "captures": [uuid.UUID(JOURNAL)], "query": "q",
    "packing_id": 5, "tote_id": 5, "is_unpacking": False, "packed_by": "amy",
    "ndcs": ["0002-8215-01"], "ndc": "0002-8215-01", "direction": "in", "partner_id": 20,
    "transaction_on": AT.date(), "fault": None, "faults": [], "document_id": None,
    "told_at": AT, "transaction_id": 500, "lines": [1, 1], "finished_by": "a", "finished_at": AT, "voided_by": "a",
    "voided_at": AT, "voided_reason": "x", "partner": "bin-3", "sent_at": AT, "answered_by": "a", "answered_at": AT,
    "answer": "x", "only_waiting": True, "product_name": "x", "ingredients": "x", "strength": "x", "dosage_form": "x",
    "container_size": "x", "container_units": 1, "business_name": "x", "street": "x", "city": "x", "country": "US",
    "postal_code": "x", "gln": "0614141000012", "category": "x", "contact": "x", "telephone": "x", "email": "x",
    "verification_url": "", "licence_id": 5, "valid_until": AT.date(), "verified_by": "a", "verified_at": AT,
    "verified_with": "x", "verification_token": "", "context": "x", "correlation": "x", "requester_gln": "",
    "info": None, "verified": True, "error": "", "verification_id": 5, "source": "own",
    "classification": "stolen", "suspect_id": 5,
    "description": "x", "opened_at": AT, "determination": "cleared", "determined_by": "a", "determined_at": AT,
    "determination_reason": "x", "fda_notified_by": "a", "fda_notified_at": AT, "fda_notified_how": "x",
    "fda_incident": "x", "terminated_by": "a", "terminated_at": AT, "termination_reason": "x", "asked_by": "a",
    "asked_at": AT, "recorded_by": "a", "request_id": 5, "answer_sha256": "x", "document_ids": [5],
    "withdrawn_by": "a", "withdrawn_at": AT, "withdrawn_reason": "x",
    "zones": ["UTC", "UTC"], "actors": ["a", "b"], "sites": [None, 1], "befores": [AT, None],
    "units_wanted": [1, 20], "lasting_until": [AT, AT],
    "sheet": "main.202611290600.1", "told_sha256": "00", "written_at": AT, "entered_by": "a", "entered_at": AT,
    "lines_written": 1, "closed_by": "a", "closed_at": AT, "remark": "", "within_s": 60.0,
    "run_by": "a", "failed": 0, "body": "{}", "tables": ["event"],
    "given_at": "receipt", "prefix": "S", "digits": 6, "first_number": 1, "last_number": 9, "allotted_to": "x",
    "range_id": 5, "one_site": 1, "other_site": 20, "minutes_min": 60, "lost_at": AT, "how": "x",
    "lost_id": 5, "device_class": "II", "tracking": "implanted", "months": 12, "starts": "receipt", "every_days": 365,
    "patient": None, "other_lot_id": None, "other_serial": None, "about": None, "recorded_at": AT, "fact_id": 5,
    "ending": "loan_returned", "instructions": "x", "correction_id": 5, "steps": ["ended"] * 2,
}  # fmt: skip
"""Values of parameters by their names, where a query is not asked otherwise."""
MOVED = {"from_places": [20, 21], "occurred_at": [AT, AT], "latest_at": [None, AT]}
SERIALS = {"serials": ["s1", "s2"]}
ASKED: dict[str, list[Parameters]] = {
    "releases.file_of_release": [{"version": "0.2.0"}],
    "releases.forget_content": [{"version": "0.2.0"}],
    "releases.part_of_file": [{"version": "0.2.0"}],
    "releases.release_of": [{"version": "0.2.0"}],
    "alerts.alerts": [{"kind": None, "words": []}, {"only_open": True, "words": ["x"]}],
    "epcis.capture": [{"id": uuid.UUID(JOURNAL)}],
    "epcis.captures": [{"told_by": None}, {"told_by": "partner"}],
    "epcis.subscription": [{"id": uuid.UUID(JOURNAL)}],
    "epcis.drop_subscription": [{"id": uuid.UUID(JOURNAL)}],
    "epcis.lock_subscription": [{"id": uuid.UUID(JOURNAL)}],
    "epcis.note_told": [{"id": uuid.UUID(JOURNAL)}],
    "epcis.add_subscription": [{"id": uuid.UUID(JOURNAL)}],
    "epcis.leaves_to_tell": [{"after": 5, "until": 5000}],
    "epcis.holds_of_lots": [{"is_lifted": True}, {"is_lifted": False}],
    "epcis.mistimed_between": [{"lot_ids": None}, {"lot_ids": None, "is_descending": False}, {"lot_ids": [101]}],
    "epcis.packings_between": [{"lot_ids": None}, {"lot_ids": None, "is_descending": False}, {"lot_ids": [101]}],
    "epcis.retold_between": [{"lot_ids": None}, {"lot_ids": None, "is_descending": False}, {"lot_ids": [101]}],
    "overview.lots_in_house": [
        {"sort": sort, "is_descending": descending}
        for sort in ("expires_on", "lot_number")
        for descending in (True, False)
    ],
    "overview.lots_matching": [{"words": "LOT-5", "sort": "item"}, {"state": "held"}],
    "overview.stock_listed": [
        {"lot_ids": None, "place_id": None},
        {"lot_ids": None, "is_descending": False},
        {"lot_ids": [5, 6]},
    ],
    "overview.movements_listed": [{"lot_ids": None}, {"lot_ids": None, "is_descending": False}, {"lot_ids": [5, 6]}],
    "overview.cases_listed": [{"sort": "", "kind": ""}, {"sort": "", "only_open": True, "words": ""}],
    "overview.excursions_listed": [{"sort": "began_at", "words": ""}, {"sort": "began_at", "is_descending": False}],
    "backup.missing_of_lane": [{"first": 1, "last": 5000}],
    "validation.run": [{"number": 1}],
    "archive.marks": [{"name": "reading_2026_03"}],
    "archive.is_home": [{"numbers": [1]}],
    "archive.leave_month": [{"name": "reading_2026_03"}],
    "backup.set_sequence": [{"name": "item_id_seq"}],
    "fhir.dispenses": [{"facts": None, "ids": None}, {"facts": None, "ids": [5]}, {"ids": None}],
    "fhir.supplies": [{"facts": None, "ids": None}, {"facts": None, "ids": [5]}, {"ids": None}],
    "fhir.order_lines": [{"numbers": None}, {"order_ids": [5], "numbers": None}, {"numbers": ["SO-1"]}],
    "fhir.lots": [{"ids": None, "items": None}, {"ids": [5], "items": None}],
    "fhir.places": [{"ids": None, "names": None, "kinds": ["room"]}],
    "connections.change_secret": [{"secret": "x"}],
    "connections.feed": [{"after": 5, "until": 5000}, {"after": 5, "until": 5000, "kinds": None}],
    "connections.delivery_of": [{"message_id": "doc_5"}],
    "connections.send_again": [{"after": 5}],
    "erp.receipts": [{"after": 5, "until": 5000}],
    "billing.charge_feed": [{"after": 5, "until": 5000}],
    "connections.deliveries": [{}, {"connection": None}],
    "alerts.messages": [{}, {"only_unsent": False}],
    "alerts.lots_held_before": [{"before": 10**9}],
    "availability.first_positions": [{"items": ["item-3", "item-4"], "sites": [None, "site"]}],
    "availability.lot_by_number": [{"item": "item-3"}],
    "availability.lots": [{"lot_number": None}, {"item": "item-3", "lot_number": None}, {}],
    "availability.movements": [{}, {"lot_id": None}, {"lot_id": None, "place": "bin-3"}],
    "availability.positions_in_fefo_order": [
        {"lot_number": "", "rows_max": 16},
        {},
        {"site": "site", "lot_number": ""},
        {"lot_number": "", "made_for": "RX-1", "exposed": None},
        {"lot_number": "", "exposed": True},
    ],
    "locks.share": [{"key": 1}],
    "locks.own": [{"key": 1}],
    "reservations.begin_together": [{"holds_key": 1}],
    "locks.lock_one": [{"key": 1}],
    "locks.lock_item_named": [{"key": 1}],
    "locks.lock_items_named": [{"key": 1}],
    "locks.lock_rooms": [{"key": 1}],
    "locks.try_to_lead": [{"key": 1}],
    "locks.end_lead": [{"key": 1}],
    "locks.share_rooms": [{"key": 1}],
    "locks.take_free_turn": [{"key": 1}],
    "locks.wait_for_turn": [{"key": 1}],
    "availability.wholly_exposed": [{}, {"lot_number": "", "site": "site"}],
    "events.add_events": [{"data": ["{}", "{}"]}],
    "events.audit_trail": [
        {"kind": None, "places": None, "person": None},
        {"kind": None, "places": None, "subject": None},
        {"person": None, "places": None, "subject": None},
        {"kind": None, "person": None, "places": None, "subject": None, "gateway_record": f"gw-1/{JOURNAL}/scans/5"},
        {"kind": None, "places": ["bin-3"], "person": None, "subject": None, "recorded_from": AT, "recorded_until": AT},
    ],
    "reservations.add_reservations_together": [{"expires_at": [None, AT]}],
    "clocks.correct_movements": [{"at": [AT, AT], "earliest_at": [AT, AT], "latest_at": [AT, AT]}],
    "clocks.add_doubtful_scans": [{"seqs": [5, 6]}],
    "envelopes.add_retold": [{"was": [5, 6], "seq": [7, 8]}],
    "envelopes.envelopes_told": [{"first": 5, "last": 50}],
    "envelopes.retold_between": [{"first": 5, "last": 50}],
    "envelopes.stored_numbers": [{"numbers": [5, 600]}],
    "envelopes.touched_lanes": [{"firsts": [5, 50], "lasts": [9, 90]}],
    "orders.order_numbers": [
        {"kind": None},
        {"kind": "requisition"},
        {"kind": None, "place": "bin-3"},
        {"kind": None, "oldest_first": True},
    ],
    "quality.cases": [
        {},
        {"lot_id": None},
        {"lot_id": None, "kind": None, "only_open": True},
        {"lot_id": None, "kind": None, "assignee": "q"},
    ],
    "corrections.what_followed": [{"after": 10**9}],
    "orders.receipt_facts": [{"from_places": [2, 2]}, {"from_places": [2, 2], **SERIALS}],
    "transactions.told_lots": [{"supplier_id": 20}],
    "transactions.told_lot_serials": [{"supplier_id": 20}],
    "transactions.came_lots": [{"supplier_id": 20}],
    "transactions.open_mismatches": [{"supplier_id": 20}],
    "transactions.link_received": [{"supplier_id": 20}],
    "transactions.link_shipped": [{"lines": [1, 2]}],
    "suspects.records_about": [{"serial": "s1"}, {"lot_number": ""}],
    "verification.known_packages": [{"serials": ["s1"]}],
    "verification.verifications": [{"serial": None, "direction": None}, {"serial": "s1", "direction": "answered"}],
    "verification.verifications_of": [{"serial": "s1"}, {}],
    "exposure.expose": [{"lot_ids": []}, {"excursion_ids": []}],
    "holds.reach": [{"lot_ids": []}, {"hold_ids": []}],
    "compounding.add_master_record": [{"body": "{}"}],
    "movements.add_lots": [
        {"expires_hours": [None, AT.time()], "expires_on": [AT.date(), AT.date()], "received_at": [AT, None]}
    ],
    "movements.add_movements": [MOVED],
    "movements.faults_at_issue": [{"at": [AT, AT]}],
    "compounding.prescriptions_of_lots": [{"dispensed_for": "RX-1"}],
    "quality.exposures": [{"excursion_id": None}, {"lot_id": None}],
    "quality.placed_holds": [{}, {"only_open": True}],
    "trace.flows_of": [{"place_ids": [2131]}],  # a place of production
    "trace.graph": [{"is_forward": False}, {}, {"serial": "s1"}],
}
WHOLE_ON_PURPOSE = {
    "kpi.lot_values": "all lots in the house with what they are worth, when somebody opens the control tower",
    "kpi.stock_values": "all stock and what moved since a day, for the figures of a month",
    "planning.decided_holds": "all decisions of three years, once for each plan",
    "planning.stock_to_plan": "all stock of all items that are planned, once for each plan",
    "planning.travel_days": "all transfers of a year, when transfers are looked for",
    "planning.usable_spells": "where all lots of all items that are planned lay for three years, once for each plan",
    "shortages.supply_of": "all that holds lots of one item, when a shortage is opened",
    "erp.stock_totals": "the value of all stock, as the books want it; once a month",
    "backup.is_unused_ledger": "reads one row, when a backup is to be restored",
    "clocks.has_doubtful_scans": "reads up to the first row; of a gateway without any its index, which is short",
    "desk.desk_lots": "the desk of a site is all that stands in it; made once for each change, not for each question",
    "exposure.is_any_excursion": "reads one row",
    "gateways.lanes_of_gateways": "counts the batches of the gateways on one page",
    "journals.movements_of_journal": "once, when a journal is doubted or believed",
    "overview.exposure_queue": "all that is held by exposure, when quality opens the queue",
    "overview.held_in_rooms": "all that is held, for the page of all rooms; made now and then for everybody who looks",
    "overview.lots_in_rooms": "all stock in the house, for the page of all rooms; made now and then for everybody",
    "overview.lots_matching": "the lots that words match, when somebody sorts them or looks for a state",
    "papers.order_figures": "all orders of a month and what moved for them, for its report",
    "papers.quality_figures": "all decisions and cases of a month, for its report",
    "overview.other_holds": "all that is held otherwise, when quality opens the queue",
    "overview.waiting_for_destruction": "all decisions against goods, when somebody looks for what is to be destroyed",
    "orders.replenishment": "all stock of all items with a level, when somebody asks what to buy",
}
"""Queries that may read a whole big table, and why that is no harm."""


NO_PLAN = r"INSERT\b(?!.*\bSELECT\b)|COPY\b|LOCK\b|DROP\b|.*\{month\}"
"""Of rows that are just added, and of what has no plan."""


ROOMS = sorted(path.name[:-4] for path in files("cloud_sync.storage").iterdir() if path.name.endswith(".sql"))


@cache
def named_queries() -> dict[str, str]:
    """The SQL of every named query of every room, by ``room.name``; but for what has no plan."""
    found = {
        f"{room}.{name}": getattr(queries(room), name).sql
        for room in ROOMS
        for name in queries(room).available_queries
        if not name.endswith("_cursor")
    }
    return {name: sql for name, sql in found.items() if not re.match(NO_PLAN, sql, re.DOTALL)}


@pytest.mark.parametrize("room", ROOMS)
def test_a_named_query_never_reads_a_whole_big_table(large: psycopg.Connection, room: str) -> None:
    reads: dict[str, set[str]] = {}
    for name in sorted(named_queries().keys() - WHOLE_ON_PURPOSE.keys()):
        if name.split(".")[0] == room:
            plans = [plan_of(large, named_queries()[name], USUAL | asked) for asked in ASKED.get(name, [{}])]
            reads[name] = set[str]().union(*map(scanned, plans))
    assert {name: tables for name, tables in reads.items() if tables} == {}


def test_exceptions_are_of_queries_that_there_are_and_do_read_a_whole_table(large: psycopg.Connection) -> None:
    assert WHOLE_ON_PURPOSE.keys() | ASKED.keys() <= named_queries().keys()
    needless = {
        name
        for name in WHOLE_ON_PURPOSE
        if not any(scanned(plan_of(large, named_queries()[name], USUAL | values)) for values in ASKED.get(name, [{}]))
    }
    assert needless == set()


def test_a_scan_of_a_big_table_would_be_seen(large: psycopg.Connection) -> None:
    assert scanned(plan_of(large, "SELECT sum(quantity) FROM movement, reading", {})) >= {"movement", "reading"}


def test_every_big_table_is_big(large: psycopg.Connection) -> None:
    for table in BIG:
        (count,) = large.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)  # type: ignore[call-overload]
        assert count >= 20_000, table


def plan_of(large: psycopg.Connection, sql: str, parameters: Parameters) -> dict[str, Any]:
    """How the query would be run for these values."""
    with large.transaction(force_rollback=True):
        row = psycopg.ClientCursor(large).execute(f"EXPLAIN (FORMAT json) {sql}".encode(), parameters).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def scanned(plan: dict[str, Any]) -> set[str]:
    """Big tables (months of readings count as one) that a plan reads from end to end."""
    found: set[str] = set()
    if plan["Node Type"] == "Seq Scan":
        table = plan["Relation Name"]
        found |= BIG & {"reading" if table.startswith("reading_2") else table}
    for part in plan.get("Plans", ()):
        found |= scanned(part)
    return found
