"""Envelopes and retold readings of batches, brought into the form in which they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.ingest.clock_correction import Times
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.posting.monitoring.envelopes import Span, joined
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Envelope, Quality, Reading


@dataclass(frozen=True, slots=True)
class PlacedEnvelope:
    """An envelope with its true times, its evidence and its number there."""

    evidence_id: int
    seq: int
    record: Envelope
    began_at: datetime
    ended_at: datetime

    @property
    def names(self) -> list[tuple[str, str]]:
        """Device and metric of each of its channels."""
        return [(self.record.device, metric) for metric in self.record.values]


def placed(source: RecordSource, said: Sequence[Sourced[Envelope]], times: Times) -> list[PlacedEnvelope]:
    """The good ones, where clock notices put them or else as they were said."""
    found = []
    for each in said:
        record = each.record
        if record.quality is Quality.GOOD and record.values and record.count > 0:
            ends = times.get(record.since, record.since.at), times.get(record.stamp, record.stamp.at)
            found.append(PlacedEnvelope(source.evidence_id, each.seq, record, min(ends), max(ends)))
    return found


def as_unusable(said: Sequence[Sourced[Envelope]]) -> list[Sourced[Reading]]:
    """Of an envelope of readings that were not good: the first of them, and how many there were."""
    found = []
    for each in said:
        record = each.record
        if record.quality is not Quality.GOOD:
            detail = f"{record.count} times until {record.stamp.at:%Y-%m-%d %H:%M:%S} UTC: {record.detail}"
            found.append(Sourced(each.seq, Reading(record.since, record.device, record.quality, detail=detail)))
    return found


def keep_envelopes(
    connection: Connection, envelopes: Sequence[PlacedEnvelope], channels: Mapping[tuple[str, str], int]
) -> dict[int, Span]:
    """Store them; gives the span of each channel. The caller owns the channels and judges them afterwards."""
    if not envelopes:
        return {}
    rows = [_row(each, channels[device, metric], metric) for each in envelopes for device, metric in each.names]
    queries("envelopes").add_envelope(connection, rows)
    spans: dict[int, Span] = {}
    for each in envelopes:
        of_each = {channels[name]: (each.began_at, each.ended_at) for name in each.names}
        spans = joined(spans, of_each)
    return spans


def without_those_told(
    connection: Connection, source: RecordSource, said: Sequence[Sourced[Reading]]
) -> Sequence[Sourced[Reading]]:
    """Those that are not here already under their number of before or after. The caller owns the lane."""
    if not said:
        return said
    again = {each.record.was: each.seq for each in said if each.record.was is not None}
    skipped: set[int] = set()
    if again:
        numbers = {"gateway_id": source.gateway_id, "journal": source.journal}
        was = sorted(again)
        queries("envelopes").add_retold(connection, **numbers, was=was, seq=[again[each] for each in was])
        here = queries("envelopes").stored_numbers(connection, **numbers, numbers=was)
        skipped = {again[row["number"]] for row in here}
    retold = queries("envelopes").retold_between(
        connection, gateway_id=source.gateway_id, journal=source.journal, first=said[0].seq, last=said[-1].seq
    )
    skipped |= {row["was"] for row in retold}
    return [each for each in said if each.seq not in skipped] if skipped else said


def with_retold(
    connection: Connection, gateway_id: int, journals: Sequence[str], firsts: Sequence[int], lasts: Sequence[int]
) -> set[int]:
    """Of batches (counted from 0), those of which some readings were told again: they are looked at one by one."""
    if not journals:
        return set()
    rows = queries("envelopes").touched_lanes(
        connection, gateway_id=gateway_id, journals=journals, firsts=firsts, lasts=lasts
    )
    return {row["number"] - 1 for row in rows}


def _row(each: PlacedEnvelope, channel_id: int, metric: str) -> dict[str, object]:
    record, spread = each.record, each.record.values[metric]
    lowest, highest = min(spread.least, spread.greatest), max(spread.least, spread.greatest)
    span_s = (each.ended_at - each.began_at).total_seconds()
    is_doubtful = not record.stamp.synced
    is_corrected = is_doubtful and (each.began_at, each.ended_at) != (record.since.at, record.stamp.at)
    return {
        "channel_id": channel_id,
        "began_at": each.began_at,
        "ended_at": each.ended_at,
        "readings": record.count,
        "lowest": lowest,
        "mean": min(max(spread.mean, lowest), highest),  # a mean is rounded
        "highest": highest,
        "gap_s": span_s if record.gap_ms is None else min(max(record.gap_ms / 1000, 0.0), span_s),
        "synced": record.stamp.synced,
        "seq": each.seq,
        "evidence_id": each.evidence_id,
        "boot": record.stamp.boot if is_doubtful else None,
        "began_mono_ms": record.since.mono_ms if is_doubtful else None,
        "ended_mono_ms": record.stamp.mono_ms if is_doubtful else None,
        "said_began_at": record.since.at if is_corrected else None,
        "said_ended_at": record.stamp.at if is_corrected else None,
    }
