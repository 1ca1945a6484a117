"""From registers to values, without any I/O: what to ask for, and what an answer is worth.

A value is good, or it is disowned with a quality and a reason: by a status register (``fault``, or ``stale`` where
the register tells that values are old), NaN or infinity, a sentinel (``fault``), or because no such sensor can measure
it (``range``). A disowned value is never passed on.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.profile import Metric, Profile, Proof, Status
from edge_agent.drivers.modbus.profile_parts import WordOrder

Registers = Mapping[int, int]
"""Register contents (0 to 0xFFFF) by the address that the profile gives."""

DECIMALS = 6
"""Values are rounded to this: finer than any sensor, and free of binary noise such as 0.30000000000000004."""

GRAVEST_FIRST = (Quality.FAULT, Quality.RANGE, Quality.STALE)
"""What the quality of several disowned metrics is: the gravest."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How one delivered unit differs from its profile: what is added to addresses, word order, and °F for °C."""

    address_offset: int = 0
    word_order: WordOrder | None = None
    fahrenheit: bool = False


AS_IN_PROFILE = Variant()
"""A unit that is just like its profile."""


@dataclass(frozen=True, slots=True)
class Disowned:
    """A metric without a good value, and why."""

    metric: str
    quality: Quality
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one poll of a device brought: good values by metric, and the metrics that are disowned."""

    values: dict[str, float] = field(default_factory=dict)
    disowned: tuple[Disowned, ...] = ()

    @property
    def quality(self) -> Quality:
        """``GOOD`` if nothing is disowned, else the gravest quality: a fault before a range before staleness."""
        qualities = {disowned.quality for disowned in self.disowned}
        return next((quality for quality in GRAVEST_FIRST if quality in qualities), Quality.GOOD)

    @property
    def detail(self) -> str:
        """Why metrics are disowned, in words; empty if none is."""
        return "; ".join(f"{disowned.metric}: {disowned.detail}" for disowned in self.disowned)


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What a proof register shows. ``holds`` is None when only a person can tell (compare with ``wanted``)."""

    name: str
    shown: str
    wanted: str
    holds: bool | None


def plan_requests(profile: Profile) -> tuple[Request, ...]:
    """The fewest requests that read all metrics and status registers of ``profile`` within its limits.

    No value is ever split over two requests, since its halves would come from different instants.
    """
    link = profile.link
    parts: tuple[Metric | Status, ...] = (*profile.metric, *profile.status)
    spans = sorted((part.address, part.address + part.words) for part in parts)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged:
            first, last = merged[-1][0], max(merged[-1][1], end)
            if start <= merged[-1][1] + link.gap_max and last - first <= link.registers_max:
                merged[-1] = (first, last)
                continue
        merged.append((start, end))
    return tuple(Request(link.function, start, end - start) for start, end in merged)


def decode(profile: Profile, registers: Registers, variant: Variant = AS_IN_PROFILE) -> Decoded:
    """The values in ``registers``, which must cover :func:`plan_requests`."""
    order = variant.word_order or profile.link.word_order
    bad = _bad_by_status(profile, registers, order)
    values: dict[str, float] = {}
    disowned: list[Disowned] = []
    for metric in profile.metric:
        outcome = bad.get(metric.name) or _value(metric, registers, order, variant)
        if isinstance(outcome, Disowned):
            disowned.append(outcome)
        else:
            values[metric.name] = outcome
    return Decoded(values, tuple(disowned))


def check_proof(profile: Profile, proof: Proof, registers: Registers, variant: Variant = AS_IN_PROFILE) -> ProofResult:
    """Whether a proof register shows what it must, with both in words for the person at the bench."""
    words = [registers[proof.address + at] for at in range(proof.words)]
    shown = _shown(proof, words, variant.word_order or profile.link.word_order)
    if proof.expect is None:
        return ProofResult(proof.name, _text(shown), proof.label or "", None)
    if isinstance(proof.expect, str) or isinstance(shown, str):
        return ProofResult(proof.name, _text(shown), _text(proof.expect), shown == proof.expect)
    holds = math.isclose(shown, proof.expect, rel_tol=1e-6)
    return ProofResult(proof.name, _text(shown), _text(proof.expect), holds)


def _bad_by_status(profile: Profile, registers: Registers, order: WordOrder | None) -> dict[str, Disowned]:
    bad: dict[str, Disowned] = {}
    for status in sorted(profile.status, key=lambda status: status.quality != "fault"):  # wrong goes before old
        raw = _raw(status, registers, order)
        if _is_good(status, raw):
            continue
        for metric in status.disowns or tuple(metric.name for metric in profile.metric):
            bad.setdefault(metric, Disowned(metric, Quality(status.quality), f"status {status.name!r} is {raw:#x}"))
    return bad


def _is_good(status: Status, raw: int) -> bool:
    if status.good_equals is not None:
        return raw == status.good_equals
    return raw & (status.bad_bits or 0) == 0


def _value(metric: Metric, registers: Registers, order: WordOrder | None, variant: Variant) -> float | Disowned:
    raw = _raw(metric, registers, order)
    if raw in metric.sentinels:
        return Disowned(metric.name, Quality.FAULT, f"the device has no value (it sends {raw:#x})")
    value = number_of(metric.type, raw) * metric.scale
    if not math.isfinite(value):
        return Disowned(metric.name, Quality.FAULT, f"the device has no value (it sends {raw:#x}, which is {value})")
    if variant.fahrenheit and metric.name.endswith("_c"):
        value = (value - 32) / 1.8
    value = round(value, DECIMALS) + 0.0  # the sum makes -0.0 a 0.0
    if not metric.min <= value <= metric.max:
        detail = f"{value:.6g} is beyond what the sensor can measure ({metric.min:g} to {metric.max:g})"
        return Disowned(metric.name, Quality.RANGE, detail)
    return value


def _raw(part: Metric | Status, registers: Registers, order: WordOrder | None) -> int:
    """The register contents as one unsigned number."""
    words = [registers[part.address + at] for at in range(part.words)]
    return joined(words, order)


def joined(words: Sequence[int], order: WordOrder | None) -> int:
    """One or two registers as one unsigned number; without ``order``, the low word comes first."""
    if len(words) == 1:
        return words[0]
    high, low = words if order == "high_first" else reversed(words)
    return high << 16 | low


_FORMATS = {"int16": (">H", ">h"), "int32": (">I", ">i"), "float32": (">I", ">f")}


def number_of(value_type: str, raw: int) -> float:
    """The number that the bits of ``raw`` are in ``value_type``."""
    if value_type not in _FORMATS:
        return raw
    unsigned, wanted = _FORMATS[value_type]
    return float(struct.unpack(wanted, struct.pack(unsigned, raw))[0])


def _shown(proof: Proof, words: list[int], order: WordOrder | None) -> float | str:
    if proof.type == "text":
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.rstrip(b"\0 ").decode("ascii", errors="backslashreplace")
    if proof.type in ("hex16", "bcd32"):  # binary coded decimals read as their hex digits do; the high word is first
        return "".join(f"{word:04x}" for word in words)
    return number_of(proof.type, joined(words, order))


def _text(shown: float | str) -> str:
    return shown if isinstance(shown, str) else f"{shown:.8g}"
