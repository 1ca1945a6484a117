"""The clock that the configuration asks for."""

from edge_agent.config.model import GatewayConfig
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.timekeeping.sync import always, file_is_there, kernel_is_synced


def build_clock(config: GatewayConfig) -> SystemClock:
    """The computer's clock, with the source of synchronisation that is configured."""
    path = config.clock.synced_file
    sources = {"kernel": kernel_is_synced, "trusted": always}
    return SystemClock(file_is_there(path) if path else sources[config.clock.source])
