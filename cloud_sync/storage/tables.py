"""What each table is, in one place: migrations protect the tables by it, and a test holds it against the schema.

**Evidence** says what happened or what somebody decided. Its rows are never deleted, and never change but for the
columns named here, which say how it ended. **Derived** follows from evidence and can be made again from it.
**Settings** say how things are; what they were before stands in the event log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class TableKind(StrEnum):
    """What becomes of a table's rows."""

    EVIDENCE = "evidence"
    DERIVED = "derived"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class TableRule:
    """What a table is. ``may_change``: the columns of evidence that are written later, when it ends.

    ``has_own_trigger``: its migration has a trigger that knows better when they may. ``is_sealed``: what is written
    to it becomes a leaf of the tree (``cloud_sync/seal``); ``not_sealed``: columns that the leaf does not cover.
    """

    kind: TableKind
    may_change: tuple[str, ...] = ()
    has_own_trigger: bool = False
    is_sealed: bool = True
    not_sealed: tuple[str, ...] = ()


_EVIDENCE = TableRule(TableKind.EVIDENCE)
_SEAL = TableRule(TableKind.EVIDENCE, is_sealed=False)  # it would never come to rest
_DERIVED = TableRule(TableKind.DERIVED)
_SETTING = TableRule(TableKind.SETTING)


def _evidence(*may_change: str) -> TableRule:
    return TableRule(TableKind.EVIDENCE, may_change)


