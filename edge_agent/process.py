"""The agent as a process: configuration, clock, signals. Nothing for people is loaded here: it runs for years."""

import asyncio
import logging
import random
import signal
from pathlib import Path

from edge_agent.agent import Reload, TaskDied, run
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.dock.lamps import Lamps
from edge_agent.drivers.gpio import Outputs
from edge_agent.errors import ConfigError
from edge_agent.fleet.build import go_back_at_start, settle_config
from edge_agent.host.exits import EXIT_CONFIG, errors_told
from edge_agent.host.logging_setup import set_up_logging
from edge_agent.host.malloc import share_arenas
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.source_supervisor import Plan, plan_sources
from edge_agent.timekeeping.build import build_clock
from edge_agent.uplink.identity import Identity


def run_agent(config: Path, *, debug: bool) -> None:
    """Run the gateway until SIGTERM or SIGINT. What ends it otherwise is told, and raises ``SystemExit``."""
    share_arenas()
    set_up_logging(debug=debug)
    with errors_told(EXIT_CONFIG):
        settle_config(config)
        loaded = _loaded(config)
        set_up_logging(debug=debug, log_format=loaded.log.format)
        try:
            asyncio.run(_run(loaded, config))
        except TaskDied:
            logging.getLogger("edge_agent").critical("the agent has a bug and stops", exc_info=True)
            raise SystemExit(1) from None


def _loaded(path: Path) -> GatewayConfig:
    """The configuration; the one before, if one is on trial and cannot be used. Raises ``ConfigError``."""
    try:
        return load_config(path)
    except ConfigError as error:
        if not go_back_at_start(path, "; ".join(error.faults)):
            raise
        return load_config(path)


async def _run(config: GatewayConfig, path: Path) -> None:
    stop, reload_wanted = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
    clock = build_clock(config)
    Identity.load_or_make(config.gateway.data_dir)  # makes the directory, or says why it cannot
    outputs = Outputs(config.output) if config.output else None
    dock_context = DockContext(config, clock, Lamps(outputs) if outputs is not None else None)

    def anew() -> tuple[GatewayConfig, tuple[Plan, ...]]:
        changed = load_config(path)
        plans = plan_sources(changed, clock, dock_context)
        _tell_what_needs_a_restart(config, changed)
        dock_context.follow(changed)
        return changed, plans

    try:
        await run(
            config,
            clock,
            plan_sources(config, clock, dock_context),
            stop=stop,
            random=random.SystemRandom().random,
            dock_context=dock_context,
            reload=Reload(reload_wanted, anew, path),
        )
    finally:
        if outputs is not None:
            outputs.close()


def _tell_what_needs_a_restart(old: GatewayConfig, new: GatewayConfig) -> None:
    needing = [
        name
        for name in ("gateway", "uplink", "journal", "clock", "calendar", "log", "desk", "page", "output")
        if getattr(old, name) != getattr(new, name)
    ]
    if needing:
        sections = ", ".join(f"[{name}]" for name in needing)
        logging.getLogger("edge_agent").warning("%s changed: this counts from the next start on", sections)
