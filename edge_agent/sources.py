"""Everything that a configuration asks the gateway to listen to."""

from edge_agent.clock import Clock
from edge_agent.config import GatewayConfig
from edge_agent.drivers.base import Source
from edge_agent.drivers.build import build_buses


def build_sources(config: GatewayConfig, clock: Clock) -> tuple[Source, ...]:
    """Every bus and scanner of the configuration. Nothing is opened yet. Raises ``ConfigError``."""
    buses = build_buses(config, clock)
    if not config.scanner:
        return buses
    # Not at the top: a gateway without scanners does not pay for the tables of GS1 (about 17 MB).
    from edge_agent.dock.build import build_docks

    return (*buses, *build_docks(config, clock))
