"""Whether a dock's scanner was proven by the proof card with the settings that it has now."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

from edge_agent.config.dock_sections import ScannerSection
from edge_agent.domain.barcodes.proof_card import CardReading, read_card
from edge_agent.domain.barcodes.symbology import Symbol
from edge_agent.drivers.proof_records import ProofRecord, append_record, is_proven_with, now_text, read_records
from edge_agent.timekeeping.clock import Clock

_log = logging.getLogger(__name__)


def settings_fingerprint(section: ScannerSection) -> str:
    """16 hex digits that change with everything that what arrives from a scanner depends on."""
    said = section.model_dump(mode="json", include={"kind", "port", "suffix", "separator", "separator_key", "layout"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def card_record(section: ScannerSection, reading: CardReading, *, at: str, by: str, what: str) -> ProofRecord:
    """The line of the commissioning report for a scan of the proof card."""
    return ProofRecord(
        at=at,
        by=by,
        what=what,
        device=section.name,
        where=section.port,
        model=f"scanner ({section.kind})",
        verdict="proven" if reading.passed else "not proven",
        reasons=reading.faults,
        saw=dict.fromkeys(reading.proven, "as it must be"),
        profile=settings_fingerprint(section),
    )


class ScannerProof:
    """One scanner. What the card shows is written into the commissioning report, and lasts until settings change."""

    def __init__(
        self,
        section: ScannerSection,
        data_dir: Path,
        clock: Clock,
        on_change: Callable[[bool], None] = lambda _is_proven: None,
    ) -> None:
        """``on_change`` hears whether it is proven, when asked to :meth:`announce` and whenever that changes."""
        self._section = section
        self._data_dir = data_dir
        self._clock = clock
        self._on_change = on_change
        self.is_proven = is_proven_with(read_records(data_dir), section.name, settings_fingerprint(section))

    def announce(self) -> None:
        """Tell how it stands; the dock does when it begins."""
        if not self.is_proven:
            _log.warning("%s is not proven: scan the proof card (edge-agent sheet prints it)", self._section.name)
        self._on_change(self.is_proven)

    def read(self, symbol: Symbol) -> CardReading | None:
        """What a scan of the card shows, remembered; None for every other code."""
        needed = self._section.kind == "serial" or self._section.layout is None
        reading = read_card(symbol, separator=self._section.separator, identifier_needed=needed)
        if reading is None:
            return None
        record = card_record(
            self._section, reading, at=now_text(self._clock.now()), by="at the dock", what="proof card"
        )
        fault = append_record(self._data_dir, record)
        if fault:
            _log.warning("%s: not in the commissioning report: %s", self._section.name, fault)
        self.is_proven = reading.passed
        self._on_change(self.is_proven)
        return reading
