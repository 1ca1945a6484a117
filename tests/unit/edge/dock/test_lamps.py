"""Lamps follow alarms and scans."""

from datetime import UTC, datetime

from gpiozero.pins.mock import MockFactory

from edge_agent.config.dock_sections import OutputSection
from edge_agent.dock.effects import Feedback, Tone
from edge_agent.dock.lamps import Lamps
from edge_agent.domain.wire.records import Notice, NoticeKind
from edge_agent.drivers.gpio import Outputs
from edge_agent.timekeeping.clock import ManualClock, stamp


def test_the_lamp_is_on_until_the_last_alarm_is_cleared() -> None:
    outputs = Outputs((OutputSection(name="red", pin="GPIO17", shows="alarm"),), MockFactory())
    lamps, clock = Lamps(outputs), ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
    seen = []
    for kind, subject in [
        (NoticeKind.ALARM, "a/t"),
        (NoticeKind.DEVICE_LOST, "b"),
        (NoticeKind.ALARM, "b/t"),
        (NoticeKind.ALARM_CLEARED, "a/t"),
        (NoticeKind.ALARM_CLEARED, "a/t"),
        (NoticeKind.ALARM_CLEARED, "b/t"),
    ]:
        lamps.follow(Notice(stamp(clock), kind, subject, ""))
        seen.append(outputs.is_alarm)
    assert seen == [True, True, True, True, True, False]


async def test_a_refused_scan_lights_the_bad_lamp_and_a_prompt_none() -> None:
    pins = MockFactory()
    sections = [OutputSection(name=s, pin=p, shows=s, pulse_s=5) for s, p in (("good", "GPIO5"), ("bad", "GPIO6"))]  # type: ignore[arg-type]
    outputs = Outputs(sections, pins)
    lamps = Lamps(outputs)
    await lamps.give(Feedback(Tone.PROMPT, "scan a place"))
    assert [len(pins.pin(p).states) for p in ("GPIO5", "GPIO6")] == [1, 1]
    await lamps.give(Feedback(Tone.BAD, "no such place"))
    outputs.close()
    assert [len(pins.pin(p).states) > 1 for p in ("GPIO5", "GPIO6")] == [False, True]


def test_a_lamp_says_that_the_ledger_is_unreachable_once_its_minutes_are_over() -> None:
    pins = MockFactory()
    sections = [
        OutputSection(name="amber", pin="GPIO5", shows="unreachable", after_minutes=2),
        OutputSection(name="siren", pin="GPIO6", shows="unreachable", after_minutes=60, active_high=False),
        OutputSection(name="red", pin="GPIO7", shows="alarm"),
    ]
    lamps = Lamps(Outputs(sections, pins))
    seen = []
    for for_s in (0.0, 119.0, 120.0, 3600.0, 0.0):
        lamps.ledger_unreachable(for_s)
        seen.append([int(pins.pin(pin).state) for pin in ("GPIO5", "GPIO6", "GPIO7")])
    assert seen == [[0, 1, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 1, 0]]
