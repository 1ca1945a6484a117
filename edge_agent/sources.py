"""Everything that a configuration asks the gateway to listen to."""

from edge_agent.clock import Clock
from edge_agent.config import GatewayConfig
from edge_agent.dock.build import build_docks
from edge_agent.drivers.base import Source
from edge_agent.drivers.build import build_buses


def build_sources(config: GatewayConfig, clock: Clock) -> tuple[Source, ...]:
    """Every bus and scanner of the configuration. Nothing is opened yet. Raises ``ConfigError``."""
    return (*build_buses(config, clock), *build_docks(config, clock))
