"""Envelopes of thinned readings: the ledger keeps the good ones and says what is wrong with the others."""

from datetime import UTC, datetime

from cloud_sync.domain.records import fault_in
from edge_agent.domain.wire.ids import BootId, DeviceName
from edge_agent.domain.wire.records import Envelope, Quality, Spread, Stamp

STAMP = Stamp(datetime(2026, 3, 1, tzinfo=UTC), 1, BootId("b" * 36), True)


def envelope(device: str = "fridge-a", mean: float = 2.0) -> Envelope:
    return Envelope(STAMP, STAMP, DeviceName(device), Quality.GOOD, 60, {"temp_c": Spread(1.0, mean, 3.0)})


def test_a_good_envelope_can_be_kept() -> None:
    assert fault_in(envelope()) is None


def test_an_envelope_without_a_number_or_with_an_endless_name_is_refused_with_the_reason() -> None:
    assert "temp_c" in (fault_in(envelope(mean=float("nan"))) or "")
    assert "device has 201 characters" in (fault_in(envelope(device="x" * 201)) or "")
