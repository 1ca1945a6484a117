"""What the answers of a device are worth under an assumption about its model, address offset and word order. Pure.

============ =====================================================================================================
sense        when
============ =====================================================================================================
PROVEN       everything fits, and at least one proof register shows what it must: a value of the profile, or what a
             person has read on the device (``seen``). The word order of 32-bit values is settled, too.
PLAUSIBLE    everything fits, but no proof register has been compared with anything yet
ODD          it answers and could be this model, but a value is one that rooms and stores do not have
WRONG        a proof register contradicts, a value cannot be measured by such a sensor, or registers are missing
============ =====================================================================================================
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from edge_agent.commissioning.assessment_parts import AssessedValue, ReadRegisters
from edge_agent.commissioning.counter_assessment import counter_shown
from edge_agent.config.model import CounterSection
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.dead_values import is_usual
from edge_agent.drivers.modbus.profile import Metric, Profile, Proof, Status
from edge_agent.drivers.modbus.profile_parts import WordOrder
from edge_agent.drivers.modbus.register_decode import Decoded, ProofResult, Variant, check_proof, decode


class Sense(IntEnum):
    """How well an assumption fits."""

    WRONG = 0
    ODD = 1
    PLAUSIBLE = 2
    PROVEN = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """An assumption and how well it fits."""

    profile: Profile
    variant: Variant
    sense: Sense
    values: tuple[AssessedValue, ...]
    proofs: tuple[AssessedValue, ...]
    reasons: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Sorts the best last: sense, proofs that hold, proofs that read well, few departures from the profile."""
        departures = (self.variant.address_offset != 0) + (self.variant.word_order is not None)
        holding = sum(proof.fits is True for proof in self.proofs)
        return (self.sense, holding, len(self.proofs), -departures)

    @property
    def says(self) -> str:
        """Model, address offset if there is a choice, and word order if it matters."""
        words = [self.profile.name]
        if self.variant.address_offset or self.profile.link.address_offset_choices:
            words.append(f"address_offset = {self.variant.address_offset}")
        if has_32_bits(self.profile):
            words.append(f'word_order = "{self.variant.word_order or self.profile.link.word_order or "open"}"')
        return ", ".join(words)


def judge(
    profile: Profile,
    variant: Variant,
    heard: ReadRegisters,
    seen: Mapping[str, str] | None = None,
    counter: CounterSection | None = None,
) -> Judgement:
    """How well ``heard`` fits ``profile``. ``seen``: proof register -> what a person reads on the device itself.

    ``counter`` is how a particle counter is set, if it is known.
    """
    proofs = tuple(_proofs(profile, variant, heard, seen or {}))
    decoded = _decoded(profile, variant, heard)
    odd = dict(_odd(profile, heard, decoded)) if decoded else {}
    values = tuple(_values(profile, heard, decoded, variant, odd)) if decoded else ()
    if profile.counter is not None and heard.cells:
        values = tuple(counter_shown(profile, profile.counter, variant, heard.cells, counter))
        odd = {value.name: value.says for value in values if value.fits is None and value.says}
    reasons = [*heard.faults]
    reasons += [f"{shown.name}: {shown.says}" for shown in (*proofs, *values) if shown.fits is False]
    is_wrong = bool(reasons) or (not values and not proofs)
    doubts = tuple(f"{name}: {why}" for name, why in odd.items())
    if is_wrong:
        return Judgement(profile, variant, Sense.WRONG, values, proofs, (*reasons, *doubts))
    if odd:
        return Judgement(profile, variant, Sense.ODD, values, proofs, doubts)
    open_order = _open_order(profile, variant, heard, proofs)
    if open_order or not any(proof.fits for proof in proofs):
        why = open_order or _unproven(profile)
        return Judgement(profile, variant, Sense.PLAUSIBLE, values, proofs, (why,))
    held = ", ".join(f"{proof.name} is {proof.shown}" for proof in proofs if proof.fits)
    return Judgement(profile, variant, Sense.PROVEN, values, proofs, (f"proof: {held}",))


def other_variants(profile: Profile, variant: Variant) -> Iterator[Variant]:
    """What else the same model could be set to: other word order first (it costs no request), then other offsets."""
    orders: tuple[WordOrder | None, ...] = (variant.word_order,)
    if has_32_bits(profile):
        used = variant.word_order or profile.link.word_order
        orders = (variant.word_order, "high_first" if used == "low_first" else "low_first")
    for offset in (variant.address_offset, *(o for o in (0, -1, 1) if o != variant.address_offset)):
        for order in orders:
            other = replace(variant, address_offset=offset, word_order=order)
            if other != variant:
                yield _without_needless_order(profile, other)


def has_32_bits(profile: Profile) -> bool:
    """Whether word order matters to its values."""
    return any(metric.words > 1 for metric in profile.metric) or is_order_open(profile)


def is_order_open(profile: Profile) -> bool:
    """Whether the maker's papers leave the word order to be found out on the unit."""
    return profile.link.word_order_open and profile.link.word_order is None


def hints_on_scale(judgement: Judgement) -> Iterator[str]:
    """What else than registers could explain odd values: a clone with hundredths, a unit ordered in °F."""
    if judgement.sense is Sense.PROVEN:
        return
    shown = [_number(value.shown) for value in judgement.values if value.name.endswith("_c")]
    for temp_c in shown:
        if temp_c is None or is_usual("_c", temp_c):
            continue
        if is_usual("_c", temp_c / 10):
            yield (
                f"a tenth of {temp_c:g} would be {temp_c / 10:g} °C: clones with hundredths exist; if that is the "
                f"temperature there, make a profile of your own with a scale ten times smaller "
                f"({judgement.profile.notes})"
            )
        if is_usual("_c", (temp_c - 32) / 1.8):
            yield (
                f"{temp_c:g} °F would be {(temp_c - 32) / 1.8:.1f} °C: if that is the temperature there, the unit "
                "was ordered in °F: fahrenheit = true"
            )


