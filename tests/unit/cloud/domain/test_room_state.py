"""What a room's tile says at a glance."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_sync.domain.room_state import RoomState, channel_state, limits_of, worst
from edge_agent.domain.monitoring.excursions import Rule, Severity, Side, SilenceRule
from edge_agent.domain.monitoring.judged import Judged

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WARM = Rule("too-warm", "temp_c", Side.ABOVE, 8.0, on_limit_is_outside=False, delay_s=600)
COLD = Rule("too-cold", "temp_c", Side.BELOW, 2.0, on_limit_is_outside=False, delay_s=0)
SILENT = SilenceRule("silent", "temp_c", 3600, Severity.ACTION, "", "any", 0)


@pytest.mark.parametrize(
    ("value", "age_s", "judged", "state"),
    [
        (5.0, 10, Judged.JUDGED, RoomState.OK),
        (8.0, 10, Judged.JUDGED, RoomState.OK),
        (8.1, 10, Judged.JUDGED, RoomState.OUTSIDE),
        (1.9, 10, Judged.JUDGED, RoomState.OUTSIDE),
        (5.0, 3600, Judged.JUDGED, RoomState.OK),
        (5.0, 3601, Judged.JUDGED, RoomState.LATE),
        (9.0, 3601, Judged.JUDGED, RoomState.LATE),
        (None, 10, Judged.JUDGED, RoomState.LATE),
        (5.0, 10, Judged.NO_RULE, RoomState.NOT_JUDGED),
        (5.0, 10, Judged.NOT_NEEDED, RoomState.OK),
    ],
)
def test_a_channel_is_late_before_it_is_anything_else(
    value: float | None, age_s: float, judged: Judged, state: RoomState
) -> None:
    assert channel_state(value, NOW - timedelta(seconds=age_s), NOW, [WARM, COLD, SILENT], judged) is state


def test_the_narrowest_limits_are_shown_and_without_a_silence_rule_a_quarter_of_an_hour_is_late() -> None:
    narrow = Rule("alert", "temp_c", Side.ABOVE, 7.5, on_limit_is_outside=False, delay_s=0)
    limits = limits_of([WARM, narrow, COLD])
    assert (limits.low, limits.high, limits.late_after_s) == (2.0, 7.5, 900.0)
    assert limits_of([SILENT]).late_after_s == 3600


def test_a_room_is_as_bad_as_its_worst_channel() -> None:
    assert worst([RoomState.OK, RoomState.LATE, RoomState.NOT_JUDGED]) is RoomState.LATE
    assert worst([RoomState.OUTSIDE, RoomState.EXCURSION]) is RoomState.EXCURSION
    assert worst([]) is RoomState.OK
