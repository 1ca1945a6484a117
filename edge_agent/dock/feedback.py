"""How a dock answers its operator."""

import logging
from dataclasses import dataclass
from typing import Protocol

from edge_agent.dock.effects import Feedback, Tone
from edge_agent.drivers.scanners.scanner import Scanner


class Answer(Protocol):
    """Something that an operator hears or sees: a beeper, a display, a line in a terminal."""

    async def give(self, feedback: Feedback) -> None:
        """Tell the operator; must neither raise nor wait long."""
        ...


@dataclass(frozen=True, slots=True)
class BeepBytes:
    """What makes the scanner sound, per tone. Many scanners take ACK and NAK; others have bytes of their own."""

    good: bytes = b"\x06"
    bad: bytes = b"\x15"
    warn: bytes = b"\x06\x06"
    prompt: bytes = b""

    def of(self, tone: Tone) -> bytes:
        """The bytes for ``tone``."""
        return {Tone.GOOD: self.good, Tone.BAD: self.bad, Tone.WARN: self.warn, Tone.PROMPT: self.prompt}[tone]


class Beeper:
    """Sounds the scanner itself, over the line it scans on."""

    def __init__(self, scanner: Scanner, beeps: BeepBytes | None = None) -> None:
        self._scanner = scanner
        self._beeps = beeps or BeepBytes()

    async def give(self, feedback: Feedback) -> None:
        """Write the tone's bytes to the scanner."""
        await self._scanner.write(self._beeps.of(feedback.tone))


class LogLines:
    """Says it in the log, so that ``edge-agent run`` in a terminal shows what an operator would see."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(f"{__name__}.{name}")
        self._name = name

    async def give(self, feedback: Feedback) -> None:
        """One line, warning level for what went wrong."""
        level = logging.WARNING if feedback.tone in (Tone.BAD, Tone.WARN) else logging.INFO
        self._log.log(level, "%s: %s", self._name, feedback.text)
