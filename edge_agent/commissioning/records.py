"""What goes into the commissioning report: one line for each look at a device of the configuration."""

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.identification import Report
from edge_agent.config.dock_sections import ScannerSection
from edge_agent.dock.scanner_proof import settings_fingerprint
from edge_agent.drivers.proof_records import ProofRecord, append_record, now_text
from edge_agent.timekeeping.clock import SystemClock

if TYPE_CHECKING:
    from edge_agent.commissioning.scanner_probe import ScanReport


def who(by: str | None) -> str:
    """Who does this: as said, else who is logged in (behind sudo, if need be)."""
    if by is not None and by.strip():
        return by.strip()[:120]
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def record_wired(what: str, device: str, report: Report, data_dir: Path, by: str | None, reason: str = "") -> None:
    """A look at a wired device. ``what`` is the command; ``reason`` why it was added without proof."""
    target, judgement = report.target, report.judgement
    verdict = "silent" if report.is_silent else judgement.sense.name.lower()
    part = f", input {target.input}" if target.input is not None else ""
    reasons = (*judgement.reasons, *([f"added without proof: {reason}"] if reason else []))
    record(
        data_dir,
        what=what,
        by=by,
        device=device,
        where=f"unit {target.unit}{part} at {report.endpoint}",
        model=f"{target.profile.title} ({target.profile.name})",
        verdict="proven" if judgement.sense is Sense.PROVEN else verdict,
        reasons=reasons,
        saw={one.name: one.shown for one in judgement.proofs},
        values={one.name: one.shown for one in judgement.values},
        profile=target.fingerprint,
    )


def record_scanner(what: str, section: ScannerSection, report: "ScanReport", data_dir: Path, by: str | None) -> None:
    """A look at a scanner."""
    record(
        data_dir,
        what=what,
        by=by,
        device=section.name,
        where=section.port,
        model=f"scanner ({section.kind})",
        verdict="proven" if report.is_good else report.verdict.value,
        reasons=report.reasons,
        saw=dict(report.says),
        profile=settings_fingerprint(section),
    )


def record(
    data_dir: Path,
    *,
    what: str,
    by: str | None,
    device: str,
    where: str,
    model: str,
    verdict: str,
    reasons: tuple[str, ...] = (),
    saw: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    profile: str = "",
) -> None:
    """Write one line; a data directory that cannot be written is told, and is no reason to fail."""
    now = SystemClock().now()
    line = ProofRecord(
        now_text(now),
        who(by),
        what,
        device,
        where,
        model,
        verdict,
        reasons,
        dict(saw or {}),
        dict(values or {}),
        profile,
    )
    fault = append_record(data_dir, line)
    if fault:
        print(f"not in the commissioning report: {fault}; run it as the agent's user, or with sudo", file=sys.stderr)
