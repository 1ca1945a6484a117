"""The poll of a sensor: read all its registers, and now and then the proof registers that say what it is."""

from collections.abc import Sequence
from dataclasses import replace

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.poll_exchange import BusFinding, PollExchange, SharedLine
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.proof_watch import ProofWatch
from edge_agent.drivers.modbus.register_decode import Decoded, InvalidValue, Variant, decode, plan_requests
from edge_agent.drivers.modbus.stuck_values import Standstill
from edge_agent.drivers.plausibility import JumpGuard
from edge_agent.timekeeping.clock import Clock, stamp


class RegisterPoll:
    """What is said to one sensor. ``proof`` watches over what it was proven to be, if that can be told by registers."""

    def __init__(
        self,
        profile: Profile,
        variant: Variant,
        clock: Clock,
        stale_after_s: float | None = None,
        proof: ProofWatch | None = None,
    ) -> None:
        self._profile = profile
        self._variant = variant
        self._clock = clock
        self._requests = plan_requests(profile)
        self._standstill = Standstill(stale_after_s)
        self._jumps = JumpGuard()
        self._proof = proof

    async def __call__(self, line: SharedLine) -> Sequence[BusFinding]:
        registers: dict[tuple[int, int], int] = {}
        for request in self._requests:
            registers |= {(request.function, at): word for at, word in (await line.read(request)).items()}
        taken, now_s = stamp(self._clock), self._clock.mono_s()
        decoded = self._standstill.judged(decode(self._profile, registers, self._variant), registers, now_s)
        if self._proof is None:
            return (BusFinding(taken, self._without_jumps(decoded, now_s)),)
        news = await self._proof.look(line, now_s, decoded.values)
        if self._proof.contradiction:
            return (BusFinding(taken, _refused(decoded, self._proof.contradiction), news),)
        return (BusFinding(taken, self._without_jumps(decoded, now_s), news),)

    def _without_jumps(self, decoded: Decoded, now_s: float) -> Decoded:
        """A value that jumps faster than physics does not count before the device was asked again."""
        why = self._jumps.judge(decoded.values, now_s)
        if not why:
            return decoded
        suspect = (InvalidValue(metric, Quality.SUSPECT, why) for metric in decoded.values)
        return Decoded({}, (*decoded.invalid, *suspect))


class WatchedPoll:
    """A poll of another kind (a particle counter's), with the same watch over what the device was proven to be."""

    def __init__(self, inner: PollExchange, proof: ProofWatch, clock: Clock) -> None:
        self._inner = inner
        self._proof = proof
        self._clock = clock

    async def __call__(self, line: SharedLine) -> Sequence[BusFinding]:
        found = list(await self._inner(line))
        news = await self._proof.look(line, self._clock.mono_s(), {})
        if self._proof.contradiction:
            found = [replace(one, decoded=_refused(one.decoded, self._proof.contradiction)) for one in found]
        if news and not found:
            return (BusFinding(stamp(self._clock), Decoded(), news),)
        return (*(replace(one, unproven=news if at == 0 else ()) for at, one in enumerate(found)),)


def _refused(decoded: Decoded, why: str) -> Decoded:
    """Nothing of it counts: these are the registers of something else than the profile says."""
    return Decoded({}, (*decoded.invalid, *(InvalidValue(metric, Quality.FAULT, why) for metric in decoded.values)))
