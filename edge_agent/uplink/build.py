"""The uplink that the configuration asks for."""

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.uplink.base import Uplink
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
