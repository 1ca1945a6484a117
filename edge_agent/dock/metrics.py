"""The status model as Prometheus metrics. Collected when asked for; nothing is counted twice or kept."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_agent.dock.status_model import MachineStatus, StatusModel


class Metrics(Collector):
    """One registry of its own for one gateway."""

    def __init__(self, status_model: StatusModel, machine: Callable[[], MachineStatus]) -> None:
        self._status_model = status_model
        self._machine = machine
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterator[Metric]:
        """Nothing to say beforehand."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every metric there is."""
        yield _gauge("healthy", "1 while polling and committing make progress and the disk takes records.",
                     0 if self._machine().faults else 1)  # fmt: skip
        yield from self._records()
        yield from self._journal()
        yield from self._way_to_the_ledger()
        yield from self._rooms()
        yield self._alarms()
        yield _gauge(
            "scans_not_booked", "Scans of this gateway in open cases at the ledger.", self._status_model.not_booked()
        )

    def _records(self) -> Iterator[Metric]:
        records = CounterMetricFamily("lotwarden_records", "Records taken since the start.", labels=["kind"])
        for kind, count in self._status_model.records.items():
            records.add_metric([kind], count)
        yield records
        notices = CounterMetricFamily("lotwarden_notices", "Notices taken since the start.", labels=["notice"])
        for kind, count in self._status_model.notices.items():
            notices.add_metric([kind], count)
        yield notices
        answers = CounterMetricFamily("lotwarden_dock_answers", "Answers to operators.", labels=["dock", "tone"])
        for (dock, tone), count in self._status_model.answers().items():
            answers.add_metric([dock, tone], count)
        yield answers
        proven = GaugeMetricFamily(
            "lotwarden_scanner_proven", "1 if the proof card has shown that the dock's scanner can be trusted.",
            labels=["dock"],
        )  # fmt: skip
        for dock, is_proven in self._status_model.scanners().items():
            proven.add_metric([dock], int(is_proven))
        yield proven

    def _journal(self) -> Iterator[Metric]:
        status = self._machine().journal
        if status is None:
            return
        waiting = GaugeMetricFamily(
            "lotwarden_journal_pending_records", "Records that the ledger has not acknowledged.", labels=["lane"]
        )
        for lane in status.lanes:
            waiting.add_metric([lane.lane.value], lane.records)
        yield waiting
        yield _gauge("journal_used_bytes", "What the journal occupies on the disk.", status.used_bytes)
        if status.bytes_max:
            yield _gauge("journal_bytes_max", "What it may occupy.", status.bytes_max)
        yield CounterMetricFamily(
            "lotwarden_journal_written_bytes", "What the disk was given to write since the journal was made: its wear.",
            value=status.written_bytes,
        )  # fmt: skip
        yield _gauge("journal_set_aside", "Batches set aside: a person has to look.", len(status.set_aside))

    def _way_to_the_ledger(self) -> Iterator[Metric]:
        link = self._machine().link
        if link is not None:
            yield _gauge("link_up", "1 if the last exchange with the ledger came to something.", int(link.up))
            yield _gauge("link_state_seconds", "For how long it has been so.", link.for_s)
        age_s = self._status_model.desk_age_s()
        if age_s is not None:
            yield _gauge("desk_age_seconds", "How old the desk is that docks judge by.", age_s)

    def _rooms(self) -> Iterator[Metric]:
        values = GaugeMetricFamily(
            "lotwarden_reading", "The latest good value, in the unit its metric ends in.",
            labels=["device", "metric", "place"],
        )  # fmt: skip
        quality = GaugeMetricFamily("lotwarden_device_good", "1 if the latest reading is good.", labels=["device"])
        for device in self._status_model.devices():
            quality.add_metric([device["device"]], int(device["quality"] == "good"))
            for metric, value in device["metrics"].items():
                values.add_metric([device["device"], metric, device["place"]], value)
        yield values
        yield quality
        unjudged = GaugeMetricFamily(
            "lotwarden_channel_not_judged",
            "1 for each channel that no rule judges.",
            labels=["device", "metric", "why"],
        )
        for name, metric, why in self._status_model.unjudged():
            unjudged.add_metric([name, metric, why], 1)
        yield unjudged
        ages = GaugeMetricFamily(
            "lotwarden_reading_age_seconds", "Since the device's latest good reading.", labels=["device"]
        )
        for name, age_s in self._status_model.ages_s().items():
            ages.add_metric([name], age_s)
        yield ages
        answers = GaugeMetricFamily(
            "lotwarden_device_answer_seconds", "How long the device's latest answer took.", labels=["device"]
        )
        for name, latency_s in self._status_model.latency_s.items():
            answers.add_metric([name], latency_s)
        yield answers

    def _alarms(self) -> Metric:
        family = GaugeMetricFamily(
            "lotwarden_excursion_open", "1 for each local excursion that is open.", labels=["place", "rule"]
        )
        open_now = {(a["place"], a["rule"]) for a in self._status_model.alarms() if a["kind"] == "excursion"}
        for place, rule in sorted(open_now):
            family.add_metric([place, rule], 1)
        return family


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"lotwarden_{name}", what, value=value)
