"""Which probe of a device measured, and what becomes of the values of the others."""

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import DecodedFrame, refused
from edge_agent.drivers.ble.sources import SourceFilter

BOTH = ("probe-1", "probe-2")


def frame(source: str = "", sources: tuple[str, ...] = (), **values: float) -> DecodedFrame:
    return DecodedFrame(values or {"temp_c": 5.0}, source=source, sources=sources)


def test_a_device_with_one_probe_is_left_as_it_is() -> None:
    plain = frame()
    assert SourceFilter(None).own(plain) is plain


def test_of_probes_that_speak_in_turn_only_the_one_that_is_meant_is_heard() -> None:
    second = SourceFilter("probe-2")
    assert second.own(frame("probe-1", BOTH)) is None
    own = second.own(frame("probe-2", BOTH, temp_c=-18.2))
    assert own is not None and own.values == {"temp_c": -18.2}


def test_a_probe_that_nobody_named_is_the_first_that_measures_and_another_is_a_fault() -> None:
    unnamed = SourceFilter(None)
    first = unnamed.own(frame("external"))
    other = unnamed.own(frame("built-in"))
    assert first is not None and first.quality is Quality.GOOD
    assert other is not None and (other.quality, other.values) == (Quality.FAULT, {})
    assert (unnamed.expected, unnamed.measured_by) == ("external", "built-in")


def test_numbered_values_of_a_probe_are_given_as_if_it_were_alone() -> None:
    both = frame(temp_c=5.0, temp_2_c=25.0, rh_pct=45.0, battery_pct=90.0, door_bool=1.0)
    first, second = SourceFilter("probe-1").own(both), SourceFilter("probe-2").own(both)
    shared = {"battery_pct": 90.0, "door_bool": 1.0}
    assert first is not None and first.values == {"temp_c": 5.0, "rh_pct": 45.0, **shared}
    assert second is not None and second.values == {"temp_c": 25.0, **shared}
    assert SourceFilter("probe-3").own(both) is None


def test_a_frame_that_nobody_vouches_for_says_nothing_about_its_probe() -> None:
    forged = refused("checksum is wrong")
    only = SourceFilter("external")
    assert only.own(forged) is forged and only.measured_by == "external"
