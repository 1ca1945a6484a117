"""A cold room: temperature and humidity as a pure function of a seed, of what was done to the door, and of time.

The thermostat makes the air swing around the set point. An open door, or a stopped compressor, lets it creep towards
the air outside, as a body of air does: fast at first, then slower; closed and running again, it creeps back.
The same room asked for the same time always gives the same air.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

NOISE_STEP_S = 1.0
"""The sensor's noise changes this often."""


class RoomState(StrEnum):
    """What the room's machinery is doing."""

    RUNNING = "running"
    DOOR_OPEN = "door_open"
    COMPRESSOR_OFF = "compressor_off"


@dataclass(frozen=True, slots=True)
class Pull:
    """Where a state pulls the air: a share of the way to the air outside, with a time constant."""

    share: float
    tau_s: float


PULLS = {
    RoomState.RUNNING: Pull(share=0.0, tau_s=300.0),
    RoomState.DOOR_OPEN: Pull(share=0.8, tau_s=600.0),
    RoomState.COMPRESSOR_OFF: Pull(share=1.0, tau_s=7200.0),
}
"""A walk-in cold room, roughly: beyond 8 °C about two minutes after the door is left open."""


@dataclass(frozen=True, slots=True)
class Air:
    """What a sensor in the room would show."""

    temp_c: float
    rh_pct: float


@dataclass(frozen=True, slots=True)
class Switch:
    """From ``at_s`` on, the room is in ``state``."""

    at_s: float
    state: RoomState


@dataclass(frozen=True, slots=True)
class ColdRoom:
    """A room and all that was done to it. Times are seconds since the start of the simulation."""

    seed: int = 1
    set_point_c: float = 5.0
    set_point_rh_pct: float = 55.0
    outside_c: float = 24.0
    outside_rh_pct: float = 70.0
    swing_c: float = 0.6
    cycle_s: float = 900.0
    noise_c: float = 0.03
    switches: tuple[Switch, ...] = ()

    def switched(self, at_s: float, state: RoomState) -> "ColdRoom":
        """The same room, in ``state`` from ``at_s`` on. Switches may be given in any order."""
        return replace(self, switches=tuple(sorted((*self.switches, Switch(at_s, state)), key=lambda s: s.at_s)))

    def state_at(self, at_s: float) -> RoomState:
        """What the machinery does at ``at_s``."""
        return next((s.state for s in reversed(self.switches) if s.at_s <= at_s), RoomState.RUNNING)

    def air_at(self, at_s: float) -> Air:
        """Temperature in °C and relative humidity in percent at ``at_s``."""
        warmth = self._warmth(at_s)
        swing = math.sin(math.tau * (at_s / self.cycle_s + self._phase())) * (1 - warmth)
        noise = random.Random(f"{self.seed}:{math.floor(at_s / NOISE_STEP_S)}")  # noqa: S311 - a simulation
        temp_c = self.set_point_c + (self.outside_c - self.set_point_c) * warmth + self.swing_c * swing
        rh_pct = self.set_point_rh_pct + (self.outside_rh_pct - self.set_point_rh_pct) * warmth - 3 * swing
        return Air(
            temp_c=round(temp_c + noise.gauss(0, self.noise_c), 3),
            rh_pct=round(min(100.0, max(0.0, rh_pct + noise.gauss(0, 10 * self.noise_c))), 3),
        )

    def _warmth(self, at_s: float) -> float:
        """How far the air has moved from the set point (0) to the air outside (1)."""
        warmth, since_s, state = 0.0, 0.0, RoomState.RUNNING
        for switch in (*self.switches, Switch(at_s, RoomState.RUNNING)):
            until_s = min(switch.at_s, at_s)
            pull = PULLS[state]
            warmth = pull.share + (warmth - pull.share) * math.exp(-max(0.0, until_s - since_s) / pull.tau_s)
            since_s, state = until_s, switch.state
        return warmth

    def _phase(self) -> float:
        return random.Random(self.seed).random()  # noqa: S311 - a simulation


class LiveRoom:
    """A room that goes with a clock, ``scale`` times as fast, and is switched by command."""

    def __init__(self, room: ColdRoom, clock_s: Callable[[], float], scale: float = 1.0) -> None:
        """``clock_s`` gives seconds, e.g. ``time.monotonic``; the room's time starts at 0 now."""
        self.room = room
        self.scale = scale
        self._clock_s = clock_s
        self._start_s = clock_s()

    def elapsed_s(self) -> float:
        """The room's own time."""
        return (self._clock_s() - self._start_s) * self.scale

    def air(self) -> Air:
        """The air now."""
        return self.room.air_at(self.elapsed_s())

    def values(self) -> dict[str, float]:
        """The air now, by metric, as a simulated sensor wants it."""
        air = self.air()
        return {"temp_c": air.temp_c, "rh_pct": air.rh_pct}

    def open_door(self) -> None:
        """The door is left open, from now on."""
        self._switch(RoomState.DOOR_OPEN)

    def close_door(self) -> None:
        """The door is closed and the compressor runs, from now on."""
        self._switch(RoomState.RUNNING)

    def compressor_off(self) -> None:
        """The compressor stops, from now on."""
        self._switch(RoomState.COMPRESSOR_OFF)

    def compressor_on(self) -> None:
        """The compressor runs and the door is closed, from now on."""
        self._switch(RoomState.RUNNING)

    def _switch(self, state: RoomState) -> None:
        self.room = self.room.switched(self.elapsed_s(), state)
