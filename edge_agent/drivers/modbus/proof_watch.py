"""Proof at run time: what a device was proven to be when it was added is looked at again when it starts, and now and
then. A register map that was edited wrongly, or a unit that was changed for another, shows there first.

=====================================  ==============================================================================
what is seen                           what follows
=====================================  ==============================================================================
a proof register with a known value    its values are faults until the register shows what it must: addresses or word
shows another one                      order are wrong, and numbers that look good are luck
a serial number is another one         told once as a notice, with both: it is another unit, whose calibration nobody
                                       has said; its values count
the register is not answered           nothing: some clones have none. It is asked again later
a value is unusual where lots are      told once as a notice, if the device was never proven: a wrong scale or register
kept                                   looks like that
=====================================  ==============================================================================
"""

from collections.abc import Mapping

from edge_agent.drivers.modbus.dead_values import is_usual
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.poll_exchange import SharedLine
from edge_agent.drivers.modbus.profile import Profile, Proof
from edge_agent.drivers.modbus.register_decode import Variant, check_proof
from edge_agent.errors import BadFrame, DeviceLost, DeviceRefused

LOOK_EVERY_S = 6 * 3600.0
"""How often the proof registers of a device that is well are read."""
LOOK_AGAIN_S = 10.0
"""How soon again when one of them contradicted: until all is well."""
UNANSWERED_S = 1800.0
"""How soon again when one was not answered: silence costs the bus a time-out."""


class ProofWatch:
    """One device. ``saw`` is what its proof registers showed when it was added, by name."""

    def __init__(
        self,
        profile: Profile,
        variant: Variant,
        saw: Mapping[str, str],
        edited: str = "",
        *,
        is_proven: bool = True,
    ) -> None:
        """``edited`` says why the profile is not the one that was proven; '' if it is, or nobody knows. What is not
        ``is_proven`` has its values looked at, too.
        """
        self._profile = profile
        self._variant = variant
        self._saw = dict(saw)
        self._proofs = [one for one in profile.proof if one.expect is not None or (one.name in saw and not one.moves)]
        self._due_s = float("-inf")
        self._doubts_values = not is_proven or bool(edited)
        self._told: set[str] = set()
        self._news = [edited] if edited else []
        self.contradiction = ""
        """Why no value of this device counts at present; '' if they do."""

    async def look(self, line: SharedLine, now_s: float, values: Mapping[str, float]) -> tuple[str, ...]:
        """Read the proof registers if it is time, and say what is new about them and about ``values``, once each."""
        odd = [f"{name} {value:g}" for name, value in values.items() if not is_usual(name, value)]
        if odd and self._doubts_values:
            self._doubts_values = False
            self._news.append(
                f"{', '.join(odd)} is unusual where lots are kept: compare it with a thermometer beside it, then "
                "edge-agent probe"
            )
        if now_s >= self._due_s:
            is_answered = await self._look(line)
            pause_s = LOOK_EVERY_S if is_answered else UNANSWERED_S
            self._due_s = now_s + (LOOK_AGAIN_S if self.contradiction else pause_s)
        news, self._news = tuple(self._news), []
        return news

    async def _look(self, line: SharedLine) -> bool:
        contradictions, is_answered = [], True
        for proof in self._proofs:
            try:
                words = await line.read(Request(self._profile.function_of(proof), proof.address, proof.words))
            except (DeviceRefused, DeviceLost, BadFrame):
                is_answered = False
                continue
            result = check_proof(self._profile, proof, words, self._variant)
            if result.holds is False:
                contradictions.append(f"{proof.name} shows {result.shown}, must be {result.wanted}")
            else:
                self._compare(proof, result.shown)
        if is_answered or contradictions:
            self.contradiction = "; ".join(contradictions)
        if self.contradiction:
            self.contradiction += ": check the profile, address_offset and word_order, then edge-agent probe"
            self._tell_once(self.contradiction)
        else:
            self._told = {text for text in self._told if "was proven" in text}
        return is_answered

    def _compare(self, proof: Proof, shown: str) -> None:
        saw = self._saw.get(proof.name, shown)
        if shown != saw:
            self._tell_once(
                f"its {proof.name} is {shown}, but it was proven as {saw}: it is another unit; check its calibration, "
                "and add it again"
            )

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._news.append(text)
