"""``edge-agent``: run the gateway, check its configuration, bring devices into service."""

import asyncio
import logging
import random
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.agent import Reload, TaskDied, run
from edge_agent.clock import SystemClock
from edge_agent.clock_build import build_clock
from edge_agent.commands import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.config import GatewayConfig
from edge_agent.config_load import load_config
from edge_agent.dock.floor import Floor
from edge_agent.dock.lamps import Lamps
from edge_agent.drivers.gpio import Outputs
from edge_agent.logs import set_up_logging
from edge_agent.memory import share_arenas
from edge_agent.sources import Plan, plan_sources
from edge_agent.uplink.identity import Identity

EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: systemd does not start the agent again until a person has been there."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lotwarden's gateway: reads, keeps, forwards.",
)


@app.command("run")
def run_command(
    config: ConfigOption = DEFAULT_CONFIG,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step.")] = False,
) -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    share_arenas()
    set_up_logging(debug=debug)
    with errors_told(EXIT_CONFIG):
        loaded = load_config(config)
        try:
            asyncio.run(_run(loaded, config))
        except TaskDied:
            logging.getLogger("edge_agent").critical("the agent has a bug and stops", exc_info=True)
            raise typer.Exit(1) from None


@app.command("check-config")
def check_config(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check a configuration: names every fault at once, with its line and what to write instead."""
    with errors_told(1):
        loaded = load_config(config)
        plan_sources(loaded, SystemClock())
    counts = ((len(loaded.bus), "bus", "buses"), (len(loaded.device), "device", "devices"),
              (len(loaded.scanner), "scanner", "scanners"),
              (len(loaded.particle_sensor), "particle sensor", "particle sensors"),
              (len(loaded.contact), "door contact", "door contacts"),
              (len(loaded.output), "output", "outputs"))  # fmt: skip
    print(
        "config is good: "
        + ", ".join(
            f"{count} {one if count == 1 else many}"
            for count, one, many in counts
            if count or many in ("buses", "devices", "scanners")
        )
    )


@app.command("identity")
def identity_command(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show who this gateway is; makes its key pair on the first call."""
    with errors_told(1):
        loaded = load_config(config)
        public_key = Identity.load_or_make(loaded.gateway.data_dir).public_key
    if as_json:
        print_json({"gateway": loaded.gateway.name, "public_key": public_key})
        return
    print(f"gateway     {loaded.gateway.name}")
    print(f"public key  {public_key}")
    print(f"\nRegister it at the ledger:\n  cloud-sync gateway add {loaded.gateway.name} --public-key {public_key}")
    print("or, with a code from cloud-sync gateway invite, from here:\n  edge-agent enroll --code CODE")


def main() -> None:
    """The command ``edge-agent``."""
    if sys.argv[1:2] != ["run"]:
        _offer_the_rest()
    app()


def _offer_the_rest() -> None:
    """The commands for people. The agent, which runs for years on a small computer, does not pay for their tables."""
    from edge_agent.bench.add import add_command
    from edge_agent.bench.doctor import doctor_command
    from edge_agent.bench.monitor import monitor_command
    from edge_agent.bench.probe import probe_command
    from edge_agent.bench.scan import scan_command
    from edge_agent.bench.sheet import sheet_command
    from edge_agent.buffer.commands import buffer
    from edge_agent.examples import example_command, init_command
    from edge_agent.uplink.commands import enroll_command

    app.command("init")(init_command)
    app.command("example")(example_command)
    app.command("enroll")(enroll_command)
    app.add_typer(buffer, name="buffer")
    for name, command in (
        ("scan", scan_command),
        ("probe", probe_command),
        ("add", add_command),
        ("monitor", monitor_command),
        ("doctor", doctor_command),
        ("sheet", sheet_command),
    ):
        app.command(name, rich_help_panel="The bench: bring devices into service")(command)


async def _run(config: GatewayConfig, path: Path) -> None:
    stop, reload_wanted = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
    clock = build_clock(config)
    Identity.load_or_make(config.gateway.data_dir)  # makes the directory, or says why it cannot
    outputs = Outputs(config.output) if config.output else None
    floor = Floor(config, clock, Lamps(outputs) if outputs is not None else None)

    def plans_anew() -> tuple[Plan, ...]:
        changed = load_config(path)
        _tell_what_needs_a_restart(config, changed)
        return plan_sources(changed, clock, floor)

    try:
        await run(
            config,
            clock,
            plan_sources(config, clock, floor),
            stop=stop,
            random=random.SystemRandom().random,
            floor=floor,
            reload=Reload(reload_wanted, plans_anew),
        )
    finally:
        if outputs is not None:
            outputs.close()


def _tell_what_needs_a_restart(old: GatewayConfig, new: GatewayConfig) -> None:
    needing = [
        name
        for name in ("gateway", "uplink", "journal", "clock", "calendar", "desk", "page", "output")
        if getattr(old, name) != getattr(new, name)
    ]
    if needing:
        sections = ", ".join(f"[{name}]" for name in needing)
        logging.getLogger("edge_agent").warning("%s changed: this counts from the next start on", sections)


if __name__ == "__main__":
    main()
