"""Lamps, buzzers and door contacts on gpiozero's mock pins."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.config.dock_sections import ContactSection, OutputSection
from edge_agent.domain.wire.records import Quality, Reading
from edge_agent.drivers.gpio import Door, Outputs
from edge_agent.errors import ConfigError
from edge_agent.timekeeping.clock import SystemClock
from tests.support.running_bus import Heard


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


def outputs(pins: MockFactory) -> Outputs:
    return Outputs(
        (
            OutputSection(name="red", pin="GPIO17", shows="alarm"),
            OutputSection(name="green", pin="GPIO18", shows="calm"),
            OutputSection(name="relay", pin="GPIO27", shows="alarm", active_high=False),
            OutputSection(name="good", pin="GPIO22", shows="good", pulse_s=0.02),
            OutputSection(name="buzzer", pin="GPIO23", shows="bad", pulse_s=0.02),
        ),
        pins,
    )


def states(pins: MockFactory, *numbers: int) -> list[int]:
    return [int(pins.pin(f"GPIO{number}").state) for number in numbers]


def test_a_stack_light_is_green_until_there_is_an_alarm(pins: MockFactory) -> None:
    lamps = outputs(pins)
    assert states(pins, 17, 18, 27) == [0, 1, 1] and not lamps.is_alarm
    lamps.alarm(True)
    assert states(pins, 17, 18, 27) == [1, 0, 0] and lamps.is_alarm
    lamps.alarm(False)
    assert states(pins, 17, 18, 27) == [0, 1, 1]


@pytest.mark.parametrize(("what", "number"), [("good", 22), ("bad", 23)])
def test_a_scan_is_shown_for_a_moment_and_no_other_lamp_changes(pins: MockFactory, what: str, number: int) -> None:
    lamps = outputs(pins)
    pins.pin(f"GPIO{number}").clear_states()
    getattr(lamps, what)()
    deadline_s = time.monotonic() + 5
    while len(pins.pin(f"GPIO{number}").states) < 3 and time.monotonic() < deadline_s:
        time.sleep(0.005)  # a thread of gpiozero's switches it
    assert [int(change.state) for change in pins.pin(f"GPIO{number}").states] == [0, 1, 0]
    assert states(pins, 17, 18) == [0, 1]


def test_closing_switches_everything_off_and_may_be_repeated(pins: MockFactory) -> None:
    lamps = outputs(pins)
    lamps.alarm(True)
    lamps.close()
    lamps.close()
    lamps.alarm(True)
    lamps.good()
    assert pins.pin("GPIO17").function == "input"


def test_a_pin_that_is_taken_twice_says_what_to_look_at(pins: MockFactory) -> None:
    twice = [OutputSection(name=name, pin="GPIO17", shows="alarm") for name in ("red", "buzzer")]
    with pytest.raises(ConfigError, match=r"output buzzer: pin: GPIO17 cannot be had .*is the pin free"):
        Outputs(twice, pins)
    outputs(pins).close()  # the first one was given back


class Watch(Heard):
    """A door that is being watched, and what it said."""

    def __init__(self, pins: MockFactory, open_when: str = "contact_open", poll_s: float = 60) -> None:
        super().__init__()
        section = ContactSection.model_validate(
            {"name": "room/door", "pin": "GPIO4", "open_when": open_when, "poll_s": poll_s, "bounce_s": 0}
        )
        self.door = Door(section, SystemClock(), factory=pins)

    async def told(self, count: int) -> list[Reading]:
        await self.until(lambda h: len(h.readings("room/door")) >= count)
        return self.readings("room/door")

    async def door_open(self, count: int) -> list[float]:
        return [reading.values["door_open"] for reading in await self.told(count)]


@pytest.mark.parametrize(("open_when", "expected"), [("contact_open", [1, 0, 1]), ("contact_closed", [0, 1, 0])])
async def test_a_door_is_told_at_once_and_at_each_change(
    pins: MockFactory, open_when: str, expected: list[float]
) -> None:
    watch = Watch(pins, open_when)
    task = asyncio.create_task(watch.door.run(watch.emit))
    assert await watch.door_open(1) == expected[:1]
    pins.pin("GPIO4").drive_low()
    await watch.door_open(2)
    pins.pin("GPIO4").drive_high()
    assert await watch.door_open(3) == expected
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_door_that_is_opened_and_closed_at_once_is_told_twice(pins: MockFactory) -> None:
    watch = Watch(pins)
    task = asyncio.create_task(watch.door.run(watch.emit))
    await watch.door_open(1)
    pins.pin("GPIO4").drive_low()
    pins.pin("GPIO4").drive_high()
    assert await watch.door_open(3) == [1, 0, 1]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_door_that_nobody_touches_is_told_at_every_poll(pins: MockFactory) -> None:
    watch = Watch(pins, poll_s=0.1)
    task = asyncio.create_task(watch.door.run(watch.emit))
    assert await watch.door_open(3) == [1, 1, 1]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_pin_that_cannot_be_had_is_a_fault_and_never_a_closed_door(
    pins: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    taken = Outputs((OutputSection(name="red", pin="GPIO4", shows="alarm"),), pins)
    watch = Watch(pins, poll_s=0.1)
    task = asyncio.create_task(watch.door.run(watch.emit))
    assert {(reading.quality, tuple(reading.values)) for reading in await watch.told(2)} == {(Quality.FAULT, ())}
    assert caplog.text.count("cannot be had") == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    taken.close()


def test_a_gateway_without_pins_does_not_load_gpiozero() -> None:
    code = "import sys, edge_agent.drivers.build, edge_agent.drivers.gpio; print('gpiozero' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_no_outputs_need_no_gpiozero() -> None:
    lamps = Outputs(())
    lamps.alarm(True)
    lamps.good()
    assert lamps.is_alarm
