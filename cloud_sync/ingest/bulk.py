"""Many batches of readings at once: a gateway that comes back after days sends thousands of them.

One transaction, one COPY and one judgement for all, instead of one for each; while the server stores the rows of one
batch, those of the next are made. What is not plain about a batch (another record than a reading, one that was told
again after thinning, a clock that was not synchronised, an unreadable line, a wrong signature, a fork) leaves it to
``batches.store_batch``, alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud_sync.actions.monitoring.retention import make_months
from cloud_sync.ingest.binary_copy import END, HEADER
from cloud_sync.ingest.bulk_rows import NotPlain, RowMaker
from cloud_sync.ingest.fast_parser import EPOCH
from cloud_sync.ingest.pipeline import Contents, Kept, Sealed, Sender, evidence_ids
from cloud_sync.ingest.provenance import Sourced
from cloud_sync.ingest.readings import Unusable, keep_unusable, spans_with_unusable
from cloud_sync.ingest.time_window import TimeWindow
from cloud_sync.posting.monitoring.envelopes import Span, joined
from cloud_sync.posting.monitoring.rule_tracks import judge, judge_silence
from cloud_sync.posting.monitoring.unjudged import note_new_channels
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Reading
from edge_agent.domain.wire.wire import WireError, decode_batch

BYTES_AT_ONCE = 64 * 1024
"""Of rows in one message to the server."""


@dataclass(frozen=True, slots=True)
class _Copied:
    """A batch whose readings are in: ``unusable`` are those that were not good, ``last_at`` the latest time of any."""

    evidence_id: int
    sealed: Sealed
    unusable: tuple[Sourced[Reading], ...]
    last_at: datetime


Channels = dict[tuple[str, str], int]
"""Ids by device and metric."""


def read_readings(connection: Connection, sender: Sender, new: Sequence[Sealed]) -> Contents:
    """What is plain of batches of readings; it is copied to where readings are, and judged when it is booked."""
    copied, spans, channels = _copy_readings(connection, sender.id, new, sender.window)

    def book(connection: Connection) -> None:
        unusable = [Unusable(each.evidence_id, said.seq, said.record) for each in copied for said in each.unusable]
        keep_unusable(connection, sender.id, unusable)
        judge(connection, spans)
        if queries("tracks").has_silence_rule(connection, gateway_id=sender.id):
            judge_silence(connection, sender.id, spans_with_unusable(spans, channels, unusable))

    span = (min(first for first, _ in spans.values()), max(last for _, last in spans.values())) if spans else None
    return Contents([Kept(each.evidence_id, each.sealed, None, each.last_at) for each in copied], book, span)


def _copy_readings(
    connection: Connection, gateway_id: int, new: Sequence[Sealed], window: TimeWindow
) -> tuple[list[_Copied], dict[int, Span], Channels]:
    """Copy the readings of what is plain; channels that were never heard before are made for them."""
    ids = evidence_ids(connection, len(new))
    kept: list[_Copied] = []
    waiting = list(zip(ids, new, strict=True))
    channels = _lock_channels(connection, gateway_id)
    maker = RowMaker(channels, _months(connection), window)
    waiting = _copy(connection, maker, waiting, kept)
    spans = maker.spans()
    if waiting:
        channels = _make_channels(connection, gateway_id, maker.wanted_channels)
        for month in sorted(maker.wanted_months):
            first = datetime.strptime(month, "%Y_%m").replace(tzinfo=UTC)
            make_months(connection, first, first)
        maker = RowMaker(channels, _months(connection), window)
        _copy(connection, maker, waiting, kept)
        spans = joined(spans, maker.spans())
    return kept, spans, channels


def _copy(
    connection: Connection,
    maker: RowMaker,
    batches: Sequence[tuple[int, Sealed]],
    kept: list[_Copied],
) -> list[tuple[int, Sealed]]:
    """Adds to ``kept``, and gives those that wait for channels or months."""
    waiting: list[tuple[int, Sealed]] = []
    rows = bytearray(HEADER)
    with connection.cursor() as cursor, cursor.copy(queries("ingest").copy_readings.sql) as copy:
        for evidence_id, each in batches:
            try:
                made = maker.made_of(decode_batch(each.raw, each.header), evidence_id)
            except (WireError, NotPlain):
                continue
            if made is None:
                waiting.append((evidence_id, each))
                continue
            kept.append(_Copied(evidence_id, each, made.unusable, EPOCH + timedelta(microseconds=made.last_us)))
            rows += made.rows
            if len(rows) >= BYTES_AT_ONCE:
                copy.write(rows)
                rows.clear()
        copy.write(rows + END)
    return waiting


def _lock_channels(connection: Connection, gateway_id: int) -> Channels:
    """All of the gateway, locked in one order, so that nobody deadlocks."""
    rows = queries("tracks").lock_channels_of_gateway(connection, gateway_id=gateway_id)
    return {(row["device"], row["metric"]): row["id"] for row in rows}


def _make_channels(connection: Connection, gateway_id: int, wanted: Iterable[tuple[str, str]]) -> Channels:
    names = sorted(wanted)
    devices, metrics = [device for device, _ in names], [metric for _, metric in names]
    if queries("tracks").add_channels(connection, gateway_id=gateway_id, devices=devices, metrics=metrics):
        note_new_channels(connection, gateway_id, devices, metrics)
    return _lock_channels(connection, gateway_id)


def _months(connection: Connection) -> set[str]:
    return {row["month"] for row in queries("retention").months(connection)}
