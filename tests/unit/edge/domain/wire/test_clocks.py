"""What a sequence of samples says of a gateway's clock, and what offset its records are to be read with."""

import pytest

from edge_agent.domain.wire.clocks import Cause, ClockSample, observe, start
from edge_agent.domain.wire.ids import BootId

BOOT, STEP_MS = BootId("b"), 500


def sample(offset_ms: int, *, synced: bool, boot: BootId = BOOT) -> ClockSample:
    return ClockSample(10_000 + offset_ms, 10_000, boot, synced=synced)


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ((0, False), (0, True), Cause.SYNCED), ((0, False), (60_000, True), Cause.SYNCED),
        ((0, True), (0, False), Cause.UNSYNCED), ((0, True), (499, False), Cause.UNSYNCED),
        ((0, True), (500, True), Cause.STEP), ((0, True), (-500, True), Cause.STEP),
        ((0, False), (500, False), Cause.STEP), ((0, True), (500, False), Cause.STEP),
        ((0, True), (499, True), None), ((0, True), (-499, True), None), ((0, False), (499, False), None),
    ],
)  # fmt: skip
def test_each_change_has_its_cause(before: tuple[int, bool], after: tuple[int, bool], cause: Cause | None) -> None:
    track = start(sample(before[0], synced=before[1]))
    _, change = observe(track, sample(after[0], synced=after[1]), step_ms=STEP_MS)
    assert (change.cause if change else None) is cause


def test_another_boot_begins_again_whatever_its_clock_says() -> None:
    track = start(sample(0, synced=True))
    track, change = observe(track, sample(10**9, synced=False, boot=BootId("c")), step_ms=STEP_MS)
    assert change is None and track.base_ms == 10**9


def test_the_offset_of_a_boot_counts_from_its_first_sample_through_steps_before_it_was_synchronised() -> None:
    track = start(sample(0, synced=False))
    track, _ = observe(track, sample(5_000, synced=False), step_ms=STEP_MS)
    track, change = observe(track, sample(65_000, synced=True), step_ms=STEP_MS)
    assert change is not None and (change.cause, change.offset_ms) == (Cause.SYNCED, 65_000)
    _, change = observe(track, sample(66_000, synced=True), step_ms=STEP_MS)
    assert change is not None and change.offset_ms == 1_000
