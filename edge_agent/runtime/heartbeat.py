"""Signs of life: who has to give one how often, and who is late. Restarting helps against a task that hangs; it does
not help against a full disk or a dead sensor, so those are told elsewhere and do not count as a lack of progress."""

from dataclasses import dataclass

from edge_agent.timekeeping.clock import Clock


@dataclass(slots=True)
class _Expected:
    within_s: float
    last_mono_s: float


class Progress:
    """What must go on for the agent to be called alive."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[str, _Expected] = {}

    def expect(self, name: str, within_s: float) -> None:
        """From now on ``name`` has to give a sign at least every ``within_s``."""
        self._expected[name] = _Expected(within_s, self._clock.mono_s())

    def sign(self, name: str) -> None:
        """``name`` goes on."""
        if name in self._expected:
            self._expected[name].last_mono_s = self._clock.mono_s()

    def forget(self, name: str) -> None:
        """Nothing more is expected of ``name``."""
        self._expected.pop(name, None)

    def late(self) -> tuple[str, ...]:
        """Who has not given a sign for too long, in words; empty when all is well."""
        now_s = self._clock.mono_s()
        return tuple(
            f"{name}: no progress for {now_s - expected.last_mono_s:.0f} s"
            for name, expected in self._expected.items()
            if now_s - expected.last_mono_s > expected.within_s
        )
