"""Envelopes: what is left of readings that a gateway thinned out while its disk was full.

The readings that stayed are told again under new numbers, beside the envelopes of those that did not. Some of the old
ones may have arrived before they were thinned, or come later: whatever comes first, each reading counts once, and an
envelope for as many readings as are not here. Between those that are here, a channel may have measured anything within
the envelope's bounds, and is judged by the wider reading of that (view ``reading_range``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

Span = tuple[datetime, datetime]
"""The first and the last instant of what is new on a channel."""


def draw_envelopes(connection: Connection, new: Mapping[int, Span]) -> tuple[dict[int, Span], frozenset[int]]:
    """Bring the widest reading of all envelopes up to date that lie where something is new on these channels.

    Gives the spans, widened to all that may read differently now, and the channels of which that is more than what is
    new. The caller has locked the channels and stored what is new.
    """
    touched = _over(connection, new)
    if not touched:
        return dict(new), frozenset()
    ids = [row["id"] for row in touched]
    queries("envelopes").forget_points(connection, envelope_ids=ids)
    queries("envelopes").draw_points(connection, envelope_ids=ids)
    wider = dict(new)
    for row in touched:
        first, last = wider[row["channel_id"]]
        wider[row["channel_id"]] = min(first, row["began_at"]), max(last, row["ended_at"])
    return wider, frozenset(row["channel_id"] for row in touched)


def correct_envelopes(connection: Connection, gateway_id: int, boots: Iterable[str]) -> list[int]:
    """Move envelopes to where clock notices put them; gives the channels, which have to be judged again."""
    moved = queries("envelopes").correct_envelopes(connection, gateway_id=gateway_id, boots=list(boots))
    return [row["channel_id"] for row in moved]


def joined(one: Mapping[int, Span], other: Mapping[int, Span]) -> dict[int, Span]:
    """Spans of both."""
    both = dict(one)
    for channel_id, (first, last) in other.items():
        known = both.get(channel_id, (first, last))
        both[channel_id] = min(first, known[0]), max(last, known[1])
    return both


def _over(connection: Connection, new: Mapping[int, Span]) -> list[Row]:
    ids = sorted(new)
    return list(
        queries("envelopes").envelopes_over(
            connection,
            channel_ids=ids,
            firsts=[new[each][0] for each in ids],
            lasts=[new[each][1] for each in ids],
        )
    )
