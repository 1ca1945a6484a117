"""What every driver offers to the agent."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from edge_agent.domain.wire.records import Record

Emit = Callable[[Record], Awaitable[None]]
"""Hands a record to the journal; waits while the journal is busy, so that a fast device is held back."""


class Source(Protocol):
    """A bus or scanner: one task that listens for as long as the agent runs."""

    @property
    def name(self) -> str:
        """The name in the configuration."""
        ...

    async def run(self, emit: Emit) -> None:
        """Listen and emit until cancelled. Lost devices are retried inside, with growing pauses; never raises
        for what a device or cable does."""
        ...
