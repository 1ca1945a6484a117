"""Where people write what they like, in one place: every column of text is free text, or is here as something else.

Erasing words (``actions/people/erased_words.py``) looks through the columns of free text and no others. Migrations
mark them in the database by their comment, for the function there that erases takes nobody's word for what they are.
A test holds both lists against the schema.
"""

from collections.abc import Mapping
from enum import StrEnum

MARK = "free text"
"""The comment of such a column in the database."""

FREE_TEXT: Mapping[str, tuple[str, ...]] = {
    "access_review": ("title",),
    "access_review_line": ("reason",),
    "account": ("locked_reason",),
    "administration": ("not_charged",),
    "alert": ("title", "text", "acknowledged_comment"),
    "alert_message": ("last_error",),
    "alert_message_paper": ("title",),
    "alert_target": ("last_error",),
    "batch_fact": ("data",),
    "beyond_use_support": ("storage", "reason"),
    "billing_conversion": ("description",),
    "billing_table": ("title", "source"),
    "calibration": ("laboratory", "reference", "note"),
    "change_control": ("title", "why", "what", "risk", "decision_reason", "implementation", "effectiveness"),
    "charge": ("reason",),
    "complaint": ("description", "finding_text"),
    "complaint_evidence": ("title",),
    "controlled_change": ("request", "before", "after", "reason", "decision_reason"),
    "controlled_inventory": ("remark",),
    "controlled_rule": ("source",),
    "correction": ("request", "before", "after", "effect", "reason", "decision_reason"),
    "disposition": ("reason",),
    "document": ("reference",),
    "environment_session": ("note",),
    "equipment": ("title",),
    "erasure": ("reason",),
    "event": ("reason", "data"),
    "exception_case": ("text", "data", "resolution"),
    "field_correction": ("title", "reference", "instructions", "closed_reason"),
    "gateway_config": ("reason",),
    "gateway_site": ("reason",),
    "hold": ("reason", "lifted_reason"),
    "hospital_outcome": ("text", "faults"),
    "interop_connection": ("paused_why", "last_error"),
    "interop_delivery": ("last_error",),
    "item": ("title",),
    "legal_hold": ("reason", "decision_reason", "lift_reason"),
    "logger_file": ("answers", "explanation", "notes"),
    "lost_serial": ("description", "found_how"),
    "master_formulation_record": ("body",),
    "notice": ("text", "data"),
    "order_step": ("reason",),
    "owner": ("title",),
    "paper_schedule": ("last_error",),
    "paper_sheet_close": ("remark",),
    "partner_licence": ("verified_with", "withdrawn_reason"),
    "partner_message": ("subject", "body", "data", "sent_how", "answer"),
    "place": ("title",),
    "product_verification": ("info", "error"),
    "quality_decision": ("reason",),
    "quality_plan": ("body",),
    "quality_result": ("note",),
    "quality_sample": ("note",),
    "recall": ("title", "reason", "closed_reason"),
    "recall_notice": ("sent_how", "acknowledged_text"),
    "receipt_cost": ("reason",),
    "reservation": ("ended_reason",),
    "retention_rule": ("changed_reason",),
    "roll_out": ("reason", "ended_reason"),
    "seal_epoch": ("reason",),
    "second_signature_rule": ("changed_reason",),
    "seen_within": ("reason", "evidence"),
    "serial_range": ("allotted_to", "reason"),
    "shortage": ("reason", "decision_reason", "ended_reason"),
    "shortage_override": ("reason",),
    "shortage_share": ("why",),
    "signature": ("reason",),
    "sop": ("title", "reference", "body"),
    "stock_count": ("reason",),
    "stock_order": ("note",),
    "supplier": ("note",),
    "supplier_claim": ("note", "sent_how", "closed_reason"),
    "suspect_product": ("description", "determination_reason", "fda_notified_how", "termination_reason"),
    "tote": ("note",),
    "tracing_request": ("asked_by", "reference"),
    "trading_partner": ("contact", "telephone", "email"),
    "transaction_record": ("voided_reason",),
    "transfer_advice": ("why", "decision_reason"),
    "unit_fact": ("data", "reason"),
    "unjudged_on_purpose": ("reason",),
    "waste": ("reason",),
    "word_erasure": ("reason", "decision_reason"),
}
"""By table. Where a column is JSON, its strings are, but for those under the names of ``words_kept_in`` (SQL)."""