TABLES: Mapping[str, TableRule] = {
    "access_review": _evidence("closed_by", "closed_at"),
    "access_review_line": _evidence("decision", "decided_by", "decided_at", "reason"),
    "account": _SETTING,
    "account_identity": _SETTING,
    "account_role": _SETTING,
    "account_session": _DERIVED,  # of what the event log has
    "administration": _EVIDENCE,
    "alembic_version": _SETTING,
    "alert": _evidence("acknowledged_at", "acknowledged_by", "acknowledged_comment"),
    "alert_condition": _DERIVED,
    "alert_escalation": _SETTING,
    "alert_message": _DERIVED,  # how far a message has come
    "alert_message_line": _DERIVED,
    "alert_message_paper": _DERIVED,  # of what the ledger knew then; it is carried to the mail server
    "alert_rota": _SETTING,
    "alert_rota_cover": _SETTING,
    "alert_subscription": _SETTING,
    "alert_target": _SETTING,
    "alert_watermark": _DERIVED,
    "api_token": _evidence("revoked_at", "token_sha256", "previous_sha256", "previous_until", "expires_at"),
    "archive_file": _EVIDENCE,
    "archive_manifest": _EVIDENCE,
    "archive_part": _DERIVED,  # of the files
    "archive_store": _SETTING,
    "backup": _EVIDENCE,
    "batch_fact": _EVIDENCE,
    "beyond_use_support": _EVIDENCE,
    "billing_conversion": _EVIDENCE,
    "billing_table": _EVIDENCE,
    "calibration": _EVIDENCE,
    "change_control": _evidence(
        "decision",
        "decided_by",
        "decided_at",
        "decision_reason",
        "implemented_by",
        "implemented_at",
        "implementation",
        "closed_by",
        "closed_at",
        "effectiveness",
    ),
    "change_control_event": _EVIDENCE,
    "channel": _SETTING,
    "channel_place_was": _EVIDENCE,
    "channel_statement": _evidence("decision", "decided_by", "decided_at"),
    "charge": _EVIDENCE,
    "charge_reconciliation": _EVIDENCE,
    "claim_settlement": _EVIDENCE,
    "clock_offset": _DERIVED,  # of notices
    "complete_maker": _SETTING,
    "complaint": _evidence("finding", "finding_text", "investigated_by", "investigated_at"),
    "complaint_evidence": _EVIDENCE,
    "controlled_change": _evidence("decision", "decided_by", "decided_at", "decision_reason", "applied_at"),
    "controlled_inventory": _EVIDENCE,
    "controlled_inventory_line": _EVIDENCE,
    "controlled_rule": _SETTING,
    "correction": _evidence(
        "effect", "needs_second_person", "before", "after", "decided_by", "decided_at", "decision", "decision_reason"
    ),
    "count_line": _EVIDENCE,
    "count_result": _EVIDENCE,
    "declared_gap": _DERIVED,  # of notices
    "device": _SETTING,
    "disposition": _EVIDENCE,
    "document": _EVIDENCE,
    "doubtful_scan": _EVIDENCE,
    "enrolment_failure": _DERIVED,  # of what the event log has; kept while it slows down
    "environment_session": _EVIDENCE,
    "envelope": _DERIVED,  # of batches
    "envelope_point": _DERIVED,
    "epcis_capture": _EVIDENCE,
    "epcis_event": _DERIVED,  # of captured documents
    "epcis_event_key": _DERIVED,
    "epcis_query": _SETTING,
    "epcis_subscription": _SETTING,
    "equipment": _SETTING,
    "erased_row": _EVIDENCE,
    "erased_signature": _EVIDENCE,
    "erasure": _evidence("done_by", "done_at"),
    "event": _EVIDENCE,
    "evidence": TableRule(TableKind.EVIDENCE, not_sealed=("raw",)),  # raw has its digest beside it
    "exception_case": _evidence(
        "text", "data", "assignee", "resolved_at", "resolved_by", "resolution", "decision", "resolved_role"
    ),
    "excursion": _DERIVED,
    "excursion_version": _EVIDENCE,
    "exposure": _DERIVED,
    "field_correction": _evidence("closed_by", "closed_at", "closed_reason"),
    "field_correction_unit": _EVIDENCE,
    "gateway": _SETTING,
    "gateway_cohort": _SETTING,
    "gateway_config": _EVIDENCE,
    "gateway_heartbeat": _DERIVED,  # the latest word of a gateway
    "gateway_invite": _evidence("expires_at", "used_at", "public_key"),
    "gateway_journal": _SETTING,
    "gateway_nonce": _DERIVED,
    "gateway_site": _SETTING,
    "hold": _evidence("lifted_by", "lifted_at", "lifted_reason"),
    "hold_goods": _EVIDENCE,
    "hold_reach": _DERIVED,
    "hospital_message": _evidence("site_id", "owner"),
    "hospital_outcome": _EVIDENCE,
    "hospital_patient": _EVIDENCE,
    # The content may be erased; its digest stays beside it.
    "interop_document": TableRule(TableKind.EVIDENCE, may_change=("content",), not_sealed=("content",)),
    "interop_connection": _SETTING,
    "interop_connection_use": _DERIVED,  # of what was asked
    "interop_delivery": _DERIVED,  # how far an event or a document has come
    "item": _SETTING,
    "item_code": _SETTING,
    "item_cost": _EVIDENCE,
    "item_gtin": _SETTING,
    "item_substitute": _SETTING,
    "lane_progress": _DERIVED,
    "lost_serial": _evidence("found_by", "found_at", "found_how"),
    "ledger_key": TableRule(TableKind.EVIDENCE, not_sealed=("private_key",)),
    "logger_file": _EVIDENCE,
    "legal_hold": _evidence(
        "decision",
        "decided_by",
        "decided_at",
        "decision_reason",
        "lift_asked_by",
        "lift_asked_at",
        "lift_reason",
        "lifted_by",
        "lifted_at",
    ),
    "lot": _SETTING,
    "master_formulation_record": _evidence("approved_by", "approved_at"),
    "movement": TableRule(
        TableKind.EVIDENCE,
        # Its derived time, and what an approved count corrects.
        (
            "occurred_at",
            "said_at",
            "earliest_at",
            "latest_at",
            "came_at",
            "left_at",
            "quantity",
            "from_place",
            "to_place",
        ),
        has_own_trigger=True,
    ),
    "notice": _EVIDENCE,
    "oidc_arrival": _DERIVED,  # both for minutes
    "oidc_request": _DERIVED,
    "operator": _SETTING,
    "operator_site": _SETTING,
    "order_line": _EVIDENCE,
    "order_step": _EVIDENCE,
    "order_urgency": _EVIDENCE,
    "owner": _SETTING,
    "paper_line": _EVIDENCE,
    "paper_schedule": _SETTING,
    "paper_sheet_close": _EVIDENCE,
    "partner_licence": _evidence("withdrawn_by", "withdrawn_at", "withdrawn_reason"),
    "partner_message": _evidence(
        "sent_by", "sent_at", "sent_how", "answered_by", "answered_at", "answer", "withdrawn_at"
    ),
    "personal_data": _SETTING,  # its salted hash is in what is sealed, and it can be erased
    "place": _SETTING,
    "place_gln": _SETTING,
    "place_policy_was": _EVIDENCE,
    "planning_line": _DERIVED,  # of what a run was made of, which it names by its hash
    "planning_run": _EVIDENCE,
    "policy": _EVIDENCE,
    "position": _DERIVED,
    "probe_excursion": _DERIVED,
    "product_report": _EVIDENCE,
    "product_verification": _EVIDENCE,
    "production_batch": _EVIDENCE,
    "quality_decision": _EVIDENCE,
    "quality_plan": _EVIDENCE,
    "quality_result": _EVIDENCE,
    "quality_sample": _EVIDENCE,
    "reading": _DERIVED,  # of batches; old ones are thinned
    "reading_hour": _DERIVED,
    "recall": _evidence("reconciled_at", "closed_by", "closed_at", "outcome", "closed_reason"),
    "recall_lot": _DERIVED,
    "recall_notice": _evidence(
        "lots", "sent_by", "sent_at", "sent_how", "acknowledged_by", "acknowledged_at", "acknowledged_text"
    ),
    "recall_scope": _EVIDENCE,
    "recovery_code": _SETTING,
    "recipient": _SETTING,
    "recipient_item": _SETTING,
    "receipt_cost": _EVIDENCE,
    "release": _EVIDENCE,
    # content has its digest beside it, and goes to a folder
    "release_file": TableRule(TableKind.EVIDENCE, may_change=("content",), not_sealed=("content",)),
    "reorder_level": _SETTING,
    "reservation": _evidence("expires_at", "ended_at", "ended_as", "ended_reason"),
    "residency": _DERIVED,
    "retention_rule": _SETTING,
    "restored_lane": _DERIVED,  # of a file that is kept elsewhere
    "roll_out": _evidence("ended_as", "ended_at", "ended_by", "ended_reason"),
    "roll_out_gateway": _evidence("ordered_at", "before", "reached_at", "judged_at", "faults"),
    "retold_reading": _EVIDENCE,
    "seal_checkpoint": _SEAL,
    "seal_cosignature": _SEAL,
    "seal_epoch": _EVIDENCE,
    "seal_row": _SEAL,
    "seal_tile": TableRule(TableKind.EVIDENCE, ("hashes", "entries"), is_sealed=False),  # the last one grows
    "role": _SETTING,
    "role_permission": _SETTING,
    "second_signature_rule": _SETTING,
    "seen_within": _EVIDENCE,
    "security_key": _SETTING,
    "security_key_question": _DERIVED,  # for minutes
    "signature": _EVIDENCE,
    "signature_by_key": _EVIDENCE,
    "site_format": _SETTING,
    "serial_pattern": _SETTING,
    "serial_range": _EVIDENCE,
    "service_plan": _SETTING,
    "shortage": _evidence(
        "decision", "decided_by", "decided_at", "decision_reason", "ended_by", "ended_at", "ended_reason"
    ),
    "shortage_override": _EVIDENCE,
    "shortage_share": _EVIDENCE,
    "sign_in_attempt": _DERIVED,  # kept while it makes the next one wait
    "site_travel": _SETTING,
    "sop": _EVIDENCE,
    "stability_study": _EVIDENCE,
    "stock_count": _evidence(
        "decision", "decided_by", "decided_at", "reason", "is_blind", "finished_by", "finished_at"
    ),
    "stock_order": _EVIDENCE,
    "supplier": _SETTING,
    "supplier_claim": _evidence(
        "sent_by", "sent_at", "sent_how", "evidence_sha256", "closed_as", "closed_by", "closed_at", "closed_reason"
    ),
    "suspect_product": _evidence(
        "determination",
        "determined_by",
        "determined_at",
        "determination_reason",
        "fda_notified_by",
        "fda_notified_at",
        "fda_notified_how",
        "fda_incident",
        "terminated_by",
        "terminated_at",
        "termination_reason",
    ),
    "training_requirement": _SETTING,
    "transfer_advice": _evidence("decision", "decided_by", "decided_at", "decision_reason", "order_number"),
    "told_unit": _DERIVED,  # of captured events
    "tote": _EVIDENCE,
    "tote_packing": _EVIDENCE,
    "tote_packing_line": _EVIDENCE,
    "tracing_request": _evidence("answered_by", "answered_at", "answer_sha256"),
    "traced_product": _SETTING,
    "track": _DERIVED,
    "trading_partner": _SETTING,
    "transaction_line": _DERIVED,  # of transaction_record, as are the two below
    "transaction_movement": _DERIVED,
    "transaction_record": _evidence(
        "fault", "faults", "finished_by", "finished_at", "voided_by", "voided_at", "voided_reason"
    ),
    "transaction_serial": _DERIVED,
    "unit_fact": _EVIDENCE,
    "unjudged_on_purpose": _SETTING,
    "unusable_reading": _DERIVED,  # of batches
    "validation_run": _EVIDENCE,
    "warranty_term": _SETTING,
    "waste": _evidence("fact", "witness", "witnessed_at", "witnessed_how"),
    "word_erasure": _evidence("decision", "decided_by", "decided_at", "decision_reason"),
}
