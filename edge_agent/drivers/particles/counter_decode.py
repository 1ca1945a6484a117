"""From a particle counter's registers to samples, and what a sample is worth. No I/O here.

A sample is good only if it has a time, its own status invalidates nothing, it took as long as the counter is set to,
flow and volume (where the counter tells them) fit the type plate, and no size has more particles than a smaller one.
All else is a fault: in a clean room, "zero particles" from a counter that did not count is the worst reading there is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from edge_agent.config.model import CounterSection
from edge_agent.domain.monitoring.cleanroom import LITRES_PER_CUBIC_FOOT, differential, per_m3
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.profile_parts import WordOrder
from edge_agent.drivers.modbus.register_decode import Decoded, InvalidValue, joined, number_of
from edge_agent.drivers.particles.profile_counter import Cell, CounterAmount, CounterProfile, Running, SelfCheck

Contents = Mapping[tuple[int, int], int]
"""Register contents by function code and address."""

CLOCK_SLACK_S = 60
"""So far may a sample's time be ahead of the counter's clock, which is read a moment earlier."""
AGE_MAX_S = 10 * 366 * 86400
FLOW_TOLERANCE = 0.1
"""Share of the nominal flow by which flow and volume may differ; counters must hold theirs within 5 % (ISO 21501-4)."""
_LITRES = {"cfm": LITRES_PER_CUBIC_FOOT, "ft3": LITRES_PER_CUBIC_FOOT, "l_per_min": 1.0, "l": 1.0}


@dataclass(frozen=True, slots=True)
class CounterSample:
    """One record of a counter. ``ended_unix_s`` is 0 when it has no time; ``faults`` is what its status says."""

    ended_unix_s: int
    sample_s: float
    counts: tuple[int, ...]
    flow_l_per_min: float | None = None
    volume_l: float | None = None
    faults: tuple[str, ...] = ()
    amount_steps_l: tuple[float, float] = (0.0, 0.0)
    """The smallest steps in which flow and volume are told."""


def requests_for(profile: Profile, cells: Iterable[Cell]) -> tuple[Request, ...]:
    """The fewest requests that read ``cells``; a record whose cells lie together comes in one piece."""
    spans = sorted({(cell.function, cell.address, cell.address + cell.words) for cell in cells})
    merged: list[Request] = []
    for function, start, end in spans:
        if merged and merged[-1].function == function:
            last = merged[-1]
            stop = max(last.address + last.count, end)
            is_near = start <= last.address + last.count + profile.link.gap_max
            if is_near and stop - last.address <= profile.link.registers_max:
                merged[-1] = Request(function, last.address, stop - last.address)
                continue
        merged.append(Request(function, start, end - start))
    return tuple(merged)


def number(cell: Cell, contents: Contents, order: WordOrder | None) -> float:
    """The value of a cell; seconds since 1970 for times, days since year 1 for dates, 0 for times that are none."""
    words = [contents[cell.function, cell.address + at] for at in range(cell.words)]
    match cell.type:
        case "packed_time":
            return _unix_of(words)
        case "packed_duration":
            return words[0] * 3600 + (words[1] >> 8) * 60 + (words[1] & 0xFF)
        case "packed_date":
            return _day_of(words)
        case "float32":
            return number_of("float32", joined(words, order)) * cell.scale
        case "coil" | "uint16" | "uint32" | "unix":
            return joined(words, order) * cell.scale


def holds(check: SelfCheck | Running, contents: Contents, order: WordOrder | None) -> bool:
    """Whether a register shows what it has to."""
    return int(number(check, contents, order)) & check.mask == check.equals & check.mask


def device_faults(counter: CounterProfile, contents: Contents, order: WordOrder | None) -> tuple[str, ...]:
    """Why nothing that the counter says can be trusted at the moment."""
    return tuple(check.says for check in counter.check if check.of == "device" and not holds(check, contents, order))


def sample_of(counter: CounterProfile, contents: Contents, order: WordOrder | None, channels: int) -> CounterSample:
    """The record in the registers."""
    return CounterSample(
        ended_unix_s=int(number(counter.time, contents, order)),
        sample_s=round(number(counter.sample_s, contents, order), 3),
        counts=tuple(int(number(cell, contents, order)) for cell in counter.channels(channels)),
        flow_l_per_min=_litres(counter.flow, contents, order),
        volume_l=_litres(counter.volume, contents, order),
        faults=tuple(c.says for c in counter.check if c.of == "record" and not holds(c, contents, order)),
        amount_steps_l=(_step_l(counter.flow), _step_l(counter.volume)),
    )


def judged(sample: CounterSample, settings: CounterSection, clock_unix_s: int) -> Decoded:
    """The sample's values, or why it has none. ``clock_unix_s`` is the counter's own clock.

    Per size, cumulative as the counter counts: particles per m³ and the raw count; the differential count of its band
    (at least this size, smaller than the next); and the litres that they were counted in, so that any number of samples
    can be summed up to 1 m³.
    """
    faults = tuple(_faults(sample, settings, clock_unix_s))
    if faults:
        return invalid("; ".join(faults))
    litres = settings.flow_l_per_min * sample.sample_s / 60
    values: dict[str, float] = {}
    counts = dict(zip(settings.sizes_um, sample.counts, strict=True))
    bands = differential(counts)
    for size_um, count in counts.items():
        values[f"particles_{size_name(size_um)}_per_m3"] = round(per_m3(count, litres), 3)
        values[f"particles_{size_name(size_um)}_count"] = count
        values[f"particles_{size_name(size_um)}_band_count"] = bands[size_um]
    values["sampled_l"] = round(litres, 4)
    values["sample_ended_unix_s"] = sample.ended_unix_s
    return Decoded(values)


def invalid(detail: str, quality: Quality = Quality.FAULT) -> Decoded:
    """No values, and why."""
    return Decoded({}, (InvalidValue("particles", quality, detail),))


def size_name(size_um: float) -> str:
    """A size as it stands in the name of a metric.

    >>> size_name(0.5), size_name(5.0)
    ('0_5_um', '5_um')
    """
    return f"{size_um:g}".replace(".", "_") + "_um"


def _faults(sample: CounterSample, settings: CounterSection, clock_unix_s: int) -> Iterable[str]:
    if sample.ended_unix_s == 0:
        yield "the record has no time (an empty queue returns zeros)"
        return
    age_s = clock_unix_s - sample.ended_unix_s
    if not -CLOCK_SLACK_S <= age_s <= AGE_MAX_S:
        ended = datetime.fromtimestamp(sample.ended_unix_s, UTC)
        yield f"the record's time {ended:%Y-%m-%d %H:%M:%S} does not fit the counter's own clock"
    yield from sample.faults
    if sample.sample_s != settings.sample_s:
        yield f"the sample took {sample.sample_s:g} s instead of {settings.sample_s} s"
    flow_step, volume_step = sample.amount_steps_l
    if not _is_near(sample.flow_l_per_min, settings.flow_l_per_min, flow_step):
        yield f"the flow was {sample.flow_l_per_min:.3g} l/min instead of {settings.flow_l_per_min:g}"
    litres = settings.flow_l_per_min * settings.sample_s / 60
    if not _is_near(sample.volume_l, litres, volume_step):
        yield f"the volume was {sample.volume_l:.3g} l instead of {litres:.3g}"
    try:
        differential(dict(zip(settings.sizes_um, sample.counts, strict=True)))
    except ValueError as error:
        yield f"counts are not cumulative: {error}"


def _is_near(told: float | None, nominal: float, step: float) -> bool:
    return told is None or abs(told - nominal) <= FLOW_TOLERANCE * nominal + step / 2


def _litres(amount: CounterAmount | None, contents: Contents, order: WordOrder | None) -> float | None:
    return None if amount is None else number(amount, contents, order) * _LITRES[amount.unit]


def _step_l(amount: CounterAmount | None) -> float:
    return 0.0 if amount is None or amount.type == "float32" else amount.scale * _LITRES[amount.unit]


def _unix_of(words: list[int]) -> int:
    year, hour = words[0], words[2]
    month, day, minute, second = words[1] >> 8, words[1] & 0xFF, words[3] >> 8, words[3] & 0xFF
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return 0
    return int(at.timestamp())


def _day_of(words: list[int]) -> int:
    try:
        return date(words[0], words[1] >> 8, words[1] & 0xFF).toordinal()
    except ValueError:
        return 0