class NotFree(StrEnum):
    """What a column of text is, if it is no free text."""

    PERSON = "the short name of an account or badge, or of the ledger: it tells one person's acts from another's"
    CODE = "one of the words that the software knows"
    NAME = "a name or number by which something is found, or that names it in the trade"
    DIGEST = "a hash, or a key that is derived from one"
    COMPUTED = "written by the software from other columns, or read by it to decide"
    RECEIVED = "as a gateway, partner or program sent or signed it"
    APART = "personal data that stand apart, or a token for them: they are erased with their person"
    WITH_SIGNATURE = "what a security key signed: it goes with the reason of its signature"


_P, _C, _N, _D = NotFree.PERSON, NotFree.CODE, NotFree.NAME, NotFree.DIGEST
_M, _R, _A = NotFree.COMPUTED, NotFree.RECEIVED, NotFree.APART


def _all(what: NotFree, names: str) -> dict[str, NotFree]:
    return dict.fromkeys(names.split(), what)


NOT_FREE: Mapping[str, NotFree] = {
    **_all(_P, "acknowledged_by actor added_by amount_by answered_by approved_by asked_by "
               "assignee begun_by brought_by by_whom changed_by closed_by counted_by created_by decided_by "
               "determined_by drafted_by ended_by entered_by fda_notified_by finished_by found_by given_by granted_by "
               "imported_by implemented_by investigated_by invited_by lift_asked_by lifted_by linked_by made_by "
               "members numbered_by opened_by operator owner packed_by person placed_by planned_by "
               "proposed_by read_by recorded_by reported_by requested_by reserved_by resolved_by run_by said_by "
               "sent_by set_by settled_by signed_by started_by taken_by terminated_by told_by verified_by "
               "voided_by wasted_by withdrawn_by witness done_by"),
    **_all(_C, "action base_unit biz_step change class classification compounding container "
               "controlled_schedule currency decision determination direction dose_unit ended_as error_behaviour every "
               "finding format kind lane language meaning media_type modifier ndc_unit outcome page part "
               "payer_class proof purpose quality resolved_role risk_level role roles rounding rule schedule "
               "severity severity_min source standing starts state status step storage_class taken_when temperature "
               "tracking type unit urgency verdict wants closed_as record_kind witnessed_how zone category country "
               "dosage_form event_kinds given_at kinds permission scopes of_table"),
    **_all(_N, "badge biz_location boot business_name certificate channel city code cohort "
               "connection context control_id correlation device domain equipment event_id fact field file_name "
               "fda_incident gateway gln goes_to gtin hcpcs issuer key lot_number maker message_id metric "
               "model name ndc next number order_number order_ref demand plan_name point prefix product_name "
               "record_id reference requester_gln row_key row_name rota sscc serial serial_number sheet subject "
               "subscription target test url version shown street postal_code "
               "extension origin path ingredients strength container_size pattern query bundle policy "
               "other_serial version_num waves"),
    **_all(_D, "sha256 record_sha256 token_sha256 previous_sha256 key_sha256 previous_key_sha256 code_sha256 "
               "id_sha256 browser_sha256 state_sha256 password_hash secret previous_secret nonce verifier pin "
               "verification_token inputs_sha256 results_sha256 evidence_sha256 answer_sha256 map_sha256 "
               "signature_sha256 replaces signature columns"),
    **_all(_M, "broken counts definition detail device_alarms device_verdict differences inputs lots parameters "
               "points policies result sensors statement stood faults fault read_back"),
    **_all(_R, "answer config content health line profiles release toml verification_url prefixes "
               "errors"),
    **_all(_A, "address patient patient_ref prescription printed_name token value words"),
}  # fmt: skip
"""By the name of the column, in any table where ``FREE_TEXT`` does not name it."""

NOT_FREE_HERE: Mapping[str, NotFree] = {
    "alert_message.reason": _C,
    "disposition.evidence": _D,
    "epcis_event.body": _R,
    "gateway_journal.why": _C,
    "lost_serial.why": _C,
    "policy.body": _M,
    "product_report.body": _M,
    "product_verification.reason": _R,
    "release.body": _R,
    "retention_rule.name": _N,
    "roll_out_gateway.before": _M,
    "seal_checkpoint.note": _M,
    "signature_by_key.shown": NotFree.WITH_SIGNATURE,
    "validation_run.body": _M,
}
"""By table and column, where the name alone would mislead."""

ERASED_WITH_WORDS: Mapping[str, tuple[str, ...]] = {
    "signature": ("record_sha256", "sha256"),
    "signature_by_key": ("shown",),
}
"""What else goes with words: hashes of records and texts that held them, by which they could be guessed."""


def may_be_erased(table: str, column: str) -> bool:
    """Whether an erasure of words may change this column."""
    return column in FREE_TEXT.get(table, ()) or column in ERASED_WITH_WORDS.get(table, ())
