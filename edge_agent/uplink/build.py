"""The uplink that the configuration asks for."""

from edge_agent.config import GatewayConfig
from edge_agent.domain.ids import GatewayName
from edge_agent.uplink.base import Uplink
from edge_agent.uplink.https import HttpsUplink
from edge_agent.uplink.mqtt import MqttUplink


def build_uplink(config: GatewayConfig) -> Uplink:
    """HTTPS or MQTT, as ``uplink.kind`` says. Connects to nothing yet. Raises ``ConfigError``."""
    if config.uplink.kind == "mqtt":
        return MqttUplink(config.uplink, GatewayName(config.gateway.name))
    return HttpsUplink(config.uplink)
