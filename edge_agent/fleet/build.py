"""The parts of the fleet's side of an agent, put together."""

from pathlib import Path

from edge_agent.config.model import GatewayConfig
from edge_agent.fleet.config_file import FOLDER, ConfigFile
from edge_agent.fleet.config_trial import ConfigTrial
from edge_agent.fleet.health import HealthFigures
from edge_agent.fleet.link import FleetLink, Hands
from edge_agent.fleet.releases import Releases
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.timekeeping.clock import Clock, SystemClock
from edge_agent.uplink.desk_client import DeskClient


def config_trial(path: Path, fleet_dir: Path) -> ConfigTrial:
    """The configuration at ``path``, where a candidate is checked as ``edge-agent check-config`` does."""
    return ConfigTrial(path, fleet_dir, lambda candidate: plan_sources(load_config(candidate), SystemClock()))


def settle_config(path: Path) -> None:
    """Before the configuration is read at a start: whether it is on trial, and whether it goes out again. A file that
    says nothing of where the data is, or cannot be read, is left as it is: the start tells what is wrong with it."""
    try:
        fleet_dir = ConfigFile.read(path).fleet_dir
        if fleet_dir is not None and fleet_dir.is_dir():
            config_trial(path, fleet_dir).settle_at_start()
    except (OSError, ValueError):
        return


def go_back_at_start(path: Path, why: str) -> bool:
    """The configuration cannot be started with: if it is on trial, the one before comes back. Whether it did."""
    try:
        fleet_dir = ConfigFile.read(path).fleet_dir
        return fleet_dir is not None and config_trial(path, fleet_dir).go_back(why)
    except (OSError, ValueError):
        return False


def fleet_link(config: GatewayConfig, path: Path, client: DeskClient, clock: Clock, hands: Hands) -> FleetLink:
    """The link of a running agent."""
    fleet_dir = config.gateway.data_dir / FOLDER
    health = HealthFigures(fleet_dir, clock, hands.receipt_s)
    return FleetLink(
        config, client, clock, config_trial(path, fleet_dir), Releases(config.gateway.data_dir), health, hands
    )
