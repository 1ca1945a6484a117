"""What the desk's policies call outside is never thinned away, however full the disk."""

from pathlib import Path

from edge_agent.agent import start_configured_journal
from edge_agent.buffer.desk_store import DeskStore
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Envelope, Lane, Quality, Reading
from edge_agent.timekeeping.clock import ManualClock, stamp
from edge_agent.uplink.identity import Identity
from tests.support.desk_parts import NOW, SITE, desk_from
from tests.support.journal_parts import all_records, gaps_in

PROBE, STRANGER = DeviceName("fridge-a/probe-1"), DeviceName("attic/probe-1")
POLLS = 6_000


def celsius(number: int) -> float:
    """Around 5 °C, but now and then for eight polls above 8, below 2, or in the hysteresis below 8 (not back yet).

    Of each such spell the least and the greatest would stay in any case, the others only because they are outside.
    """
    spell, step = number % 500 // 100, number % 100
    if step >= 8 or spell > 2:
        return 5.0 + number * 7 % 50 / 100
    return (9.0, 1.0, 7.6)[spell] + (step * 3 % 8) / 100


def test_readings_outside_the_policy_of_their_place_survive_a_full_disk(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    config = GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-test", "data_dir": tmp_path},
            "uplink": {"url": "https://ledger.example"},
        }
    )
    small = config.journal.model_copy(update={"bytes_max": 250_000})  # less than anybody may configure, to be quick
    config = config.model_copy(update={"journal": small})
    identity = Identity.load_or_make(tmp_path)
    DeskStore(tmp_path).keep(desk_from(SITE, clock))
    dock_context = DockContext(config, clock)
    given: list[Reading] = []
    with start_configured_journal(config, identity, clock, dock_context.local_holds.is_outside) as journal:
        for first in range(0, POLLS, 10):
            batch = []
            for number in range(first, first + 10):
                clock.advance(10)
                for device in (PROBE, STRANGER):
                    batch.append(Reading(stamp(clock), device, Quality.GOOD, {"temp_c": celsius(number)}))
            journal.append(Lane.READINGS, batch)
            given += batch
        left = all_records(journal, "readings")
        assert gaps_in(journal) == [], "there was enough to thin"
    kept = {(r.device, r.stamp.at) for r in left if isinstance(r, Reading)}
    outside = [r for r in given if not 2.0 <= r.values["temp_c"] <= 7.5]
    assert any(isinstance(record, Envelope) for record in left)
    assert {(r.device, r.stamp.at) for r in outside if r.device == PROBE} <= kept
    attic = {(r.device, r.stamp.at) for r in outside if r.device == STRANGER}
    assert not attic <= kept, "no policy speaks of the attic"
