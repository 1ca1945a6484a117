"""The exchange with a particle counter: is it counting, what is new in its queue, and each record read once.

The time of a reading is that of the sample: now, less the sample's age by the counter's own clock. A record counts as
done (and is remembered over a restart, or taken from the counter's queue) some seconds after it was emitted, when the
journal has it for sure; after a crash in between it is read again, and its ``sample_ended_unix_s`` tells.
"""

import json
import logging
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import cast

from edge_agent.config.model import CounterSection
from edge_agent.domain.wire.records import Quality, Stamp
from edge_agent.drivers.modbus.pdu import Request, Write
from edge_agent.drivers.modbus.poll_exchange import BusFinding, SharedLine
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.drivers.particles.counter_decode import (
    CounterSample,
    device_faults,
    holds,
    invalid,
    judged,
    number,
    requests_for,
    sample_of,
)
from edge_agent.drivers.particles.profile_counter import Cell, Command, CounterProfile
from edge_agent.timekeeping.clock import Clock, stamp

RECORDS_PER_POLL = 10
"""A counter that has kept samples for hours gives them in portions, so that its neighbours get their turn."""
UNSETTLED_MAX = 1000

_log = logging.getLogger(__name__)


class CounterMemory:
    """Which sample was the last to be kept, over restarts: one small file per counter."""

    def __init__(self, path: Path) -> None:
        """``path`` need not exist yet."""
        self._path = path

    def load(self) -> int | None:
        """When the last sample ended, in the counter's own seconds since 1970; None if there was none."""
        try:
            ended = json.loads(self._path.read_text(encoding="utf-8"))["ended_unix_s"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s cannot be read (%s): the newest sample is taken as the first", self._path, error)
            return None
        return int(ended)

    def save(self, ended_unix_s: int) -> None:
        """Remember, at once and for good. Raises ``OSError``."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"ended_unix_s": ended_unix_s}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


class CounterExchange:
    """One counter, as a ``PollExchange``."""

    def __init__(
        self,
        profile: Profile,
        counter: CounterProfile,
        variant: Variant,
        settings: CounterSection,
        memory: CounterMemory,
        clock: Clock,
        settle_s: float,
    ) -> None:
        """``counter`` is that of ``profile``; ``settle_s`` is when an emitted record is surely in the journal."""
        self._counter = counter
        self._order = variant.word_order or profile.link.word_order
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._settle_s = settle_s
        self._device_requests = requests_for(profile, self._counter.device_cells())
        self._record_requests = requests_for(profile, self._counter.record_cells())
        self._last_unix_s = memory.load()
        self._next_index = -1
        self._unsettled: deque[tuple[float, int]] = deque(maxlen=UNSETTLED_MAX)
        self._news_s = clock.mono_s()
        self._due: date | None = None

    async def __call__(self, line: SharedLine) -> Sequence[BusFinding]:
        """New samples, oldest first, and whatever is wrong with the counter."""
        self._settle()
        contents = await _read(line, self._device_requests)
        now = stamp(self._clock)
        faults = device_faults(self._counter, contents, self._order)
        if faults:
            return (BusFinding(now, invalid("; ".join(faults))),)
        self._note_calibration(contents, now)
        found = []
        if not holds(self._counter.running, contents, self._order):
            found.append(BusFinding(now, invalid(await self._standing_still(line))))
        clock_unix_s = int(number(self._counter.clock, contents, self._order))
        for sample in await self._new_samples(line, contents):
            found.append(self._found(sample, clock_unix_s, now))
        stale_s = self._settings.stale_s or 3 * self._settings.sample_s + 60
        if not found and self._clock.mono_s() - self._news_s > stale_s:
            detail = f"no new sample for {self._clock.mono_s() - self._news_s:.0f} s"
            found.append(BusFinding(now, invalid(detail, Quality.STALE)))
        return found

    async def start(self, line: SharedLine) -> None:
        """Let it count. A counter without a command for that is left alone."""
        await self._command(line, self._counter.start)

    async def stop(self, line: SharedLine) -> None:
        """Let it stand still; the sample at hand is lost."""
        await self._command(line, self._counter.stop)

    async def _command(self, line: SharedLine, command: Command | None) -> None:
        if command is not None:
            await line.write(Write(command.function, command.address, (command.value,)))

    async def _standing_still(self, line: SharedLine) -> str:
        if not self._settings.keep_running or self._counter.start is None:
            return "is not counting: start it, or write keep_running = true in its [device.counter]"
        await self.start(line)
        return "was not counting, and has been started"

    async def _new_samples(self, line: SharedLine, contents: dict[tuple[int, int], int]) -> list[CounterSample]:
        match self._counter.queue:
            case "latest":
                sample = await self._sample(line)
                return [] if sample.ended_unix_s == self._last_unix_s else [sample]
            case "popped":
                return await self._from_head(line, contents)
            case "indexed":
                return await self._from_index(line, contents)

    async def _from_head(self, line: SharedLine, contents: dict[tuple[int, int], int]) -> list[CounterSample]:
        """The oldest record; the one before it is taken from the queue first, once it is surely in the journal."""
        available = cast(Cell, self._counter.available)
        if not number(available, contents, self._order):
            return []  # the registers are zero now, and mean nothing
        sample = await self._sample(line)
        if sample.ended_unix_s != self._last_unix_s or not self._last_unix_s:
            return [sample]
        if self._unsettled:
            return []
        await self._command(line, self._counter.pop)
        if not number(available, await _read(line, (Request(available.function, available.address, 1),)), self._order):
            return []
        sample = await self._sample(line)
        return [] if sample.ended_unix_s == self._last_unix_s else [sample]

    async def _from_index(self, line: SharedLine, contents: dict[tuple[int, int], int]) -> list[CounterSample]:
        """Records after the last one, found by their times, since a full buffer moves them to other indices."""
        count = int(number(cast(Cell, self._counter.count), contents, self._order))
        if count == 0:
            return []
        newest = await self._sample(line, count - 1)
        if newest.ended_unix_s == self._last_unix_s:
            self._next_index = count
            return []
        if self._last_unix_s is None or newest.ended_unix_s == 0:
            self._next_index = count
            return [newest]
        if newest.ended_unix_s < self._last_unix_s:
            _log.warning("the clock of a particle counter was set back: samples before the newest are left out")
            self._next_index = count
            return [newest]
        first = await self._first_new(line, count)
        samples = []
        for index in range(first, min(first + RECORDS_PER_POLL, count)):
            if line.time_left_s <= 0:
                break
            samples.append(newest if index == count - 1 else await self._sample(line, index))
        self._next_index = first + len(samples)
        return samples

    async def _first_new(self, line: SharedLine, count: int) -> int:
        """The index of the first record after the last one: where we left off, else by bisection over times."""
        last_unix_s = self._last_unix_s or 0
        guess = min(self._next_index, count - 1)
        if guess > 0 and (await self._sample(line, guess - 1)).ended_unix_s == last_unix_s:
            return guess
        low, high = 0, count - 1  # the record at high is new
        while low < high:
            middle = (low + high) // 2
            if (await self._sample(line, middle)).ended_unix_s > last_unix_s:
                high = middle
            else:
                low = middle + 1
        return low

    async def _sample(self, line: SharedLine, index: int | None = None) -> CounterSample:
        if index is not None:
            await line.write(Write(6, cast(int, self._counter.select), (index,)))
        contents = await _read(line, self._record_requests)
        return sample_of(self._counter, contents, self._order, len(self._settings.sizes_um))

    def _found(self, sample: CounterSample, clock_unix_s: int, now: Stamp) -> BusFinding:
        if sample.ended_unix_s:
            self._last_unix_s = sample.ended_unix_s
            self._unsettled.append((self._clock.mono_s(), sample.ended_unix_s))
            self._news_s = self._clock.mono_s()
        decoded = judged(sample, self._settings, clock_unix_s)
        if decoded.invalid:
            return BusFinding(now, decoded)
        if self._due is not None:
            left_d = (self._due - now.at.date()).days
            decoded = replace(decoded, values={**decoded.values, "calibration_left_d": left_d})
        return BusFinding(_earlier(now, max(0, clock_unix_s - sample.ended_unix_s)), decoded)

    def _settle(self) -> None:
        settled = None
        while self._unsettled and self._unsettled[0][0] <= self._clock.mono_s() - self._settle_s:
            _, settled = self._unsettled.popleft()
        if settled is not None:
            self._memory.save(settled)

    def _note_calibration(self, contents: dict[tuple[int, int], int], now: Stamp) -> None:
        if self._counter.calibration_due is None:
            return
        day = int(number(self._counter.calibration_due, contents, self._order))
        due = date.fromordinal(day) if day else None
        if due is not None and due != self._due and due < now.at.date():
            _log.warning("the calibration of a particle counter was due on %s", due)
        self._due = due


async def _read(line: SharedLine, requests: Sequence[Request]) -> dict[tuple[int, int], int]:
    contents: dict[tuple[int, int], int] = {}
    for request in requests:
        registers = await line.read(request)
        contents |= {(request.function, address): word for address, word in registers.items()}
    return contents


def _earlier(now: Stamp, by_s: int) -> Stamp:
    return replace(now, at=now.at - timedelta(seconds=by_s), mono_ms=max(0, now.mono_ms - 1000 * by_s))
