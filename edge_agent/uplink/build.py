"""The ways to the ledger that the configuration asks for."""

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.timekeeping.clock import Clock
from edge_agent.uplink.base import Uplink
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust


def build_uplink(config: GatewayConfig) -> Uplink:
    """HTTPS or MQTT, as ``uplink.kind`` says. Connects to nothing yet. Raises ``ConfigError``."""
    trust = LedgerTrust.load(config.gateway.data_dir)
    # Imported here, so that a small computer loads the library of its own uplink only.
    if config.uplink.kind == "mqtt":
        from edge_agent.uplink.mqtt import MqttUplink

        return MqttUplink(config.uplink, GatewayName(config.gateway.name), trust)
    from edge_agent.uplink.https import HttpsUplink

    return HttpsUplink(config.uplink, trust)


def build_desk_client(config: GatewayConfig, identity: Identity, clock: Clock) -> DeskClient | None:
    """Asks the ledger what a batch cannot; None where the uplink is a broker and no address of the ledger is given."""
    if config.uplink.kind != "https" and config.desk.url is None:
        return None
    return DeskClient(config.uplink, config.gateway.name, identity.sign, clock, url=config.desk.url)
