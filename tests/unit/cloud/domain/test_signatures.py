"""Which signatures there are, and when a release takes two."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cloud_sync.domain.signatures import (
    Meaning,
    RecordKind,
    permission_to_sign,
    record_digest,
    signature_digest,
    why_two_release,
)

HOUR = timedelta(hours=1)
SIGNED = {
    "kind": "order", "record_id": "PO-1", "record_sha256": "00", "meaning": "approval", "person": "amy",
    "printed_name": "Amy Miller", "proof": "password", "reason": "as agreed",
}  # fmt: skip
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("field", sorted(SIGNED))
def test_a_signature_covers_everything_it_says(field: str) -> None:
    before = signature_digest(**SIGNED, signed_at=AT)
    assert signature_digest(**{**SIGNED, field: "other"}, signed_at=AT) != before
    assert signature_digest(**SIGNED, signed_at=AT + timedelta(microseconds=1)) != before


def test_a_record_is_another_one_under_another_id_or_of_another_kind() -> None:
    digests = {
        record_digest(kind, record_id, {"quantity": 1})
        for kind in (RecordKind.CASE, RecordKind.HOLD)
        for record_id in ("1", "2")
    }
    assert len(digests) == 4


def test_every_kind_can_be_reviewed_and_decided() -> None:
    for kind in RecordKind:
        assert permission_to_sign(kind, Meaning.REVIEW) is not None
        assert any(permission_to_sign(kind, each) for each in (Meaning.APPROVAL, Meaning.RELEASE))


@pytest.mark.parametrize(
    ("rule", "value", "is_due"),
    [
        ("excursion_minutes", 60, True),
        ("excursion_minutes", 61, False),
        ("excursion_minutes", None, False),
        ("controlled_schedule", 2, True),
        ("controlled_schedule", 5, True),
        ("controlled_schedule", 1, False),
        ("release_after_reject", 1, True),
        ("release_after_reject", 0, False),
    ],
)
def test_each_threshold(rule: str, value: int | None, is_due: bool) -> None:
    rules = {rule: None if value is None else Decimal(value)}
    assert bool(why_two_release(rules, lasted=HOUR, controlled_schedule="II", was_rejected=True)) is is_due


def test_goods_without_a_schedule_need_one_signature() -> None:
    rules = {"controlled_schedule": Decimal(5)}
    assert why_two_release(rules, lasted=HOUR, controlled_schedule="", was_rejected=False) == []
