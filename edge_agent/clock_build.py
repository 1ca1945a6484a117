"""The clock that the configuration asks for."""

from edge_agent.clock import SystemClock
from edge_agent.clock_sync import always, file_is_there, kernel_is_synced
from edge_agent.config import GatewayConfig


def build_clock(config: GatewayConfig) -> SystemClock:
    """The computer's clock, with the source of synchronisation that is configured."""
    path = config.clock.synced_file
    sources = {"kernel": kernel_is_synced, "trusted": always}
    return SystemClock(file_is_there(path) if path else sources[config.clock.source])