def _decoded(profile: Profile, variant: Variant, heard: ReadRegisters) -> Decoded | None:
    parts: tuple[Metric | Status, ...] = (*profile.metric, *profile.status)
    needed = [(profile.function_of(part), part.address + at) for part in parts for at in range(part.words)]
    if not profile.metric or any(place not in heard.registers for place in needed):
        return None
    return decode(profile, heard.registers, variant)


def _values(
    profile: Profile, heard: ReadRegisters, decoded: Decoded, variant: Variant, odd: Mapping[str, str]
) -> Iterator[AssessedValue]:
    invalid = {one.metric: one for one in decoded.invalid}
    for metric in profile.metric:
        raw = _words(profile, metric, heard)
        address = metric.address + variant.address_offset
        if metric.name not in invalid:
            doubt = odd.get(metric.name, "")
            yield AssessedValue(
                metric.name, address, raw, f"{decoded.values[metric.name]:g}", doubt, None if doubt else True
            )
            continue
        why = invalid[metric.name]
        shown = why.detail.split(" ")[0] if why.quality is Quality.RANGE else "-"
        # A device without a value is a device that is understood.
        yield AssessedValue(
            metric.name, address, raw, shown, why.detail, None if why.quality is Quality.FAULT else False
        )


def _proofs(
    profile: Profile, variant: Variant, heard: ReadRegisters, seen: Mapping[str, str]
) -> Iterator[AssessedValue]:
    for proof in profile.proof:
        registers = heard.proofs.get(proof.name)
        if registers is None:
            continue
        raw = tuple(registers[proof.address + at] for at in range(proof.words))
        result = check_proof(profile, proof, registers, variant)
        fits, says = _compared(proof, result, seen.get(proof.name))
        yield AssessedValue(proof.name, proof.address + variant.address_offset, raw, result.shown, says, fits)


def _compared(proof: Proof, result: ProofResult, seen: str | None) -> tuple[bool | None, str]:
    if result.holds is not None:
        wrong = f"shows {result.shown}, must be {result.wanted}"
        return result.holds, "matches the expected value" if result.holds else wrong
    fault = _malformed(proof, result.shown)
    if fault:
        return False, f"shows {result.shown!r}, {fault}"
    if seen is None:
        return None, f"compare it with {result.wanted}"
    if _bare(seen) == _bare(result.shown):
        return True, "is what the device has on it"
    return False, f"shows {result.shown}, but the device has {seen} on it"


def _malformed(proof: Proof, shown: str) -> str:
    if proof.type == "text" and not (shown and shown.isascii() and shown.isprintable() and "\\x" not in shown):
        return "which is no text"
    if proof.type == "bcd32" and not shown.isdecimal():
        return "which is no decimal number"
    if proof.type in ("text", "bcd32") and not shown.strip("0 "):
        return "which is nothing but zeros"
    return ""


def _bare(text: str) -> str:
    """Without blanks, case and leading zeros, which plates and registers differ in."""
    return "".join(text.split()).casefold().lstrip("0")


def _odd(profile: Profile, heard: ReadRegisters, decoded: Decoded) -> Iterator[tuple[str, str]]:
    """Metric and what is odd about it."""
    for one in decoded.invalid:
        if one.quality is Quality.FAULT:
            yield one.metric, f"{one.detail}: is the sensor element connected?"
    are_all_zero = not any(any(_words(profile, metric, heard)) for metric in profile.metric)
    for metric in profile.metric:
        value = decoded.values.get(metric.name)
        if value is None:
            continue
        if are_all_zero:
            yield metric.name, "every register is 0: a broken sensor element, or the wrong registers"
        elif not is_usual(metric.name, value):
            yield metric.name, "unusual where lots are kept: compare it with a thermometer beside it"


def _words(profile: Profile, metric: Metric, heard: ReadRegisters) -> tuple[int, ...]:
    function = profile.function_of(metric)
    return tuple(heard.registers[function, metric.address + at] for at in range(metric.words))


def _open_order(profile: Profile, variant: Variant, heard: ReadRegisters, proofs: tuple[AssessedValue, ...]) -> str:
    """Why the word order is not settled; empty if it is, by a proof register or because the other makes no sense."""
    if not has_32_bits(profile):
        return ""
    numbers = {proof.name for proof in profile.proof if proof.words > 1 and proof.type not in ("bcd32", "text")}
    if any(proof.name in numbers and proof.fits for proof in proofs):
        return ""
    if is_order_open(profile):
        return "the maker's papers leave the word order open, and no count has been compared with the display yet"
    used = variant.word_order or profile.link.word_order
    other = replace(variant, word_order="high_first" if used == "low_first" else "low_first")
    decoded = _decoded(profile, other, heard)
    if decoded is None or decoded.invalid:
        return ""
    if list(_odd(profile, heard, decoded)):
        return ""
    return "both word orders give sensible values: read again when they have changed"


def _unproven(profile: Profile) -> str:
    if not profile.proof:
        return f"the model has no proof register: compare the values with a reference ({profile.notes})"
    return "no proof register has been compared with the device yet"


def _without_needless_order(profile: Profile, variant: Variant) -> Variant:
    return replace(variant, word_order=None) if variant.word_order == profile.link.word_order else variant


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
