"""The commands of ``edge-agent`` for people: run the gateway, check its configuration, bring devices into service."""

from importlib.metadata import version
from typing import Annotated

import typer

from edge_agent.commands.buffer import buffer
from edge_agent.commands.enrol import enroll_command, trust_command
from edge_agent.commands.examples import example_command, init_command
from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, counted, errors_told, print_json
from edge_agent.commands.upgrade import upgrade_command
from edge_agent.commissioning.add import add_command
from edge_agent.commissioning.code_sheet import sheet_command
from edge_agent.commissioning.doctor import doctor_command
from edge_agent.commissioning.monitor import monitor_command
from edge_agent.commissioning.probe import probe_command
from edge_agent.commissioning.profile_command import profile
from edge_agent.commissioning.report import report_command
from edge_agent.commissioning.scan import scan_command
from edge_agent.process import run_agent
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.uplink.identity import Identity

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lotwarden's gateway: reads, keeps, forwards.",
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"lotwarden {version('lotwarden')}")
        raise typer.Exit


@app.callback()
def edge_agent(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Lotwarden's gateway: reads, keeps, forwards."""


@app.command("run")
def run_command(
    config: ConfigOption = DEFAULT_CONFIG,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step.")] = False,
) -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    run_agent(config, debug=debug)


@app.command("check-config")
def check_config(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check a configuration: names every fault at once, with its line and what to write instead."""
    with errors_told(1):
        loaded = load_config(config)
        plan_sources(loaded, SystemClock())
    print(f"config is good: {counted(loaded)}")


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


app.command("init")(init_command)
app.command("example")(example_command)
app.command("enroll")(enroll_command)
app.command("trust-ledger")(trust_command)
app.command("upgrade")(upgrade_command)
app.add_typer(buffer, name="buffer")
app.add_typer(profile, name="profile", rich_help_panel="The bench: bring devices into service")
for name, command in (
    ("scan", scan_command),
    ("probe", probe_command),
    ("add", add_command),
    ("monitor", monitor_command),
    ("doctor", doctor_command),
    ("sheet", sheet_command),
    ("report", report_command),
):
    app.command(name, rich_help_panel="The bench: bring devices into service")(command)
