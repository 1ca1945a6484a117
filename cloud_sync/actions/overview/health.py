"""How the ledger itself is, for monitoring systems (``/v1/metrics``), ``cloud-sync status`` and ``cloud-sync doctor``.

All figures come from the database, so that every process of the ledger gives the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cloud_sync.actions.monitoring.channels import UNJUDGED, count_unjudged
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.leadership import LEAD
from cloud_sync.storage.queries import queries

EVENTS_LOOKED_AT = 5000
CLOCKS_DIFFER_S = 5.0
"""So much between this machine's clock and the database's is a fault."""


@dataclass(frozen=True, slots=True)
class Health:
    """Figures of one moment. ``figures``: columns of ``health.figures``; ``unsealed_s``: how long something has waited
    for its checkpoint; ``silent_s``: by gateway, None if it was never heard; ``cases``: open ones by kind."""

    at: datetime
    figures: Row
    unsealed_s: float
    silent_s: dict[str, float | None]
    cases: dict[str, int]
    unjudged: dict[str, int]

    @property
    def backup_age_s(self) -> float | None:
        """Since the last good backup; None if there is none."""
        last = self.figures["backup_at"]
        return None if last is None else (self.at - last).total_seconds()


def health(database: Database) -> Health:
    """The figures as they are now."""
    unjudged = count_unjudged(database)
    with database.transaction() as connection:
        figures = queries("health").figures(connection, lead=LEAD)
        at: datetime = figures["now"]
        unsealed = None
        if figures["sealed_at"] is not None:
            unsealed = queries("health").oldest_unsealed(
                connection, sealed_at=figures["sealed_at"], rows_max=EVENTS_LOOKED_AT
            )
        first = next(iter(unsealed or []), {"at": None})["at"]
        silent = {
            row["name"]: None if row["last_seen_at"] is None else (at - row["last_seen_at"]).total_seconds()
            for row in queries("health").gateways_heard(connection)
        }
        cases = {row["kind"]: row["open"] for row in queries("health").open_cases(connection)}
    return Health(at, figures, 0.0 if first is None else (at - first).total_seconds(), silent, cases, unjudged)


def health_and_clocks(database: Database) -> tuple[Health, float]:
    """The figures, and by how many seconds this machine's clock and the database's differ at the least."""
    asked_at = datetime.now(UTC)
    found = health(database)
    return found, clocks_differ_s(found.at, asked_at, datetime.now(UTC))


def clocks_differ_s(at: datetime, asked_at: datetime, answered_at: datetime) -> float:
    """How far the database's time lies outside of the time that the question took here: that alone is no difference.

    >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    >>> clocks_differ_s(noon.replace(second=3), asked_at=noon, answered_at=noon.replace(second=9))
    0.0
    >>> clocks_differ_s(noon.replace(second=30), asked_at=noon, answered_at=noon.replace(second=9))
    21.0
    """
    return max((asked_at - at).total_seconds(), (at - answered_at).total_seconds(), 0.0)


def metrics_text(found: Health) -> bytes:
    """The figures in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Figures(found))
    return generate_latest(registry)


_PLAIN = {
    "database_bytes": "Size of the database on its disk, in bytes.",
    "connections": "Connections to the database, of whatever program.",
    "connections_max": "How many the server takes.",
    "longest_transaction_s": "Age of the oldest transaction that is at work, in seconds.",
    "workers": "Processes of ledgers that serve this database.",
    "leaders": "Processes that keep house: exactly one.",
    "excursions_open": "Excursions that have not ended.",
    "holds_open": "Holds that were placed by people and not lifted.",
    "messages_waiting": "Messages of alerts that are not sent yet.",
    "message_late_s": "How long the oldest message is overdue, in seconds.",
    "targets_failing": "Targets of alerts that do not work.",
    "lanes_with_holes": "Lanes of journals of which later records are here than some that are missing.",
    "records_in_order": "Records that were received without a hole before them.",
    "sealed_size": "Rows in the sealed tree.",
}


class _Figures(Collector):
    def __init__(self, found: Health) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        found = self._found
        for name, words in _PLAIN.items():
            yield _gauge(_name_of(name), words, float(found.figures[name] or 0))
        yield _gauge("unsealed_seconds", "How long something committed waits for its checkpoint.", found.unsealed_s)
        yield _labelled("cases_open", "Exception cases that wait for somebody.", "kind", found.cases)
        yield _labelled(
            "gateway_silent_seconds", "Since a gateway was last heard.", "gateway",
            {name: age for name, age in found.silent_s.items() if age is not None},
        )  # fmt: skip
        # Without any backup, since there is something to lose: an alert needs no case of its own for that.
        since = found.figures["backup_at"] or found.figures["first_event_at"] or found.at
        yield _gauge("backup_age_seconds", "Since the last good backup, or the first event.",
                     (found.at - since).total_seconds())  # fmt: skip
        yield _labelled(
            "channels_not_judged", "Channels that no rule judges and nobody said need not be.", "why",
            {why: found.unjudged.get(why, 0) for why in UNJUDGED},
        )  # fmt: skip


def _name_of(figure: str) -> str:
    return f"{figure[:-2]}_seconds" if figure.endswith("_s") else figure


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"lotwarden_ledger_{name}", words, value=value)


def _labelled(name: str, words: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"lotwarden_ledger_{name}", words, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
