"""``edge-agent doctor``: everything around the agent that has to be right, each with the command that mends it."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, counted, print_json
from edge_agent.commissioning.checks import Check, CheckState
from edge_agent.commissioning.checks_machine import check_clock, check_disk, check_key, check_ports
from edge_agent.commissioning.checks_proofs import check_proofs
from edge_agent.commissioning.checks_uplink import check_desk, check_journal, check_uplink
from edge_agent.commissioning.console_lists import print_hanging
from edge_agent.commissioning.judged_channels import check_judged
from edge_agent.config.model import GatewayConfig
from edge_agent.errors import ConfigError, EdgeError
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.live_values import ask_live
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.timekeeping.build import build_clock
from edge_agent.timekeeping.clock import SystemClock


def doctor_command(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Check this gateway: configuration, permissions, clock, disk, network, certificate, journal, registration.

    Each check says ok, warn or fail, and what to do. Exit code 1 if one fails. Run it as the agent's user to see what
    the agent may do: sudo -u lotwarden edge-agent doctor
    """
    checks = examine(config)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        _show(checks, Console(highlight=False))
    if any(check.state is CheckState.FAIL for check in checks):
        raise typer.Exit(1)


def examine(path: Path) -> tuple[Check, ...]:
    """All checks, in the order in which things are best mended."""
    checks, config = _check_config(path)
    clock = build_clock(config) if config is not None else SystemClock()
    checks.append(check_clock(clock.now(), is_synced=clock.is_synced()))
    if config is None:
        return tuple(checks)
    live = asyncio.run(ask_live(config.gateway.data_dir))
    checks += check_disk(config.gateway.data_dir, config.journal.bytes_max, config.journal.reserve_bytes)
    checks += check_key(config.gateway.data_dir)
    checks += check_ports(config)
    checks += check_proofs(config)
    checks.append(_check_agent(live is not None))
    checks += check_judged(config, live)
    uplink = asyncio.run(check_uplink(config.uplink, clock.now()))
    checks += uplink
    checks += check_journal(
        config, clock.now(), is_reachable=all(check.state is not CheckState.FAIL for check in uplink)
    )
    checks += check_desk(config)
    return tuple(checks)


def _check_config(path: Path) -> tuple[list[Check], GatewayConfig | None]:
    try:
        config = load_config(path)
        plan_sources(config, SystemClock())
    except ConfigError as error:
        edit = f"sudoedit {path} && edge-agent check-config --config {path}"
        return [Check("configuration", CheckState.FAIL, fault, edit) for fault in error.faults], None
    except EdgeError as error:
        return [Check("configuration", CheckState.FAIL, str(error), f"edge-agent check-config --config {path}")], None
    return [Check("configuration", CheckState.OK, f"{path} is good: {counted(config)}")], config


def _check_agent(is_running: bool) -> Check:
    if is_running:
        return Check("agent", CheckState.OK, "runs")
    return Check(
        "agent", CheckState.WARN, "does not run on this data directory", "sudo systemctl enable --now edge-agent"
    )


def _show(checks: tuple[Check, ...], console: Console) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        print_hanging(console, f"{_MARKS[check.state]}  {check.name:<{width}}  ", check.says, _COLOURS[check.state])
        if check.fix:
            # Whole, even if the terminal breaks it: it is there to be copied.
            console.print(f"      {'':<{width}}  -> {check.fix}", markup=False, soft_wrap=True)
    counts = {state: sum(check.state is state for check in checks) for state in CheckState}
    console.print(
        f"\n{counts[CheckState.OK]} OK, {_counted(counts[CheckState.WARN], 'warning')}, "
        f"{_counted(counts[CheckState.FAIL], 'failure')}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


_MARKS = {CheckState.OK: " ok ", CheckState.WARN: "warn", CheckState.FAIL: "FAIL"}
_COLOURS = {CheckState.OK: "green", CheckState.WARN: "yellow", CheckState.FAIL: "bold red"}
