"""What a particle counter says of itself and of its newest sample, as a person compares it. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from edge_agent.commissioning.assessment_parts import AssessedValue
from edge_agent.config.model import CounterSection
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.profile_parts import WordOrder
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.drivers.particles.counter_decode import (
    AGE_MAX_S,
    CLOCK_SLACK_S,
    Contents,
    holds,
    judged,
    number,
    sample_of,
)
from edge_agent.drivers.particles.profile_counter import Cell, CounterProfile

ORDERS: tuple[WordOrder, ...] = ("low_first", "high_first")
SAMPLE = "newest sample"
"""The row that says whether the record in the registers is a sample as it should be."""


def counter_shown(
    profile: Profile, counter: CounterProfile, variant: Variant, cells: Contents, settings: CounterSection | None
) -> Iterator[AssessedValue]:
    """One row for each thing. Without ``settings`` nobody knows how the counter ought to be set, and less is judged."""
    order = variant.word_order or profile.link.word_order
    show = _Rows(cells, order, variant.address_offset)
    is_counting = holds(counter.running, cells, order)
    will_start = settings is not None and settings.keep_running and counter.start is not None
    says = "" if is_counting or will_start else "it stands still: start it, or let the gateway (--keep-running)"
    yield show.row("counting", counter.running, "yes" if is_counting else "no", says, None if says else True)
    clock_unix_s = int(number(counter.clock, cells, order))
    yield show.row("its clock", counter.clock, _time(clock_unix_s), "" if clock_unix_s else "its clock is not set")
    for check in counter.check:
        if check.of == "device" and not holds(check, cells, order):
            yield show.row("state", check, f"{number(check, cells, order):g}", check.says)
    yield from _sample(counter, show, clock_unix_s, settings)


def _sample(
    counter: CounterProfile, show: "_Rows", clock_unix_s: int, settings: CounterSection | None
) -> Iterator[AssessedValue]:
    cells, order = show.cells, show.order
    channels = len(settings.sizes_um) if settings else min(counter.channels_max, 2)
    sample = sample_of(counter, cells, order, channels)
    is_there = counter.available is None or bool(number(counter.available, cells, order))
    if not is_there or not sample.ended_unix_s:
        yield show.row(SAMPLE, counter.time, "none", "it has no sample: let it take one, and look again")
        return
    fits: bool | None = -CLOCK_SLACK_S <= clock_unix_s - sample.ended_unix_s <= AGE_MAX_S
    says = "" if fits else "its time does not fit the counter's own clock: other registers, or another word order"
    if settings is not None:
        says = judged(sample, settings, clock_unix_s).detail.removeprefix("particles: ")
        fits = not says
    elif sample.faults:
        says, fits = "; ".join(sample.faults), None
    yield show.row(SAMPLE, counter.time, _time(sample.ended_unix_s), says, fits)
    yield show.row("sample time", counter.sample_s, f"{sample.sample_s:g} s", "", True)
    if counter.flow is not None and sample.flow_l_per_min is not None:
        yield show.row("flow", counter.flow, f"{sample.flow_l_per_min:.3g} l/min", "", True)
    names = [f"from {size:g} µm" for size in settings.sizes_um] if settings else [f"channel {n + 1}" for n in range(2)]
    for name, cell, count in zip(names, counter.channels(channels), sample.counts, strict=False):
        yield show.row(name, cell, str(count) if order else show.either(cell), "", True)


class _Rows:
    """Makes rows of cells."""

    def __init__(self, cells: Contents, order: WordOrder | None, offset: int) -> None:
        self.cells = cells
        self.order = order
        self._offset = offset

    def either(self, cell: Cell) -> str:
        """The number in each word order, while nobody knows which is right."""
        return " or ".join(f"{number(cell, self.cells, order):g}" for order in ORDERS)

    def row(self, name: str, cell: Cell, shown: str, says: str = "", fits: bool | None = None) -> AssessedValue:
        raw = tuple(self.cells[cell.function, cell.address + at] for at in range(cell.words))
        return AssessedValue(
            name, cell.address + self._offset, raw, shown, says, True if not says and fits is None else fits
        )


def _time(unix_s: int) -> str:
    if not 0 < unix_s < 1 << 32:
        return "none"
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S}"
