"""Waves of a release, and when a gateway is worse off with it."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_sync.domain.roll_outs import PATIENCE, Member, NoWaves, is_worse, planned, verdict, waves_of
from edge_agent.domain.fleet.heartbeats import Health, ReleaseStanding

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FLEET = [Member(f"gw-{number}", "canary" if number < 2 else "") for number in range(20)]
WELL = Health(starts=4, uptime_s=86_400, errors=3, waiting=20, used_bytes=1_000_000, receipt_age_s=2)
RUNS = ReleaseStanding(version="0.2.0")


def test_each_gateway_is_in_one_wave_and_a_share_counts_who_went_before() -> None:
    plan = planned(FLEET, ("canary", "25%", "all"), seed="0.2.0")
    assert [sum(wave == number for wave in plan.values()) for number in (1, 2, 3)] == [2, 3, 15]
    assert {name for name, wave in plan.items() if wave == 1} == {"gw-0", "gw-1"}
    assert plan == planned(reversed(FLEET), ("canary", "25%", "all"), seed="0.2.0"), "the same each time"
    assert plan != planned(FLEET, ("canary", "25%", "all"), seed="0.3.0"), "others go first the next time"
    assert planned(FLEET, ("nobody",), seed="x") == {}


@pytest.mark.parametrize("text", ["", "0%", "101%", "Canary Wave", ",".join(["a"] * 30)])
def test_waves_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(NoWaves):
        waves_of(text)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"starts": 9}, "started 5 times"),
        ({"errors": 40, "uptime_s": 3600}, "40 errors an hour"),
        ({"waiting": 5000}, "5000 records wait"),
        ({"receipt_age_s": 900.0}, "no receipt for 900 s"),
        ({"used_bytes": 90_000_000}, "its journal takes"),
    ],
)
def test_what_makes_a_gateway_worse_off(change: dict[str, float], told: str) -> None:
    assert any(told in fault for fault in is_worse(WELL, WELL.model_copy(update=change)))


def test_an_upgrade_itself_is_no_fault() -> None:
    assert is_worse(WELL, WELL.model_copy(update={"starts": 6, "uptime_s": 600, "errors": 2, "waiting": 200})) == ()


def test_a_gateway_is_good_after_its_soak_and_worse_when_it_goes_back_falls_silent_or_never_comes() -> None:
    def judged(standing: ReleaseStanding, *, reached: float | None, heard: float, at: float) -> tuple[str, ...] | None:
        reached_at = None if reached is None else AT + timedelta(minutes=reached)
        return verdict(
            "0.2.0", standing, WELL, WELL, ordered_at=AT, reached_at=reached_at, heard_at=AT + timedelta(minutes=heard),
            soak=timedelta(minutes=60), at=AT + timedelta(minutes=at),
        )  # fmt: skip

    assert judged(RUNS, reached=None, heard=5, at=5) is None
    assert judged(RUNS, reached=5, heard=30, at=31) is None
    assert judged(RUNS, reached=5, heard=66, at=66) == ()
    assert judged(RUNS, reached=5, heard=20, at=90) == ("nothing was heard of it since 2026-03-01 12:20 UTC",)
    back = ReleaseStanding(version="0.1.0", tried="0.2.0", last="rolled_back", reason="no receipt")
    assert judged(back, reached=None, heard=9, at=9) == ("the release was rolled back: no receipt",)
    late = PATIENCE.total_seconds() / 60 + 1
    assert judged(RUNS, reached=None, heard=late, at=late) == ("not installed within 24 hours",)
