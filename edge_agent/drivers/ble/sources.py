"""Which probe of a device measured, and what becomes of the values of the others. Pure."""

from dataclasses import replace

from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import SIDE_LIMITS, DecodedFrame

NUMBERED = ("probe-1", "probe-2", "probe-3", "probe-4")
"""Names of the probes of a format that has several values of one kind in a frame."""


PROBES_OPEN = "this model has several probes under one address"


class SourceFilter:
    """One ``[[device]]``. ``wanted`` is the ``source`` that its configuration names, None if it names none."""

    def __init__(self, wanted: str | None) -> None:
        self.expected = wanted
        self.measured_by: str | None = wanted
        self._is_configured = wanted is not None

    def own(self, frame: DecodedFrame) -> DecodedFrame | None:
        """The frame as far as it is about the wanted probe, None if it is about another one of several."""
        if not frame.authentic:
            return frame
        if frame.sources:
            return self._of_several(frame)
        if frame.source:
            return self._of_one_at_a_time(frame)
        return frame if self.expected is None else _numbered(frame, self.expected)

    def _of_several(self, frame: DecodedFrame) -> DecodedFrame | None:
        if not self._is_configured:
            probes = " or ".join(f'source = "{name}"' for name in frame.sources)
            detail = f"{PROBES_OPEN}: write one [[device]] for each, with {probes}"
            return replace(frame, values={}, quality=Quality.FAULT, detail=detail)
        return frame if frame.source == self.expected else None

    def _of_one_at_a_time(self, frame: DecodedFrame) -> DecodedFrame:
        self.expected = self.expected or frame.source
        self.measured_by = frame.source
        if frame.source == self.expected:
            return frame
        detail = f"measured by the {frame.source} sensor, not by the {self.expected} one: is the probe plugged in?"
        return replace(frame, values={}, quality=Quality.FAULT, detail=detail)


def _numbered(frame: DecodedFrame, probe: str) -> DecodedFrame | None:
    """The values of one probe, as if it were alone; with what is about the whole device."""
    number = probe.rpartition("-")[2]
    own = {_without_number(metric): value for metric, value in frame.values.items() if _number_of(metric) == number}
    shared = {metric: value for metric, value in frame.values.items() if _is_shared(metric)}
    if frame.quality is Quality.GOOD and not own.keys() - shared.keys():
        return None
    return replace(frame, values=shared | own)


def _is_shared(metric: str) -> bool:
    return quantity_of(metric) in SIDE_LIMITS or metric.endswith("_bool")


def _number_of(metric: str) -> str:
    return next((word for word in metric.split("_")[1:] if word.isdigit()), "1")


def _without_number(metric: str) -> str:
    return "_".join(word for word in metric.split("_") if not word.isdigit())
